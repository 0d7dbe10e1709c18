import { createHash } from 'node:crypto'
import { accept, DAY, nobody, refuse } from '@hours/protocol'
import ICAL from 'ical.js'
import type { DraftKind } from './drafted.ts'
import { type IcalTime, icalTime, isPlainRule } from './ical-times.ts'
import type { ImportRow } from './plan.ts'
import type { Read, ReadOptions } from './read-file.ts'
import { fault } from './row-fault.ts'

/** Repetitions are written out this far around the present, and no further. */
const reach = 366 * DAY
const maxOccurrences = 1_000
const maxSteps = 50_000

/**
 * A calendar (RFC 5545): each VEVENT a booking, or what `kind` says. LOCATION, RESOURCES or X-HOURS-INSTRUMENT is the
 * instrument, the first ATTENDEE, else the ORGANIZER, the user; UID is the id in the channel.
 */
export function readIcal(text: string, { kind = 'booking', now }: ReadOptions): Read {
  let calendar: ICAL.Component
  try {
    const parsed = ICAL.parse(text) as unknown[]
    const [first] = parsed
    calendar = new ICAL.Component((Array.isArray(first) ? first : parsed) as never)
  } catch (cause) {
    return refuse('bad_format', `no calendar: ${cause instanceof Error ? cause.message.slice(0, 200) : ''}`)
  }
  if (calendar.name !== 'vcalendar') return refuse('bad_format', 'no VCALENDAR; send the feed as it is')
  const lines = eventLines(text)
  const components = calendar
    .getAllSubcomponents('vevent')
    .map((event, i) => ({ event, line: lines[i] ?? 1 }))
  return accept({ rows: rowsOf(components, { kind, now }), ignored: [] })
}

interface Found {
  readonly event: ICAL.Component
  readonly line: number
}
interface Options {
  readonly kind: DraftKind
  readonly now: number
}

function* rowsOf(all: readonly Found[], options: Options): Generator<ImportRow> {
  const isException = ({ event }: Found) => event.hasProperty('recurrence-id')
  const uidOf = ({ event }: Found) => textOf(event, 'uid')
  const mains = new Set(all.filter((one) => !isException(one)).map(uidOf))
  const exceptions = Map.groupBy(all.filter(isException), uidOf)
  for (const found of all)
    if (!isException(found)) yield* eventRows(found, exceptions.get(uidOf(found)) ?? [], options)
    else if (!mains.has(uidOf(found))) yield* eventRows(found, [], options)
}

/** One bad event is one refused row; the others are read. */
function* eventRows(found: Found, exceptions: readonly Found[], options: Options): Generator<ImportRow> {
  const { event, line } = found
  try {
    const whole = new ICAL.Event(event)
    for (const one of exceptions) whole.relateException(one.event)
    if (!whole.isRecurring()) yield rowOf(found, whole.startDate, whole.endDate, '', options)
    else yield* repeated(found, whole, options)
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message.slice(0, 200) : String(cause)
    yield {
      line,
      fault: fault('VEVENT', textOf(event, 'uid'), reason, 'correct this event and send the feed again'),
    }
  }
}

/** What the library gives; its declaration names types that it does not bring. */
interface Occurrence {
  readonly startDate: ICAL.Time
  readonly endDate: ICAL.Time
  readonly recurrenceId: ICAL.Time
  readonly item: ICAL.Event
}

function* repeated(found: Found, whole: ICAL.Event, options: Options): Generator<ImportRow> {
  const rule = String(found.event.getFirstPropertyValue('rrule') ?? '')
  if (!isPlainRule(rule)) {
    const reason = 'a rule of repetition that is not read'
    yield {
      line: found.line,
      fault: fault('RRULE', rule, reason, 'write the events out, each with its own UID'),
    }
    return
  }
  const iterator = whole.iterator() as { next(): unknown }
  let taken = 0
  for (let step = 0; step < maxSteps && taken < maxOccurrences; step++) {
    const next = iterator.next() as ICAL.Time | null | undefined
    if (!next || next.toUnixTime() * 1_000 > options.now + reach) return
    const { startDate, endDate, recurrenceId, item } = whole.getOccurrenceDetails(next) as Occurrence
    if (endDate.toUnixTime() * 1_000 < options.now - reach) continue
    taken += 1
    yield rowOf({ ...found, event: item.component }, startDate, endDate, recurrenceId.toString(), options)
  }
  const reason = `repeats more than ${maxOccurrences} times within a year of now`
  yield {
    line: found.line,
    fault: fault('RRULE', rule, reason, 'send shorter series; the first ones were read'),
  }
}

function rowOf(
  { event, line }: Found,
  start: ICAL.Time,
  end: ICAL.Time,
  of: string,
  { kind }: Options,
): ImportRow {
  const tzid = (name: string) => event.getFirstProperty(name)?.getFirstParameter('tzid')
  const begins = icalTime(start, tzid('dtstart'))
  const ends = icalTime(end, tzid('dtend') ?? tzid('dtstart'))
  const strange = [begins, ends].find((one) => 'unknownZone' in one)
  if (strange && 'unknownZone' in strange) {
    const reason = 'no time zone of this name is known, and the file does not bring its VTIMEZONE'
    return {
      line,
      fault: fault('TZID', strange.unknownZone, reason, 'send times in UTC or with an IANA zone'),
    }
  }
  const uid = textOf(event, 'uid')
  const exception = of || textOf(event, 'recurrence-id')
  return {
    line,
    kind,
    input: {
      externalId: shortId(exception === '' ? uid : `${uid}/${exception}`),
      instrument:
        textOf(event, 'x-hours-instrument') || textOf(event, 'location') || textOf(event, 'resources'),
      from: valueOf(begins),
      to: valueOf(ends),
      user: personOf(event) || nobody,
      beneficiary: textOf(event, 'x-hours-beneficiary'),
      purpose: textOf(event, 'x-hours-purpose'),
      ...(textOf(event, 'status').toUpperCase() === 'CANCELLED' ? { cancelled: true } : {}),
    },
  }
}

const valueOf = (time: IcalTime) => ('at' in time ? time.at : 'local' in time ? time.local : '')

function textOf(event: ICAL.Component, name: string): string {
  const value = event.getFirstPropertyValue(name) as { toString(): string } | null
  return value === null ? '' : value.toString().trim()
}

function personOf(event: ICAL.Component): string {
  const person = event.getFirstProperty('attendee') ?? event.getFirstProperty('organizer')
  if (!person) return ''
  const mail = String(person.getFirstValue() ?? '').replace(/^mailto:/i, '')
  return (person.getFirstParameter('cn') || mail).trim()
}

/** Some calendars have UIDs longer than an id may be. */
const shortId = (id: string) =>
  id.length <= 120 ? id : `uid-${createHash('sha256').update(id).digest('base64url')}`

const eventLines = (text: string): number[] =>
  text.split('\n').flatMap((line, i) => (/^BEGIN:VEVENT/i.test(line) ? i + 1 : []))
