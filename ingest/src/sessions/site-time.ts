import { accept, type Decoded, Instant, type Millis, refuse } from '@hours/protocol'

export type TimeCode = 'bad_time' | 'clock_gap' | 'clock_overlap'

const written =
  /^(\d{4})(?:-|\/|\.|年)(\d{1,2})(?:-|\/|\.|月)(\d{1,2})日?(?:[T\s]+(\d{1,2})(?::|时)(\d{2})分?(?::(\d{2})(?:[.,](\d{1,3})\d*)?)?)?\s*(Z|[+-]\d{2}:?\d{2})?$/i

/**
 * A time as people write it, as Unix ms: ISO 8601 with an offset, or local time of `zone` (`2026-03-01 08:00`,
 * `2026/3/1 8:00`, `2026年3月1日 8:00`), or integer Unix ms. A local time that the clocks skipped is refused; one that
 * they showed twice needs an offset or `fold` (0 = the first, 1 = the second), never a guess.
 */
export function readTime(value: unknown, zone: string, fold?: 0 | 1): Decoded<Millis, TimeCode> {
  if (typeof value === 'number') return bounded(value, String(value))
  if (typeof value !== 'string') return refuse('bad_time', `not a time; ${howTo}`)
  const text = value.normalize('NFKC').trim()
  const parts = written.exec(text)
  if (!parts) return refuse('bad_time', `"${text.slice(0, 60)}" is not a time; ${howTo}`)
  const [, year, month, day, hour = '0', minute = '0', second = '0', fraction = '', offset] = parts
  const nextDay = Number(hour) === 24 && Number(minute) === 0 && Number(second) === 0
  try {
    const plain = Temporal.PlainDateTime.from(
      {
        year: Number(year),
        month: Number(month),
        day: Number(day),
        hour: nextDay ? 0 : Number(hour),
        minute: Number(minute),
        second: Number(second),
        millisecond: Number(fraction.padEnd(3, '0')),
      },
      { overflow: 'reject' },
    )
    const local = nextDay ? plain.add({ days: 1 }) : plain
    if (offset !== undefined) return bounded(withOffset(local, offset), text)
    return inZone(local, zone, fold)
  } catch {
    return refuse('bad_time', `"${text.slice(0, 60)}" is not in the calendar; ${howTo}`)
  }
}

const howTo = 'write 2026-03-01T08:00+08:00, or 2026-03-01 08:00 in the time of the site'

function withOffset(local: Temporal.PlainDateTime, offset: string): Millis {
  const colon = offset.length === 5 ? `${offset.slice(0, 3)}:${offset.slice(3)}` : offset
  return Temporal.Instant.from(`${local.toString()}${colon.toUpperCase()}`).epochMilliseconds
}

/** A civil time as an instant: both readings of it are asked for, and they are the same but when the clocks change. */
export function inZone(local: Temporal.PlainDateTime, zone: string, fold?: 0 | 1): Decoded<Millis, TimeCode> {
  const earlier = local.toZonedDateTime(zone, { disambiguation: 'earlier' })
  const later = local.toZonedDateTime(zone, { disambiguation: 'later' })
  if (earlier.epochMilliseconds === later.epochMilliseconds)
    return bounded(earlier.epochMilliseconds, local.toString())
  if (!earlier.toPlainDateTime().equals(local))
    return refuse(
      'clock_gap',
      `${local.toString()} does not exist in ${zone}: the clocks went forward over it; check the time, or give it with its offset`,
    )
  if (fold === undefined)
    return refuse(
      'clock_overlap',
      `${local.toString()} came twice in ${zone}: write it with ${earlier.offset} or ${later.offset}, or give fold 0 (first) or 1 (second)`,
    )
  return bounded((fold === 0 ? earlier : later).epochMilliseconds, local.toString())
}

function bounded(ms: Millis, shown: string): Decoded<Millis, TimeCode> {
  return Instant.safeParse(ms).success
    ? accept(ms)
    : refuse('bad_time', `${shown.slice(0, 60)} is not within 2000 to 2200; ${howTo}`)
}
