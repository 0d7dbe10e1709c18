import { DAY, HOUR, MINUTE } from '@hours/protocol'
import { dayAt, dayLabel, dayStart, type EpochDay, type Interval, weekdayOf } from './calendar.ts'
import { clip, union } from './intervals.ts'

type LocalHours = readonly (readonly [string, string])[]

/** Opening hours by ISO weekday (1 = Monday), local times; a dated exception stands instead of its weekday's. */
export interface WeeklySchedule {
  readonly weekly: Readonly<Partial<Record<string, LocalHours>>>
  /** Civil date -> opening hours of that date; none = closed. */
  readonly exceptions?: Readonly<Record<string, LocalHours>>
}

/**
 * The schedule as instants of `zone` inside `window`: expanded date by date, so that 01:00-04:00 is 2 h on the day the
 * clocks go forward and 4 h on the day they go back (domain.md, section 4.1). Hours that end no later than they begin
 * (22:00-06:00) end on the next civil day.
 */
export function expandSchedule(
  { weekly, exceptions = {} }: WeeklySchedule,
  zone: string,
  window: Interval,
): Interval[] {
  const open: Interval[] = []
  if (window.to <= window.from) return open
  for (let day = dayAt(zone, window.from) - 1; dayStart(zone, day) < window.to; day += 1)
    for (const [from, to] of exceptions[dayLabel(day)] ?? weekly[String(weekdayOf(day))] ?? [])
      open.push({ from: instant(day, from, zone), to: instant(to <= from ? day + 1 : day, to, zone) })
  return clip(union(open), window)
}

function instant(day: EpochDay, time: string, zone: string): number {
  const begin = dayStart(zone, day)
  const next = dayStart(zone, day + 1)
  if (time === '24:00') return next
  if (time === '00:00') return begin
  const [hour = 0, minute = 0] = time.split(':').map(Number)
  // The clocks stand still on almost every day; only on the others the calendar has to be asked.
  if (next - begin === DAY) return begin + hour * HOUR + minute * MINUTE
  return Temporal.PlainDate.from(dayLabel(day)).toZonedDateTime({ timeZone: zone, plainTime: time })
    .epochMilliseconds
}
