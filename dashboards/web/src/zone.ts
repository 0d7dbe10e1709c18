const dayMs = 86_400_000
const formats = new Map<string, Intl.DateTimeFormat>()
const offsets = new Map<string, number>()

function formatOf(zone: string): Intl.DateTimeFormat {
  const known = formats.get(zone)
  if (known) return known
  const made = new Intl.DateTimeFormat('en-US', {
    timeZone: zone,
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  })
  formats.set(zone, made)
  return made
}

/** ms to add to UTC for the local time of `zone` at `at`. Kept per quarter hour: no zone changes within one. */
export function offsetAt(zone: string, at: number): number {
  const quarter = Math.floor(at / 900_000) * 900_000
  const name = `${zone} ${quarter}`
  const known = offsets.get(name)
  if (known !== undefined) return known
  if (offsets.size > 50_000) offsets.clear()
  const parts = formatOf(zone).formatToParts(quarter)
  const part = new Map<string, number>(parts.map(({ type, value }) => [type, Number(value)]))
  const get = (type: string) => part.get(type) ?? 0
  const local = Date.UTC(get('year'), get('month') - 1, get('day'), get('hour'), get('minute'), get('second'))
  offsets.set(name, local - quarter)
  return local - quarter
}

/** First instant of the civil date that `local` (ms since 1970 as if UTC) falls on, in `zone`. */
function instantOf(zone: string, local: number): number {
  const guess = local - offsetAt(zone, local)
  const found = local - offsetAt(zone, guess)
  // A midnight that is skipped, as in Santiago: the day begins when the clock has been put forward.
  return localOf(zone, found) < local ? local - offsetAt(zone, found) : found
}

const localOf = (zone: string, at: number) => at + offsetAt(zone, at)

/** First instant of the day of `at`, `days` days on. A day may have 23, 24, 25 hours. */
export function dayStart(zone: string, at: number, days = 0): number {
  return instantOf(zone, (Math.floor(localOf(zone, at) / dayMs) + days) * dayMs)
}

/** First instant of the month of `at`, `months` months on. */
export function monthStart(zone: string, at: number, months = 0): number {
  const local = new Date(localOf(zone, at))
  return instantOf(zone, Date.UTC(local.getUTCFullYear(), local.getUTCMonth() + months, 1))
}

export function yearStart(zone: string, at: number, years = 0): number {
  const local = new Date(localOf(zone, at))
  return instantOf(zone, Date.UTC(local.getUTCFullYear() + years, 0, 1))
}

/** Next whole local hour multiple of `hours` after `at`. */
export function hourAfter(zone: string, at: number, hours: number): number {
  const step = hours * 3_600_000
  const local = (Math.floor(localOf(zone, at) / step) + 1) * step
  const next = instantOf(zone, local)
  return next > at ? next : at + step
}

/** Civil date of `at` in `zone`, as 2026-03-29. */
export const dateOf = (zone: string, at: number): string =>
  new Date(localOf(zone, at)).toISOString().slice(0, 10)

/** First instant of the civil date in `zone`. */
export const instantOfDate = (zone: string, date: string): number =>
  instantOf(zone, Date.parse(`${date}T00:00:00Z`))
