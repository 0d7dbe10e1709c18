import type { Millis } from '@hours/protocol'

/** A half-open stretch of time, Unix ms. */
export interface Interval {
  readonly from: Millis
  readonly to: Millis
}

/** A civil day, month or other named stretch of a zone's calendar; as long as the zone says (23 h, 25 h ...). */
export interface CivilSpan extends Interval {
  /** `2025-03-30`, `2025-03`, ... */
  readonly label: string
}

const startOf = (zone: string, date: Temporal.PlainDate): Millis =>
  date.toZonedDateTime(zone).epochMilliseconds

const kept = 50_000
const starts = new Map<string, Millis>()

/** The first instant of a civil date of `zone`: not always 00:00 (Sao Paulo 2018-11-04 begins at 01:00). */
export function dateStart(zone: string, date: Temporal.PlainDate): Millis {
  const key = `${zone} ${date.toString()}`
  const known = starts.get(key)
  if (known !== undefined) return known
  if (starts.size >= kept) starts.clear()
  const start = startOf(zone, date)
  starts.set(key, start)
  return start
}

export const dateAt = (zone: string, at: Millis): Temporal.PlainDate =>
  Temporal.Instant.fromEpochMilliseconds(at).toZonedDateTimeISO(zone).toPlainDate()

/** The civil days of `zone` that overlap [from, to), whole, ascending. */
export function civilDays(zone: string, from: Millis, to: Millis): CivilSpan[] {
  const days: CivilSpan[] = []
  if (to <= from) return days
  for (let date = dateAt(zone, from); ; date = date.add({ days: 1 })) {
    const begin = dateStart(zone, date)
    if (begin >= to) return days
    days.push({ label: date.toString(), from: begin, to: dateStart(zone, date.add({ days: 1 })) })
  }
}

/** The civil months of `zone` that overlap [from, to), whole, ascending. */
export function civilMonths(zone: string, from: Millis, to: Millis): CivilSpan[] {
  const months: CivilSpan[] = []
  if (to <= from) return months
  for (let month = dateAt(zone, from).toPlainYearMonth(); ; month = month.add({ months: 1 })) {
    const begin = dateStart(zone, month.toPlainDate({ day: 1 }))
    if (begin >= to) return months
    const end = dateStart(zone, month.add({ months: 1 }).toPlainDate({ day: 1 }))
    months.push({ label: month.toString(), from: begin, to: end })
  }
}

/** The calendar year of `zone` that holds `at`. */
export function civilYear(zone: string, at: Millis): CivilSpan {
  const { year } = dateAt(zone, at)
  const first = Temporal.PlainDate.from({ year, month: 1, day: 1 })
  return { label: String(year), from: dateStart(zone, first), to: dateStart(zone, first.add({ years: 1 })) }
}
