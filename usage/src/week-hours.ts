import { DAY, HOUR, MINUTE } from '@hours/protocol'
import { civilDays, dayAt, type Interval, weekdayOf } from './calendar.ts'
import { eachPart } from './daily-rows.ts'

/** A local hour as it really passed; `how` = hour of the week, 0 = Monday 00-01, 167 = Sunday 23-24. */
export interface WeekHour extends Interval {
  readonly how: number
}

/**
 * The local hours of `zone` that overlap [from, to), clipped to it, ascending: the hour that is left out in spring is not
 * there, the one that comes twice in autumn is (history-cases.md, section 2).
 */
export function weekHours(zone: string, from: number, to: number): WeekHour[] {
  const hours: WeekHour[] = []
  for (const day of civilDays(zone, from, to)) {
    const base = (weekdayOf(dayAt(zone, day.from)) - 1) * 24
    for (const hour of day.to - day.from === DAY ? plainHours(day.from) : changedHours(zone, day)) {
      const part = { from: Math.max(hour.from, from), to: Math.min(hour.to, to) }
      if (part.to > part.from) hours.push({ how: base + hour.how, ...part })
    }
  }
  return hours
}

const plainHours = (start: number): WeekHour[] =>
  Array.from({ length: 24 }, (_, how) => ({ how, from: start + how * HOUR, to: start + (how + 1) * HOUR }))

/** Clocks have changed only at quarters of an hour since 1972; the hour of each quarter is asked for. */
function changedHours(zone: string, day: Interval): WeekHour[] {
  const hours: { how: number; from: number; to: number }[] = []
  for (let at = day.from; at < day.to; at += 15 * MINUTE) {
    const { hour } = Temporal.Instant.fromEpochMilliseconds(at).toZonedDateTimeISO(zone)
    const to = Math.min(day.to, at + 15 * MINUTE)
    const last = hours.at(-1)
    if (last?.how === hour) last.to = to
    else hours.push({ how: hour, from: at, to })
  }
  return hours
}

/** Milliseconds of `intervals` (ascending, disjoint) by hour of the week, 168 numbers. */
export function byWeekHour(intervals: readonly Interval[], zone: string, window: Interval): number[] {
  const sums = new Array<number>(168).fill(0)
  const hours = weekHours(zone, window.from, window.to)
  eachPart(intervals, hours, (_, from, to, i) => {
    const how = hours[i]?.how ?? 0
    sums[how] = (sums[how] ?? 0) + to - from
  })
  return sums
}
