import type { Millis } from '@hours/protocol'

/** A civil day of a zone: `YYYY-MM-DD` and its half-open instants; 23, 24 or 25 h long, or anything the zone says. */
export interface CivilDay {
  readonly date: string
  readonly from: Millis
  readonly to: Millis
}

const kept = 4_096
const cache = new Map<string, CivilDay>()

function dayOfDate(zone: string, date: Temporal.PlainDate): CivilDay {
  const key = `${zone} ${date.toString()}`
  const known = cache.get(key)
  if (known) return known
  const startOf = (one: Temporal.PlainDate) => one.toZonedDateTime(zone).epochMilliseconds
  const day = { date: date.toString(), from: startOf(date), to: startOf(date.add({ days: 1 })) }
  if (cache.size >= kept) cache.clear()
  cache.set(key, day)
  return day
}

const newest = new Map<string, CivilDay>()

/** The civil day of `zone` that holds the instant `at`. */
export function civilDayAt(zone: string, at: Millis): CivilDay {
  const near = newest.get(zone)
  if (near && near.from <= at && at < near.to) return near
  const date = Temporal.Instant.fromEpochMilliseconds(at).toZonedDateTimeISO(zone).toPlainDate()
  const day = dayOfDate(zone, date)
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
