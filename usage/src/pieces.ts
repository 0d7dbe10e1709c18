import { DAY, firstPlace, type Millis } from '@hours/protocol'
import type { Interval } from './calendar.ts'
import type { InstrumentInput } from './instrument-input.ts'

/** Time that is worked on at once: all intervals of a year are more memory than the rest of a check takes, those of a week die young. */
const pieceMs = 8 * DAY

/** A part of some days, with as much of an instrument's input as changes anything in it. */
export interface Piece {
  readonly input: InstrumentInput
  /** Ascending and disjoint. */
  readonly cuts: readonly Interval[]
  /** Of each cut, the number of the day that it is a part of. */
  readonly days: readonly number[]
}

/**
 * Cuts `days` (ascending, disjoint, of any length) into pieces. Every row is a sum, so what the pieces say adds up to
 * what the days would say whole; what lies further away than a day and the longest warm-up changes nothing in a piece.
 */
export function* pieces(input: InstrumentInput, days: readonly Interval[]): Generator<Piece> {
  const { prepMs, postMs, allowances = [] } = input
  const reach = DAY + Math.max(prepMs, postMs, ...allowances.flatMap((one) => [one.prepMs, one.postMs]))
  const { within = heardIn(input) } = input
  const sessionsNear = nearIn(input.sessions)
  const bookingsNear = nearIn(input.bookings ?? [])
  for (const { cuts, days: numbers } of grouped(days)) {
    const from = (cuts[0]?.from ?? 0) - reach
    const to = (cuts.at(-1)?.to ?? 0) + reach
    const near = {
      ...within(from, to),
      sessions: sessionsNear(from, to),
      bookings: bookingsNear(from, to),
    }
    yield { cuts, days: numbers, input: { ...input, ...near } }
  }
}

function heardIn(input: InstrumentInput): NonNullable<InstrumentInput['within']> {
  const spansNear = nearIn(input.spans)
  const lateNear = nearIn(input.late ?? [])
  return (from, to) => ({ spans: spansNear(from, to), late: lateNear(from, to) })
}

function* grouped(days: readonly Interval[]): Generator<Pick<Piece, 'cuts' | 'days'>> {
  let cuts: Interval[] = []
  let numbers: number[] = []
  for (const [day, { from, to }] of days.entries())
    for (let at = from; at < to; at += pieceMs) {
      const end = Math.min(at + pieceMs, to)
      if (end - (cuts[0]?.from ?? at) > pieceMs) {
        yield { cuts, days: numbers }
        cuts = []
        numbers = []
      }
      cuts.push({ from: at, to: end })
      numbers.push(day)
    }
  if (cuts.length > 0) yield { cuts, days: numbers }
}

/** Finds the intervals that touch a window, in their order; quickly where they are ascending and disjoint. */
function nearIn<T extends Interval>(list: readonly T[]): (from: Millis, to: Millis) => readonly T[] {
  const isApart = list.every(
    (one, i) => one.from <= one.to && (list[i - 1]?.to ?? Number.NEGATIVE_INFINITY) <= one.from,
  )
  if (!isApart) return (from, to) => list.filter((one) => one.to > from && one.from < to)
  return (from, to) =>
    list.slice(
      firstPlace(list.length, (i) => (list[i]?.to ?? Infinity) > from),
      firstPlace(list.length, (i) => (list[i]?.from ?? Infinity) >= to),
    )
}
