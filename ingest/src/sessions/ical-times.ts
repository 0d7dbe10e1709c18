import ICAL from 'ical.js'

/** A time of a calendar: an instant where it names a zone, else local text for the site's zone. */
export type IcalTime = { readonly at: number } | { readonly local: string } | { readonly unknownZone: string }

/**
 * Zones by their IANA name, else by the VTIMEZONE that the file brings. A local time that the clocks skipped or showed
 * twice is read as RFC 5545, section 3.3.5, has it: with the offset before the gap, and as the first of the two.
 */
export function icalTime(time: ICAL.Time, tzid: string | undefined): IcalTime {
  const local = time.toString().slice(0, 19).replace('T', ' ').replace('Z', '')
  if (time.isDate) return { local: local.slice(0, 10) }
  if (time.zone === ICAL.Timezone.utcTimezone) return { at: time.toUnixTime() * 1_000 }
  if (tzid === undefined) return { local }
  const zone = zoneOf(tzid)
  if (zone !== undefined) {
    const plain = Temporal.PlainDateTime.from(local.replace(' ', 'T'))
    return { at: plain.toZonedDateTime(zone, { disambiguation: 'compatible' }).epochMilliseconds }
  }
  if (time.zone === ICAL.Timezone.localTimezone) return { unknownZone: tzid }
  return { at: time.toUnixTime() * 1_000 }
}

/** `/example.org/Europe/Berlin` is how some calendars write it. */
function zoneOf(tzid: string): string | undefined {
  const name = /(?:^|\/)((?:[A-Z][A-Za-z_]+\/)+[A-Z][A-Za-z_-]+|UTC)$/.exec(tzid)?.[1]
  if (name === undefined) return undefined
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions().timeZone
  } catch {
    return undefined
  }
}

const plainParts: Readonly<Record<string, RegExp>> = {
  INTERVAL: /^[1-9]\d{0,2}$/,
  COUNT: /^\d{1,5}$/,
  UNTIL: /^\d{8}(T\d{6}Z?)?$/,
  WKST: /^[A-Z]{2}$/,
}
const byFrequency: Readonly<Record<string, Readonly<Record<string, RegExp>>>> = {
  DAILY: { BYDAY: /^([A-Z]{2},?)+$/ },
  WEEKLY: { BYDAY: /^([A-Z]{2},?)+$/ },
  MONTHLY: { BYDAY: /^(-?[1-4][A-Z]{2},?)+$/, BYMONTHDAY: /^([1-9]|1\d|2[0-8]|-1)$/ },
  YEARLY: {},
}

/** Rules that surely have a next time: searching for the 30th of February would not end. */
export function isPlainRule(rule: string): boolean {
  const parts = new Map(rule.split(';').map((part): [string, string] => [part.split('=')[0] ?? '', part]))
  const valueOf = (name: string) => parts.get(name)?.split('=')[1] ?? ''
  const allowed = byFrequency[valueOf('FREQ')]
  if (!allowed) return false
  return [...parts.keys()].every(
    (name) => name === 'FREQ' || (plainParts[name] ?? allowed[name])?.test(valueOf(name)) === true,
  )
}
