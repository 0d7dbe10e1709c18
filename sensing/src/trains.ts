import { maxSealMs } from '@hours/protocol'
import type { Piece } from './pieces.ts'
import { isRegular, sum } from './rhythm.ts'

/** Peaks in close order, with what is next to them. */
interface Train {
  readonly from: number
  readonly to: number
  /** Whether a long peak comes right before, and right after. */
  readonly afterRun: boolean
  readonly beforeRun: boolean
  /** Number of the stretch of peaks, long and short, that it belongs to. */
  readonly block: number
  readonly peaks: number
  readonly highMs: number
}

/** All trains of a recording; lengths in ms. */
export interface Trains {
  readonly trains: readonly Train[]
  readonly peaks: readonly number[]
  readonly pauses: readonly number[]
  /** Up to here a pause is one between two peaks, and not rest. */
  readonly longestPause: number
  /** Up to here a peak is short. */
  readonly longestPeak: number
}

/** A peak shorter than this is no run by itself; in a regular rhythm, as of a thermostat, it may be five times as long. */
const quickMs = 60_000
const slowMs = 300_000
/** A pause can be held over up to here. */
const longestHeldMs = Math.round(maxSealMs / 1.3)
/** Fewer peaks in close order are no train; of a slow rhythm, which people could keep too, more must be seen. */
const leastPeaks = { quick: 3, slow: 6 }

/** A stretch on one side of the cut. Off and low are one here: a dip may go down to nothing. */
interface Stretch {
  readonly high: boolean
  readonly from: number
  readonly to: number
}

export const lengthOf = (part: { readonly from: number; readonly to: number }): number => part.to - part.from

/** Trains of short peaks, or of longer ones in a regular rhythm; undefined where there are hardly any. */
export function trainsOf(pieces: readonly Piece[]): Trains | undefined {
  const sides = merged(pieces)
  const quick = pausesBetween(sides, quickMs)
  const slow = pausesBetween(sides, slowMs)
  const longest = longestOf(slow)
  const peaks = sides.filter((side) => side.high && lengthOf(side) <= slowMs).map(lengthOf)
  const rhythm = isRegular(peaks) && isRegular(slow.filter((ms) => ms <= longest))
  const found =
    rhythm && slow.length >= Math.max(8, 2 * quick.length)
      ? collect(sides, slowMs, longest, leastPeaks.slow)
      : collect(sides, quickMs, longestOf(quick), leastPeaks.quick)
  return found.pauses.length >= 5 ? found : undefined
}

function merged(pieces: readonly Piece[]): Stretch[] {
  const sides: { high: boolean; from: number; to: number }[] = []
  for (const { side, from, to } of pieces) {
    const last = sides.at(-1)
    const high = side === 'high'
    if (last?.to === from && last.high === high) last.to = to
    else sides.push({ high, from, to })
  }
  return sides
}

/** Pauses between two peaks of at most `peakMs` each, as far as a hold can reach; ascending. */
function pausesBetween(sides: readonly Stretch[], peakMs: number): number[] {
  const short = (side: Stretch | undefined) => side?.high === true && lengthOf(side) <= peakMs
  const pauses = sides.filter(
    (_, i) => isPause(sides, i, longestHeldMs) && short(sides[i - 1]) && short(sides[i + 1]),
  )
  return pauses.map(lengthOf).sort((a, b) => a - b)
}

function isPause(sides: readonly Stretch[], i: number, longest: number): boolean {
  const side = sides[i]
  if (!side || side.high || lengthOf(side) > longest) return false
  return sides[i - 1]?.to === side.from && sides[i + 1]?.from === side.to
}

/**
 * The longest pause within a train. Above most of them, what follows a gap of 2.5 times is rest where it is five minutes;
 * where the pauses are dips of one length, rest of any lengths may be a minute.
 */
function longestOf(pauses: readonly number[]): number {
  const rest = pauses.findIndex((ms, i) => {
    if (i < Math.max(4, pauses.length >> 1) || ms < 2.5 * (pauses[i - 1] ?? 0)) return false
    return ms >= 300_000 || (ms >= 60_000 && isRegular(pauses.slice(0, i)) && !isAgain(pauses.slice(i)))
  })
  return pauses.at(rest === -1 ? -1 : rest - 1) ?? 0
}

/** Longer pauses that come again and again are a part of the programme. */
const isAgain = (pauses: readonly number[]): boolean => pauses.length >= 6 && isRegular(pauses)

function collect(
  sides: readonly Stretch[],
  longestPeak: number,
  longestPause: number,
  least: number,
): Trains {
  const found = { trains: [] as Train[], peaks: [] as number[], pauses: [] as number[] }
  const short = (side: Stretch | undefined) => side?.high === true && lengthOf(side) <= longestPeak
  let block = 0
  for (let i = 0; i < sides.length; i++) {
    if (sides[i]?.high && !isPause(sides, i - 1, longestPause)) block += 1
    if (!short(sides[i])) continue
    const first = i
    while (isPause(sides, i + 1, longestPause) && short(sides[i + 2])) i += 2
    const inside = sides.slice(first, i + 1)
    const peaks = inside.filter((side) => side.high).map(lengthOf)
    if (peaks.length < least) continue
    for (const side of inside) (side.high ? found.peaks : found.pauses).push(lengthOf(side))
    found.trains.push({
      from: sides[first]?.from ?? 0,
      to: sides[i]?.to ?? 0,
      afterRun: isPause(sides, first - 1, longestPause),
      beforeRun: isPause(sides, i + 1, longestPause),
      block,
      peaks: peaks.length,
      highMs: sum(peaks),
    })
  }
  return { ...found, longestPause, longestPeak }
}
