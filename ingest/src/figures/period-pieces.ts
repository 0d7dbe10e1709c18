import type { Millis } from '@hours/protocol'
import { civilDays, civilMonths, clip, type Interval, type YearKind, yearParts } from '@hours/usage'

/** A stretch of a period that is read from one table; none crosses a year. */
export interface Piece extends Interval {
  readonly of: 'days' | 'months'
}

/** A period in one zone: whole days that have rows, and what is left up to now. */
export interface Pieces {
  /** The period, up to now. */
  readonly span: Interval
  /** The parts of it that are asked for: all of it, or those for which an instrument was in a scope. */
  readonly during: readonly Interval[]
  readonly stored: readonly Piece[]
  /** What the stored pieces cover: whole days. */
  readonly days: readonly Interval[]
  /**
   * Made from spans when it is asked for: what is not over yet, or not known to be over, and the part of a day in which an
   * instrument came into the scope or left it.
   */
  readonly live: readonly Interval[]
}

export interface PieceOptions {
  /** Days that end by then have rows. */
  readonly horizon: Millis
  /** Now, or earlier. */
  readonly until: Millis
  readonly year: YearKind
  /** Leaves out what is not over yet. */
  readonly isClosed?: boolean
}

/** How [from, to) of `zone` is read: whole months from their sums, the days around them from theirs. */
export function piecesOf(
  zone: string,
  { from, to }: Interval,
  { horizon, until, year, isClosed = false }: PieceOptions,
): Pieces {
  const end = Math.max(from, Math.min(to, until))
  const [begun] = civilDays(zone, horizon, horizon + 1)
  const over = Math.max(from, Math.min(end, begun?.from ?? horizon))
  const span = { from, to: isClosed ? over : end }
  return {
    span,
    during: [span],
    stored: storedIn(zone, { from, to: over }, year),
    days: from < over ? [{ from, to: over }] : [],
    live: over < span.to ? [{ from: over, to: span.to }] : [],
  }
}

/** The same for a part of the time: days that `during` cuts are made anew, the others are read. */
export function cutPieces(
  zone: string,
  whole: Pieces,
  { during, year }: { during: readonly Interval[]; year: YearKind },
): Pieces {
  const own = clip(during, whole.span)
  if (own.length === 1 && own[0]?.from === whole.span.from && own[0].to === whole.span.to) return whole
  const cut = clip(own, { from: whole.span.from, to: whole.days[0]?.to ?? whole.span.from })
  const parts = cut.map((part) => ({ part, days: wholeDays(zone, part) }))
  const days = parts.flatMap((one) => (one.days.from < one.days.to ? [one.days] : []))
  const edges = parts.flatMap(({ part, days: { from, to } }) =>
    from < to
      ? [
          { from: part.from, to: from },
          { from: to, to: part.to },
        ]
      : [part],
  )
  return {
    span: whole.span,
    during: own,
    stored: days.flatMap((part) => storedIn(zone, part, year)),
    days,
    live: [...edges.filter(({ from, to }) => from < to), ...whole.live.flatMap((open) => clip(own, open))],
  }
}

/** The civil days that lie wholly in the part; empty where there is none. */
function wholeDays(zone: string, { from, to }: Interval): Interval {
  const [first] = civilDays(zone, from, from + 1)
  const [last] = civilDays(zone, to, to + 1)
  return { from: first && first.from < from ? first.to : from, to: last?.from ?? to }
}

const storedIn = (zone: string, { from, to }: Interval, year: YearKind): Piece[] =>
  yearParts(zone, from, to, year).flatMap((part) => piecesOfYear(zone, part))

function piecesOfYear(zone: string, part: Interval): Piece[] {
  const whole = civilMonths(zone, part.from, part.to).filter(
    (month) => month.from >= part.from && month.to <= part.to,
  )
  const first = whole[0]?.from ?? part.to
  const last = whole.at(-1)?.to ?? part.to
  const pieces: Piece[] = [
    { of: 'days', from: part.from, to: first },
    { of: 'months', from: first, to: last },
    { of: 'days', from: last, to: part.to },
  ]
  return pieces.filter((piece) => piece.from < piece.to)
}
