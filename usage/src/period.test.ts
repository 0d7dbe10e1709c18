import { HOUR } from '@hours/protocol'
import { describe, expect, it } from 'vitest'
import { civilDays, civilMonths } from './calendar.ts'
import { parsePeriod } from './period.ts'

const hours = (text: string, zone: string) => {
  const period = parsePeriod(text, zone)
  if (!period.ok) throw new Error(period.error.message)
  return (period.value.to - period.value.from) / HOUR
}

describe('periods that people type', () => {
  it.each([
    ['2024', 'Asia/Shanghai', 8_784],
    ['2025', 'Europe/Berlin', 8_760],
    ['AY2023', 'Asia/Shanghai', 8_784],
    ['AY2024', 'Asia/Shanghai', 8_760],
    ['2025-03', 'Europe/Berlin', 31 * 24 - 1],
    ['2025-W02', 'Asia/Shanghai', 168],
    ['2025-01-01..2025-01-08', 'Asia/Shanghai', 168],
    ['2025-01-01', 'Asia/Shanghai', 24],
  ])('%s in %s has %d hours', (text, zone, expected) => {
    expect(hours(text, zone)).toBe(expected)
  })

  it('begin where the worked week begins', () => {
    const week = parsePeriod('2025-01-01..2025-01-08', 'Asia/Shanghai')
    expect(week).toMatchObject({ ok: true, value: { from: 1_735_660_800_000, to: 1_736_265_600_000 } })
  })

  it('reach from 1990 to 2199', () => {
    expect(hours('1990-01-01..2200-01-01', 'UTC')).toBe(76_701 * 24)
    expect(hours('2199-12-31', 'UTC')).toBe(24)
  })

  it.each([
    '2025-13',
    '2025-02-30',
    '2025-W54',
    '2024-W53',
    '2025-01-08..2025-01-01',
    '25',
    'AY25',
    '',
    '2025-1',
    '1989',
    '2200',
    '0001-01-01..9999-12-31',
    '1500-01-01..2500-01-01',
    'AY2199',
  ])('refuse %j and say what is wanted', (text) => {
    expect(parsePeriod(text, 'UTC')).toMatchObject({ ok: false, error: { code: 'bad_period' } })
  })
})

/** Day lengths of history-cases.md, section 2 (computed with tzdata). */
describe('civil days', () => {
  it.each([
    ['Europe/Berlin', '2026-03-29', 23],
    ['Europe/Berlin', '2026-10-25', 25],
    ['America/New_York', '2026-03-08', 23],
    ['America/New_York', '2026-11-01', 25],
    ['Australia/Lord_Howe', '2026-04-05', 24.5],
    ['Australia/Lord_Howe', '2026-10-04', 23.5],
    ['Africa/Cairo', '2026-04-24', 23],
    ['America/Sao_Paulo', '2018-11-04', 23],
    ['Asia/Shanghai', '2026-03-29', 24],
    ['Asia/Shanghai', '1991-04-14', 23],
    ['Asia/Shanghai', '1991-09-15', 25],
  ])('%s %s has %d hours', (zone, date, expected) => {
    expect(hours(date, zone)).toBe(expected)
  })

  it('follow each other without a hole, and months are made of them', () => {
    for (const zone of ['Europe/Berlin', 'Australia/Lord_Howe', 'Asia/Shanghai']) {
      const from = Date.UTC(2026, 0, 15)
      const to = Date.UTC(2026, 11, 15)
      const days = civilDays(zone, from, to)
      for (const [i, day] of days.entries()) if (i > 0) expect(day.from).toBe(days[i - 1]!.to)
      const months = civilMonths(zone, from, to)
      for (const month of months.slice(1, -1)) {
        const own = days.filter((day) => day.label.startsWith(month.label))
        expect([own[0]?.from, own.at(-1)?.to]).toEqual([month.from, month.to])
      }
    }
  })
})
