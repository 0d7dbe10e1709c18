import { HOUR } from '@hours/protocol'
import { describe, expect, it } from 'vitest'
import { figuresOfCase } from './case-file.ts'

/** A Monday in Shanghai. */
const t0 = Date.UTC(2025, 0, 5, 16)
const h = (hours: number) => t0 + hours * HOUR
const instrument = {
  id: 'sem',
  spans: [
    ['run', h(8), h(12)],
    ['off', h(12), h(20)],
  ],
  sessions: [
    {
      id: 's1',
      from: h(8),
      to: h(10),
      beneficiary: 'C1',
      relation: 'external',
      purpose: 'service',
      user: 'u1',
    },
    { id: 's2', from: h(10), to: h(12), beneficiary: 'C2', relation: 'external', purpose: 'service' },
  ],
}
const figures = (more: object) =>
  figuresOfCase({ period: [t0, h(24)], instruments: [{ ...instrument, ...more }] })
const of = (more: object) => {
  const read = figures(more)
  if (!read.ok) throw new Error(read.error.message)
  return read.value
}

describe('a case file', () => {
  it('counts no session without a user as a person', () => {
    const sessions = instrument.sessions.map((one, i) => (i === 1 ? { ...one, relation: 'own_unit' } : one))
    expect(of({ sessions }).fleet).toMatchObject({ shareUsersOrg: 0.5, shareUsersPerson: 1 })
    const strangers = sessions.map(({ user: _, ...one }) => one)
    expect(of({ sessions: strangers }).fleet).toMatchObject({ shareUsersOrg: 0.5, shareUsersPerson: null })
  })

  it('proves by counters no more power-on time than is unknown', () => {
    const { on, onUpper, states } = of({ recovered: 20 * HOUR }).instruments['sem']!
    expect([states.unknown, on, onUpper]).toEqual([12 * HOUR, 16 * HOUR, 16 * HOUR])
    expect(of({ recovered: HOUR }).instruments['sem']).toMatchObject({ on: 5 * HOUR, onUpper: 16 * HOUR })
  })

  it('refuses opening hours of no length by their place, and knows a whole day and one over midnight', () => {
    const scheduled = (from: string, to: string) => figures({ schedule: { weekly: { 1: [[from, to]] } } })
    for (const time of ['08:00', '00:00', '24:00']) {
      const read = scheduled(time, time)
      expect(read.ok ? '' : read.error.message).toMatch(
        /^instruments\.0\.schedule\.weekly\.1\.0.*end when they begin/,
      )
    }
    const open = (from: string, to: string) => {
      const read = scheduled(from, to)
      if (!read.ok) throw new Error(read.error.message)
      return read.value.instruments['sem']?.utilSchedule
    }
    expect([open('00:00', '24:00'), open('20:00', '06:00'), open('08:00', '16:00')]).toEqual([4 / 24, 0, 0.5])
  })
})
