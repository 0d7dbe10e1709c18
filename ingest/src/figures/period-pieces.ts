import type { Millis } from '@hours/protocol'
import { civilDays, civilMonths, type Interval, type YearKind, yearParts } from '@hours/usage'

/** A stretch of a period that is read from one table; none crosses a year. */
export interface Piece extends Interval {
  readonly of: 'days' | 'months'
}

/** A period in one zone: whole days that have rows, and what is left up to now. */
export interface Pieces {
  readonly span: Interval
  readonly stored: readonly Piece[]
  /** Not over yet, or not known to be over: made from spans when it is asked for. */
  readonly open: Interval | undefined
}

/**
 * How [from, to) of `zone` is read: whole months from their sums, the days around them from theirs. `horizon` = days that
 * end by then have rows; `until` = now, or earlier.
 */
export function piecesOf(
  zone: string,
  { from, to }: Interval,
  { horizon, until, year }: { horizon: Millis; until: Millis; year: YearKind },
): Pieces {
  const end = Math.max(from, Math.min(to, until))
  const [begun] = civilDays(zone, horizon, horizon + 1)
  const over = Math.max(from, Math.min(end, begun?.from ?? horizon))
  return {
    span: { from, to: end },
    stored: yearParts(zone, from, over, year).flatMap((part) => piecesOfYear(zone, part)),
    open: over < end ? { from: over, to: end } : undefined,
  }
}

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
