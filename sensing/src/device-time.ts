import { accept, type Decoded, refuse } from '@hours/protocol'
import { shown } from './json-payload.ts'
import { createLocalClock, type LocalClock } from './local-time.ts'
import { type DecodeOptions, defaultMaxSkewMs, type SensingCode } from './reading.ts'

type Placed = Decoded<number, SensingCode>

const iso = /^(\d{4})-(\d{2})-(\d{2})[T ](\d{2}):(\d{2}):(\d{2})(?:\.(\d{1,9}))?(Z|[+-]\d{2}:?\d{2})?$/
/** Before this a clock was never set (protocol units): such a time is as good as null. */
const neverSet = 946_684_800_000

const clocks = new Map<string, LocalClock>()

function clockOf(zone: string): LocalClock | undefined {
  const known = clocks.get(zone)
  if (known) return known
  try {
    const made = createLocalClock(zone)
    if (clocks.size > 64) clocks.clear()
    clocks.set(zone, made)
    return made
  } catch {
    return undefined
  }
}

/** A device time that is an instant already (Unix ms); null or never set: arrival. */
export function placeInstant(at: number | null | undefined, arrival: number, options: DecodeOptions): Placed {
  if (at === null || at === undefined || at < neverSet) return accept(arrival)
  const rounded = Math.round(at)
  const limit = options.maxSkewMs ?? defaultMaxSkewMs
  const skew = rounded - arrival
  if (!Number.isSafeInteger(rounded) || Math.abs(skew) > limit)
    return refuse(
      'clock_skew',
      `device time ${rounded} is ${Math.round(skew / 1_000)} s from arrival (at most ${limit / 1_000} s); set the device's clock, offset or the source's zone`,
    )
  return accept(rounded)
}

/**
 * A time as text. With an offset it is an instant. Without one it is local to `options.zone`: in the hour that a zone
 * repeats, the candidate nearer to arrival (the earlier when equally near); in the hour it skips, refused. Without a
 * zone a local time places nothing, so arrival stands.
 */
export function placeText(value: unknown, arrival: number, options: DecodeOptions): Placed {
  if (value === undefined || value === null) return accept(arrival)
  const match = typeof value === 'string' ? iso.exec(value) : null
  if (!match) return refuse('bad_time', `Time: ${shown(value)}: must be like 2026-01-31T12:00:00`)
  const [, year, month, day, hour, minute, second, fraction = '', offset] = match
  const fields = {
    year: Number(year),
    month: Number(month),
    day: Number(day),
    hour: Number(hour),
    minute: Number(minute),
    second: Number(second),
    ms: Number(fraction.padEnd(3, '0').slice(0, 3)),
  }
  const utc = clockOf('UTC')?.place(fields)?.[0]
  if (utc === undefined) return refuse('bad_time', `Time: ${shown(value)}: no such date or time of day`)
  if (offset !== undefined) return placeInstant(utc - offsetMs(offset), arrival, options)
  // A day of tolerance: whatever the zone, this clock was never set.
  if (utc < neverSet + 86_400_000 || options.zone === undefined) return accept(arrival)
  const places = clockOf(options.zone)?.place(fields)
  if (!places) return refuse('bad_time', `zone: "${options.zone}": not an IANA zone such as Asia/Shanghai`)
  const nearest = [...places].sort((a, b) => Math.abs(a - arrival) - Math.abs(b - arrival) || a - b)[0]
  if (nearest === undefined)
    return refuse(
      'local_time_gap',
      `Time: ${shown(value)}: ${options.zone} skips it; set the device's zone rule, or let it send UTC`,
    )
  return placeInstant(nearest, arrival, options)
}

function offsetMs(text: string): number {
  if (text === 'Z') return 0
  const minutes = Number(text.slice(1, 3)) * 60 + Number(text.slice(-2))
  return (text.startsWith('-') ? -minutes : minutes) * 60_000
}
