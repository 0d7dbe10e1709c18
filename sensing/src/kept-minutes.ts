import { type Millis, MINUTE } from '@hours/protocol'
import type { Sample } from './reading.ts'

/** One minute as a site keeps it: mW, `at` its begin (Unix ms). */
export interface KeptMinute {
  readonly at: Millis
  readonly min: number
  readonly mean: number
  readonly max: number
}

/** Within a minute a sample stands at least so often, so that no gap setting can tear a minute that was kept. */
export const keptSampleMs = 20_000

/** Below this a minute is even: noise of a load, or of its meter. */
const evenShare = 0.2
const evenMw = 2_000

/** A level from `from` ms after the minute's begin on. */
type Piece = readonly [from: number, mw: number]

/**
 * Samples that mean what the minutes say, in their order: every minute has its mean, and no value leaves its least and
 * most. Where power goes from one level to another within a minute, the mean says when; where it leaves its level and
 * comes back (a pulse, a dip), least, mean and most say for how long, though not when: the middle is taken. A minute
 * that was not kept is a hole.
 */
export function* samplesOfMinutes(minutes: Iterable<KeptMinute>): Generator<Sample> {
  let before: KeptMinute | undefined
  let here: KeptMinute | undefined
  for (const next of minutes) {
    if (here) yield* samplesIn(here, piecesOf(neighbour(before, here), here, neighbour(next, here)))
    before = here
    here = next
  }
  if (here) yield* samplesIn(here, piecesOf(neighbour(before, here), here, undefined))
}

const neighbour = (other: KeptMinute | undefined, { at }: KeptMinute): KeptMinute | undefined =>
  other && Math.abs(other.at - at) === MINUTE ? other : undefined

function piecesOf(
  before: KeptMinute | undefined,
  { min, mean, max }: KeptMinute,
  after: KeptMinute | undefined,
): readonly Piece[] {
  if (max - min <= Math.max(evenMw, evenShare * Math.abs(mean))) return [[0, mean]]
  const [first, last] = [nearest(before, min, max), nearest(after, min, max)]
  if (first !== undefined && last !== undefined && first !== last) {
    const edge = shareOf(mean, first, last)
    return [
      [0, first],
      [edge, last],
    ]
  }
  const level = first ?? last ?? (mean - min < max - mean ? min : max)
  const other = level === min ? max : min
  const length = shareOf(mean, other, level)
  const from = Math.round((MINUTE - length) / 2)
  return [
    [0, level],
    [from, other],
    [from + length, level],
  ]
}

/** Which of the minute's two levels a neighbour ends or begins at. */
function nearest(other: KeptMinute | undefined, min: number, max: number): number | undefined {
  if (!other) return undefined
  return Math.abs(other.mean - min) <= Math.abs(other.mean - max) ? min : max
}

/** For how many ms of a minute power is at `one` when it is at `other` for the rest and `mean` on the whole. */
const shareOf = (mean: number, one: number, other: number): number =>
  Math.round((MINUTE * (mean - other)) / (one - other))

function* samplesIn({ at }: KeptMinute, pieces: readonly Piece[]): Generator<Sample> {
  for (const [i, [from, mw]] of pieces.entries()) {
    const to = pieces[i + 1]?.[0] ?? MINUTE
    for (let t = from; t < to; t += keptSampleMs) yield { at: at + t, powerMw: Math.round(mw) }
  }
}
