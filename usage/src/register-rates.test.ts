import { DAY, HOUR, type RecordOf } from '@hours/protocol'
import { describe, expect, it } from 'vitest'
import { figuresOfCase } from './case-file.ts'
import { channelPeriod } from './channel-figures.ts'
import { registerState } from './register-rates.ts'

describe('rates out of the register', () => {
  const run = [['run', 0, HOUR]]
  const fleet = (instruments: readonly object[]) => {
    const made = figuresOfCase({ zone: 'UTC', period: [0, HOUR], instruments })
    if (!made.ok) throw new Error(made.error.message)
    return made.value.fleet
  }

  it('are over sets: watched by a sensor, listed by a channel; open ones over those that must be', () => {
    const rates = fleet([
      { id: 'a', spans: run, mustOpen: true, bookable: true, onNetwork: true },
      { id: 'b', mustOpen: true, bookable: false, takesSamples: false, onNetwork: false },
      { id: 'c', spans: run, mustOpen: true, takesSamples: true },
      { id: 'd', spans: run, bookable: true },
    ])
    expect(rates).toMatchObject({ sensorRate: 0.75, networkEntry: 0.25, openRate: 2 / 3 })
  })

  it('are not known where nobody has told: no must-open set, no channel; and not there without a register', () => {
    expect(fleet([{ id: 'a', bookable: true }])).toMatchObject({
      networkEntry: null,
      openRate: null,
      sensorRate: 0,
    })
    expect(fleet([{ id: 'a' }])).not.toHaveProperty('sensorRate')
  })

  it('go by the enrolment at the end of the period and by listings while the instrument was in the scope', () => {
    const enrolments = [
      { from: 0, mustOpen: true, bookable: false },
      { from: 50, mustOpen: false, takesSamples: true },
    ]
    const listed = [{ from: 90, to: 100 }]
    const state = (to: number, during = [{ from: 0, to }]) =>
      registerState({ enrolments, listed }, { span: { from: 0, to }, during })
    expect(state(50)).toEqual({ mustOpen: true, isOpen: false, onNetwork: false })
    expect(state(100)).toEqual({ mustOpen: false, isOpen: true, onNetwork: true })
    expect(state(100, [{ from: 0, to: 90 }])).toMatchObject({ onNetwork: false })
  })
})

describe('a channel over a period', () => {
  const digest = (day: string, probed: number, ok: number, completeness: number | null = null) =>
    ({ channel: 'net', day, probed, ok, completeness, failures: [] }) as unknown as RecordOf<'probe'>
  const memberships = [{ channel: 'net', from: 0 }] as never
  const days = (to: number, probes: readonly RecordOf<'probe'>[]) =>
    channelPeriod('channel:net', { probes, memberships }, { zone: 'UTC', from: 0, to: to * DAY })

  it('is available by its probes; what was not probed may have been either', () => {
    const probes = [
      digest('1970-01-01', 10, 9, 0.5),
      digest('1970-01-03', 8, 4, 1),
      digest('1970-01-09', 10, 0),
    ]
    expect(days(3, probes)).toEqual({
      channelAvail: { value: 13 / 18, lower: 13 / 30, upper: 25 / 30, denominator: 'probed' },
      infoComplete: 13 / 18,
    })
  })

  it('counts from the day that it lists anything or is first probed', () => {
    const probes = [digest('1970-01-03', 10, 10)]
    const late = (from: number) =>
      channelPeriod(
        'channel:net',
        { probes, memberships: [{ channel: 'net', from }] as never },
        { zone: 'UTC', from: 0, to: 4 * DAY },
      )?.channelAvail.lower
    expect([late(9 * DAY), late(2 * DAY), late(DAY + 1), late(0)]).toEqual([0.5, 0.5, 1 / 3, 0.25])
  })

  it('that was never probed, or lists nothing yet, has no figure; another scope has none of it', () => {
    expect(days(3, [])).toMatchObject({
      channelAvail: { value: null, lower: null, upper: null },
      infoComplete: null,
    })
    expect(
      channelPeriod('all', { probes: [], memberships }, { zone: 'UTC', from: 0, to: DAY }),
    ).toBeUndefined()
  })
})
