import { DAY, HOUR } from '@hours/protocol'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { civilDays, civilYear, dayAt, dayLabel, dayStart, weekdayOf } from './calendar.ts'
import { attributed } from './attribution.ts'
import { eachPart } from './daily-rows.ts'
import { clip, intersect, subtract, total, union } from './intervals.ts'
import { expandSchedule } from './schedule.ts'
import { byWeekHour, weekHours } from './week-hours.ts'

const zones = ['Europe/Berlin', 'Australia/Lord_Howe', 'America/Sao_Paulo', 'Pacific/Apia', 'Asia/Kathmandu']

describe('local hours', () => {
  it('leave out what spring leaves out and have twice what autumn has twice', () => {
    const hours = (zone: string, date: string) => {
      const from = Temporal.PlainDate.from(date).toZonedDateTime(zone).epochMilliseconds
      const end = dayStart(zone, dayAt(zone, from) + 1)
      return weekHours(zone, from, end).map(({ how, from: a, to: b }) => [how % 24, (b - a) / HOUR])
    }
    expect(hours('Europe/Berlin', '2026-03-29').slice(1, 4)).toEqual([
      [1, 1],
      [3, 1],
      [4, 1],
    ])
    expect(hours('Europe/Berlin', '2026-10-25')[2]).toEqual([2, 2])
    expect(hours('Australia/Lord_Howe', '2026-10-04')[2]).toEqual([2, 0.5])
    expect(hours('Australia/Lord_Howe', '2026-04-05')[1]).toEqual([1, 1.5])
    expect(hours('America/Sao_Paulo', '2018-11-04')[0]).toEqual([1, 1])
  })

  it('cover every window exactly, in every zone', () => {
    const origin = Date.UTC(2011, 11, 1)
    fc.assert(
      fc.property(fc.constantFrom(...zones), fc.nat(365 * DAY), fc.nat(20 * DAY), (zone, start, length) => {
        const window = { from: origin + start, to: origin + start + length }
        const hours = weekHours(zone, window.from, window.to)
        expect(union(hours)).toEqual(length > 0 ? [window] : [])
        expect(byWeekHour([window], zone, window).reduce((sum, ms) => sum + ms, 0)).toBe(length)
      }),
      { numRuns: 60 },
    )
  })
})

describe('nothing', () => {
  it('has no hours, no parts and no end in sight of it: empty windows come back at once', () => {
    const at = Date.UTC(2026, 0, 1)
    expect(byWeekHour([{ from: at, to: at }], 'UTC', { from: at, to: at })).toEqual(new Array(168).fill(0))
    const seen: unknown[] = []
    eachPart([{ from: at, to: at }], [{ from: at - 2, to: at - 1 }], (...part) => seen.push(part))
    expect(seen).toEqual([])
    const one = { id: 's', from: at - 9, to: at - 1, beneficiary: 'o', user: 'u' }
    const session = { ...one, relation: 'external' as const, purpose: 'service' as const }
    expect([...attributed([{ from: at, to: at }], [session])]).toEqual([])
  })
})

describe('civil days', () => {
  it('skip the date that Samoa never had', () => {
    const days = civilDays('Pacific/Apia', Date.UTC(2011, 11, 29, 12), Date.UTC(2011, 11, 31, 12))
    expect(days.map(({ label }) => label)).toEqual(['2011-12-29', '2011-12-31', '2012-01-01'])
    for (const { from, to } of days) expect(to - from).toBe(24 * HOUR)
  })

  it('agree with the calendar on weekdays and labels, before 1970 too', () => {
    for (const date of ['1969-12-31', '1970-01-01', '2000-02-29', '2026-11-23', '2100-03-01']) {
      const plain = Temporal.PlainDate.from(date)
      const day = dayAt('UTC', plain.toZonedDateTime('UTC').epochMilliseconds)
      expect([dayLabel(day), weekdayOf(day)]).toEqual([date, plain.dayOfWeek])
    }
  })

  it('make up academic years too', () => {
    const year = civilYear('Asia/Shanghai', Date.UTC(2025, 2, 1), 'academic')
    expect([year.label, (year.to - year.from) / HOUR]).toEqual(['AY2024', 8_760])
    // 1 September begins in Shanghai at 16:00 UTC of the day before.
    const first = Date.UTC(2025, 7, 31, 16)
    expect(civilYear('Asia/Shanghai', first - 1, 'academic').label).toBe('AY2024')
    expect(civilYear('Asia/Shanghai', first, 'academic').label).toBe('AY2025')
    expect(civilYear('Asia/Shanghai', Date.UTC(2025, 7, 15), 'academic')).toEqual(year)
    expect(civilYear('UTC', Date.UTC(2025, 7, 15), 'academic').label).toBe('AY2024')
  })
})

describe('opening hours', () => {
  it('over midnight end on the next day, and a period may begin in the middle of them', () => {
    const night = { weekly: { '1': [['22:00', '06:00']] as const } }
    const tuesday = Date.UTC(2025, 0, 7)
    expect(expandSchedule(night, 'UTC', { from: tuesday, to: tuesday + DAY })).toEqual([
      { from: tuesday, to: tuesday + 6 * HOUR },
    ])
  })

  it('follow a dated exception instead of the weekday, and 24:00 is the end of the day', () => {
    const rules = { weekly: { '3': [['08:00', '20:00']] as const }, exceptions: { '2025-01-01': [] } }
    const from = Date.UTC(2025, 0, 1)
    expect(expandSchedule(rules, 'UTC', { from, to: from + 7 * DAY })).toEqual([])
    const all = { weekly: { '3': [['00:00', '24:00']] as const } }
    expect(total(expandSchedule(all, 'America/Sao_Paulo', { from, to: from + 7 * DAY }))).toBe(24 * HOUR)
  })
})

describe('interval algebra', () => {
  const list = fc.array(
    fc.tuple(fc.integer({ min: -30, max: 30 }), fc.nat(12)).map(([from, n]) => ({ from, to: from + n })),
    { maxLength: 8 },
  )
  it('says of every instant what sets say', () => {
    fc.assert(
      fc.property(list, list, (x, y) => {
        const [a, b] = [union(x), union(y)]
        const has = (all: readonly { from: number; to: number }[], t: number) =>
          all.some(({ from, to }) => from <= t && t < to)
        for (let t = -31; t < 45; t++) {
          expect(has(a, t)).toBe(has(x, t))
          expect(has(intersect(a, b), t)).toBe(has(a, t) && has(b, t))
          expect(has(subtract(a, b), t)).toBe(has(a, t) && !has(b, t))
        }
        expect(total(intersect(a, b)) + total(subtract(a, b))).toBe(total(a))
        expect(clip(a, { from: -5, to: 5 })).toEqual(intersect(a, [{ from: -5, to: 5 }]))
      }),
      { numRuns: 300 },
    )
  })
})
