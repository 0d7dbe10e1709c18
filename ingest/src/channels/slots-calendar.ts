import type { Interval } from '@hours/usage'
import ICAL from 'ical.js'

/** Idle slots as an iCalendar (RFC 5545): one transparent event a slot, the same uid for the same slot at every reading. */
export function slotsCalendar(options: {
  /** `site/instrument`. */
  readonly key: string
  readonly name: string
  readonly slots: readonly Interval[]
  /** When this was made, Unix ms. */
  readonly at: number
  readonly simulated: boolean
}): string {
  const { key, name, slots, at, simulated } = options
  const mark = simulated ? 'SIMULATED ' : ''
  const calendar = new ICAL.Component('vcalendar')
  calendar.updatePropertyWithValue('version', '2.0')
  calendar.updatePropertyWithValue('prodid', '-//Instrument Hours//availability//EN')
  calendar.updatePropertyWithValue('method', 'PUBLISH')
  calendar.updatePropertyWithValue('x-wr-calname', `${mark}${name}: free`)
  for (const { from, to } of slots) {
    const event = new ICAL.Component('vevent')
    event.updatePropertyWithValue('uid', `free-${key.replace('/', '.')}-${from}-${to}`)
    event.updatePropertyWithValue('dtstamp', utc(at))
    event.updatePropertyWithValue('dtstart', utc(from))
    event.updatePropertyWithValue('dtend', utc(to))
    event.updatePropertyWithValue('summary', `${mark}free: ${name}`)
    event.updatePropertyWithValue('location', key)
    event.updatePropertyWithValue('transp', 'TRANSPARENT')
    calendar.addSubcomponent(event)
  }
  return `${calendar.toString()}\r\n`
}

const utc = (at: number) => ICAL.Time.fromJSDate(new Date(at), true)
