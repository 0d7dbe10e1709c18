import type { MeterPace } from './meter-pace.ts'
import { lowStretches, type Piece } from './pieces.ts'
import { quantile } from './power-series.ts'
import { isRegular, sum } from './rhythm.ts'

/** Pulses of a machine that waits, and the recording without them. */
export interface Pulses {
  /** Lengths, ms. */
  readonly peaks: readonly number[]
  /** What hardly any rest beside a pulse is shorter than, ms. */
  readonly pauseMs: number
  /** The pieces, pulses counted among what is below the cut. */
  readonly rest: readonly Piece[]
}

/** A pulse is shorter than this, and rests for as long at least on either side. */
const longestMs = 60_000
const leastPulses = 8

/**
 * The heater of a machine that waits: peaks of under a minute and of one length, each far from the next and from every
 * run, at even distances, in all of the time below the cut. Undefined where there are none.
 */
export function pulsesOf(pieces: readonly Piece[], pace: MeterPace): Pulses | undefined {
  const alone = pieces.flatMap((_, i) => (isAlone(pieces, i) ? [i] : []))
  const of = (i: number) => pieces[i] ?? { side: 'off', from: 0, to: 0 }
  const peaks = alone.map((i) => of(i).to - of(i).from)
  const short = pieces.filter(({ side, from, to }) => side === 'high' && to - from <= longestMs)
  if (peaks.length < Math.max(leastPulses, 0.7 * short.length)) return undefined
  if (!isRegular(peaks, 0.3, pace.resolutionMs)) return undefined
  // Between two neighbours nothing but rest.
  const distances = alone.slice(1).flatMap((i, n) => {
    const before = alone[n] ?? i
    for (let k = before + 1; k < i; k++) if (of(k).side !== 'low' || of(k).from !== of(k - 1).to) return []
    return [of(i).from - of(before).from]
  })
  const period = quantile(distances, 0.25) ?? 0
  if (distances.length < leastPulses / 2 || !isEven(distances, period, pace.resolutionMs)) return undefined
  const low = lowStretches(pieces)
  if (sum(low.filter((ms) => ms > 3.5 * period)) > 0.1 * sum(low)) return undefined
  const told = new Set(alone)
  const beside = alone.flatMap((i) => [of(i - 1), of(i + 1)].map(({ from, to }) => to - from))
  const pauseMs = quantile(beside, 0.05) ?? longestMs
  return {
    peaks,
    pauseMs,
    rest: pieces.map((piece, i) => (told.has(i) ? { ...piece, side: 'low' as const } : piece)),
  }
}

function isAlone(pieces: readonly Piece[], i: number): boolean {
  const [before, piece, after] = [pieces[i - 1], pieces[i], pieces[i + 1]]
  if (piece?.side !== 'high' || before?.side !== 'low' || after?.side !== 'low') return false
  const ms = piece.to - piece.from
  const rests = (side: Piece) => side.to - side.from >= Math.max(longestMs, 2 * ms)
  return (
    ms <= longestMs && before.to === piece.from && after.from === piece.to && rests(before) && rests(after)
  )
}

/** One period apart, or two or three where a slow meter missed what lay between. */
function isEven(distances: readonly number[], period: number, slackMs: number): boolean {
  const near = (ms: number) => {
    const times = Math.min(3, Math.max(1, Math.round(ms / period)))
    return Math.abs(ms - times * period) <= Math.max(0.15 * period, 1.5 * slackMs)
  }
  return distances.filter(near).length >= 0.7 * distances.length
}
