import { expect, it } from 'vitest'
import { causesText } from './causes.ts'

const of = (hours: Readonly<Record<string, number>>) => ({ get: (name: string) => hours[name] ?? null })

it('names where the time went that was not used, in either language', () => {
  const scope = of({ faultH: 210, unknownH: 90.04, maintenanceH: 0.04, offH: 400 })
  expect(causesText(scope, 'en')).toBe('210.0 h fault, 90.0 h unknown and 400.0 h off')
  expect(causesText(scope, 'zh')).toBe('故障 210.0 小时、未知 90.0 小时、关机 400.0 小时')
  expect(causesText(of({ standbyH: 3 }), 'en')).toBe('3.0 h standby')
})

it('says so where all of the time was used', () => {
  expect([causesText(of({}), 'en'), causesText(of({}), 'zh')]).toEqual([
    'a short time enrolled',
    '在册时间短',
  ])
})
