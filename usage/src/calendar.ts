import { DAY, type Millis } from '@hours/protocol'

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

/** Days since 1970-01-01: whole numbers, so that a year of days for 10,000 instruments costs no calendar arithmetic. */
export type EpochDay = number

const epoch = Temporal.PlainDate.from('1970-01-01')
const kept = 100_000
const starts = new Map<string, Map<EpochDay, Millis>>()
const labels = new Map<EpochDay, string>()

export const epochDayOf = (date: Temporal.PlainDate): EpochDay =>
  date.toZonedDateTime('UTC').epochMilliseconds / DAY

const dateOf = (day: EpochDay): Temporal.PlainDate => epoch.add({ days: day })

/** 1 = Monday; 1970-01-01 was a Thursday. */
export const weekdayOf = (day: EpochDay): number => ((((day + 3) % 7) + 7) % 7) + 1

/** The first instant of a civil day of `zone`: not always 00:00 (Sao Paulo 2018-11-04 begins at 01:00). */
export function dayStart(zone: string, day: EpochDay): Millis {
  const known = starts.get(zone) ?? new Map<EpochDay, Millis>()
  if (known.size === 0) starts.set(zone, known)
  const start = known.get(day)
  if (start !== undefined) return start
  if (known.size >= kept) known.clear()
  const found = dateOf(day).toZonedDateTime(zone).epochMilliseconds
  known.set(day, found)
  return found
}

/** `YYYY-MM-DD` */
export function dayLabel(day: EpochDay): string {
  const known = labels.get(day)
  if (known !== undefined) return known
  if (labels.size >= kept) labels.clear()
  const label = dateOf(day).toString()
  labels.set(day, label)
  return label
}

/** The civil day of `zone` that holds `at`. */
export function dayAt(zone: string, at: Millis): EpochDay {
  let day = Math.floor(at / DAY)
  while (dayStart(zone, day) > at) day -= 1
  while (dayStart(zone, day + 1) <= at) day += 1
  return day
}

/** The first instant of a civil date of `zone`. */
export const dateStart = (zone: string, date: Temporal.PlainDate): Millis => dayStart(zone, epochDayOf(date))

export const dateAt = (zone: string, at: Millis): Temporal.PlainDate => dateOf(dayAt(zone, at))

/** The civil days of `zone` that overlap [from, to), whole, ascending; a date the zone left out is none (Apia 2011). */
export function civilDays(zone: string, from: Millis, to: Millis): CivilSpan[] {
  const days: CivilSpan[] = []
  if (to <= from) return days
  for (let day = dayAt(zone, from); ; day += 1) {
    const begin = dayStart(zone, day)
    if (begin >= to) return days
    const end = dayStart(zone, day + 1)
    if (end > begin) days.push({ label: dayLabel(day), from: begin, to: end })
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

/** Assessment years: the calendar year, or the academic one, 1 September to 31 August (domain.md, D7). */
export type YearKind = 'calendar' | 'academic'

const newestYear = { calendar: new Map<string, CivilSpan>(), academic: new Map<string, CivilSpan>() }

/** The year of `zone` that holds `at`: `2025`, or `AY2024` for 1 September 2024 to 31 August 2025. */
export function civilYear(zone: string, at: Millis, kind: YearKind = 'calendar'): CivilSpan {
  const near = newestYear[kind].get(zone)
  if (near && near.from <= at && at < near.to) return near
  const { year, month } = dateAt(zone, at)
  const academic = kind === 'academic'
  const begin = academic && month < 9 ? year - 1 : year
  const first = Temporal.PlainDate.from({ year: begin, month: academic ? 9 : 1, day: 1 })
  const found = {
    label: academic ? `AY${begin}` : String(begin),
    from: dateStart(zone, first),
    to: dateStart(zone, first.add({ years: 1 })),
  }
  newestYear[kind].set(zone, found)
  return found
}

/** [from, to) cut where years of `zone` begin; the parts keep their year's label, not its length. */
export function yearParts(zone: string, from: Millis, to: Millis, kind: YearKind = 'calendar'): CivilSpan[] {
  const parts: CivilSpan[] = []
  for (let at = from; at < to; ) {
    const year = civilYear(zone, at, kind)
    parts.push({ label: year.label, from: at, to: Math.min(to, year.to) })
    at = year.to
  }
  return parts
}
