import type { Millis } from '@hours/protocol'
import { dateAt, dateStart } from '@hours/usage'

/** A civil day of a zone: `YYYY-MM-DD` and its half-open instants; 23, 24 or 25 h long, or anything the zone says. */
export interface CivilDay {
  readonly date: string
  readonly from: Millis
  readonly to: Millis
}

/** Pages of one time fall on one day; asking the calendar again for each would cost more than the rest. */
const newest = new Map<string, CivilDay>()

/** The civil day of `zone` that holds the instant `at`. */
export function civilDayAt(zone: string, at: Millis): CivilDay {
  const near = newest.get(zone)
  if (near && near.from <= at && at < near.to) return near
  const date = dateAt(zone, at)
  const day = {
    date: date.toString(),
    from: dateStart(zone, date),
    to: dateStart(zone, date.add({ days: 1 })),
  }
  newest.set(zone, day)
  return day
}

/** Every civil day of `zone` that overlaps [from, to), ascending. */
export function civilDays(zone: string, from: Millis, to: Millis): CivilDay[] {
  const days: CivilDay[] = []
  for (let at = from; at < to; ) {
    const day = civilDayAt(zone, at)
    days.push(day)
    at = day.to
  }
  return days
}
