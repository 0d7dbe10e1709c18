import { expect, it } from 'vitest'
import { dateOf, dayStart, hourAfter, instantOfDate, monthStart } from './zone.ts'

/** Three of these change their clocks at midnight itself: it does not exist, or comes twice. */
const zones = [
  'Europe/Berlin',
  'America/Santiago',
  'Africa/Cairo',
  'Asia/Beirut',
  'Australia/Lord_Howe',
  'Asia/Shanghai',
]

it.each(zones)('days, months and dates of %s begin where Temporal says, in two years', (zone) => {
  let date = Temporal.PlainDate.from('2023-12-31')
  for (let i = 0; i < 740; i++) {
    const start = date.toZonedDateTime(zone).epochMilliseconds
    const next = date.add({ days: 1 })
    const end = next.toZonedDateTime(zone).epochMilliseconds
    const found = [
      instantOfDate(zone, date.toString()),
      dayStart(zone, start),
      dayStart(zone, end - 1),
      dayStart(zone, end, -1),
      dayStart(zone, start, 1),
      monthStart(zone, end - 1),
      dateOf(zone, start),
      dateOf(zone, end - 1),
    ]
    const month = date.with({ day: 1 }).toZonedDateTime(zone).epochMilliseconds
    const name = date.toString()
    expect(found, name).toEqual([start, start, start, start, end, month, name, name])
    for (let at = start; at < end; ) {
      const later = hourAfter(zone, at, 6)
      expect(later, name).toBeGreaterThan(at)
      at = later
    }
    date = next
  }
})
