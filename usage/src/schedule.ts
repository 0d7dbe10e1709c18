import { type Interval, dateAt, dateStart } from './calendar.ts'
import { clip, union } from './intervals.ts'

/** Opening hours by ISO weekday (1 = Monday), local times; a dated exception stands instead of its weekday's. */
export interface WeeklySchedule {
  readonly weekly: Readonly<Partial<Record<string, readonly (readonly [string, string])[]>>>
  /** Civil date -> opening hours of that date; none = closed. */
  readonly exceptions?: Readonly<Record<string, readonly (readonly [string, string])[]>>
}

/**
 * The schedule as instants of `zone` inside `window`: expanded date by date, so that 01:00-04:00 is 2 h on the day the
 * clocks go forward and 4 h on the day they go back (domain.md, section 4.1).
 */
export function expandSchedule(
  { weekly, exceptions = {} }: WeeklySchedule,
  zone: string,
  window: Interval,
): Interval[] {
  const open: Interval[] = []
  for (let date = dateAt(zone, window.from).subtract({ days: 1 }); ; date = date.add({ days: 1 })) {
    if (dateStart(zone, date) >= window.to) break
    for (const [from, to] of exceptions[date.toString()] ?? weekly[String(date.dayOfWeek)] ?? [])
      open.push({ from: instant(date, from, zone), to: instant(date, to, zone) })
  }
  return clip(union(open), window)
}

function instant(date: Temporal.PlainDate, time: string, zone: string): number {
  if (time === '24:00' || time === '00:00')
    return dateStart(zone, time === '24:00' ? date.add({ days: 1 }) : date)
  return date.toPlainDateTime(Temporal.PlainTime.from(time)).toZonedDateTime(zone).epochMilliseconds
}
