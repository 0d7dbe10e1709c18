import { expect, it } from 'vitest'
import { quotaHours } from './figure-reading.ts'

const figure = (kpi: string, denominator?: string | null) => [
  { of: 'bench/sem', kpi, value: 0.5, ...(denominator === undefined ? {} : { denominator }) },
]

it('reads the quota that the rule set has for an instrument, and none where there is none', () => {
  expect(quotaHours(figure('util_quota', 'quota:800'))).toBe(800)
  expect(quotaHours(figure('utilQuota', 'quota:1400'))).toBe(1400)
  for (const over of ['quota:mixed', 'calendar', null, undefined])
    expect(quotaHours(figure('utilQuota', over))).toBeUndefined()
  expect(quotaHours(figure('utilCalendar', 'quota:800'))).toBeUndefined()
  expect(quotaHours(undefined)).toBeUndefined()
})
