/** Civil fields of a local time, months from 1. */
export interface LocalFields {
  readonly year: number
  readonly month: number
  readonly day: number
  readonly hour: number
  readonly minute: number
  readonly second: number
  readonly ms: number
}

/** Where a local time can lie: one instant, two (clocks went back), or none (clocks went forward). */
export type LocalPlace = readonly number[]

/** Turns local times of one zone into instants, fast for long files. */
export interface LocalClock {
  readonly zone: string
  /** Candidate instants in Unix ms, ascending; undefined when the fields are no date. */
  place(fields: LocalFields): LocalPlace | undefined
}

const bucketMs = 900_000

/** Throws RangeError for a zone that does not exist. */
export function createLocalClock(zone: string): LocalClock {
  // Validates the name even when the fast path for UTC is taken.
  Temporal.Instant.fromEpochMilliseconds(0).toZonedDateTimeISO(zone)
  const cache = new Map<number, number | null>()
  return {
    zone,
    place(fields) {
      const wall = wallMs(fields)
      if (wall === undefined) return undefined
      if (zone === 'UTC') return [wall]
      const bucket = Math.floor(wall / bucketMs)
      let offset = cache.get(bucket)
      if (offset === undefined) {
        offset = constantOffset(zone, bucket * bucketMs)
        if (cache.size > 10_000) cache.clear()
        cache.set(bucket, offset)
      }
      return offset === null ? candidates(zone, wall) : [wall - offset]
    },
  }
}

/** The fields read as if they were UTC; undefined for 31 February and the like. */
function wallMs(f: LocalFields): number | undefined {
  const wall = Date.UTC(f.year, f.month - 1, f.day, f.hour, f.minute, f.second, f.ms)
  const back = new Date(wall)
  const same =
    back.getUTCFullYear() === f.year &&
    back.getUTCMonth() === f.month - 1 &&
    back.getUTCDate() === f.day &&
    back.getUTCHours() === f.hour &&
    back.getUTCMinutes() === f.minute &&
    back.getUTCSeconds() === f.second
  return same ? wall : undefined
}

const offsetAt = (zone: string, instant: number): number =>
  Math.round(Temporal.Instant.fromEpochMilliseconds(instant).toZonedDateTimeISO(zone).offsetNanoseconds / 1e6)

/** Offsets of the instants that show `wall` in the zone. */
function candidates(zone: string, wall: number): number[] {
  const day = 86_400_000
  const offsets = new Set([offsetAt(zone, wall - day), offsetAt(zone, wall + day)])
  return [...offsets]
    .map((offset) => wall - offset)
    .filter((instant) => instant + offsetAt(zone, instant) === wall)
    .sort((a, b) => a - b)
}

/** The one offset over a quarter of an hour of wall time, or null where it changes (offsets change on quarters). */
function constantOffset(zone: string, wall: number): number | null {
  const first = candidates(zone, wall)
  const last = candidates(zone, wall + bucketMs - 1)
  const a = first[0]
  const b = last[0]
  if (a === undefined || b === undefined || first.length !== 1 || last.length !== 1) return null
  return b - a === bucketMs - 1 ? wall - a : null
}
