import { DAY, HOUR } from '@hours/protocol'
import {
  attribute,
  figuresOfCase,
  instrumentFigures,
  type InstrumentInput,
  type UseSession,
} from '@hours/usage'
import { describe, expect, it } from 'vitest'

const session = (id: string, from: number, to: number, more: Partial<UseSession> = {}): UseSession => ({
  id,
  from,
  to,
  beneficiary: 'own',
  relation: 'same_entity',
  purpose: 'research',
  user: id,
  ...more,
})
const t0 = Date.UTC(2025, 0, 1)
const input: InstrumentInput = {
  id: 'lab/sem',
  zone: 'UTC',
  spans: [{ state: 'run', from: t0 - DAY, to: t0 + 10 * DAY }],
  enrolled: [{ from: t0 - 9 * DAY, to: t0 + 400 * DAY }],
  prepMs: 0,
  postMs: 0,
  maintenance: [],
  sessions: [],
}
const over = (from: number, to: number, more: Partial<InstrumentInput> = {}) =>
  instrumentFigures({ ...input, ...more }, { from, to }).figures

/** domain.md, section 1.5: what published booking software gets wrong. */
describe('the regression list', () => {
  it('a session belongs to both periods it touches, each its own part, never whole to that of its end', () => {
    const sessions = [session('s', t0 - 3 * HOUR, t0 + HOUR)]
    expect(over(t0 - DAY, t0, { sessions }).purpose.research).toBe(3 * HOUR)
    expect(over(t0, t0 + DAY, { sessions }).purpose.research).toBe(HOUR)
  })

  it('the instant between two periods is counted once: intervals are half-open', () => {
    const sessions = [session('s', t0 - HOUR, t0)]
    expect(over(t0, t0 + DAY, { sessions }).purpose.research).toBe(0)
    expect(over(t0 - DAY, t0, { sessions }).purpose.research).toBe(HOUR)
  })

  it('overlapping records of users are not added: union first, then equal parts', () => {
    const sessions = [session('a', t0, t0 + 4 * HOUR), session('b', t0 + 2 * HOUR, t0 + 6 * HOUR)]
    const { bySession, unattributed } = attribute([{ from: t0, to: t0 + 6 * HOUR }], sessions)
    expect([...bySession]).toEqual([
      ['a', 3 * HOUR],
      ['b', 3 * HOUR],
    ])
    expect(unattributed).toBe(0)
  })

  it('sensed time is not counted again for each record that overlaps it', () => {
    const three = ['a', 'b', 'c'].map((id) => session(id, t0, t0 + 6 * HOUR))
    const figures = over(t0, t0 + 6 * HOUR, { sessions: three })
    expect(figures.effective).toBe(6 * HOUR)
    expect(figures.purpose.research).toBe(6 * HOUR)
  })

  it('three sessions at once get a third each, to the millisecond, and are a finding', () => {
    const three = ['a', 'b', 'c'].map((id) => session(id, t0, t0 + 1_000))
    const { bySession, overlaps } = attribute([{ from: t0, to: t0 + 1_000 }], three)
    expect([...bySession.values()].reduce((sum, ms) => sum + ms, 0)).toBe(1_000)
    for (const ms of bySession.values()) expect(Math.abs(ms - 1_000 / 3)).toBeLessThan(1)
    expect(overlaps.map(({ from, to, sessions }) => [from, to, sessions.length])).toEqual([
      [t0, t0 + 1_000, 3],
    ])
  })

  it('sessions of other instruments never join in: no cross product', () => {
    const own = over(t0, t0 + DAY, { sessions: [session('s', t0, t0 + HOUR)] })
    const idle = over(t0, t0 + DAY, { sessions: [] })
    expect(own.effective).toBe(idle.effective)
    expect(own.unattributed + HOUR).toBe(idle.unattributed)
  })

  it('a session that is still open at the year’s end is cut there, not dropped', () => {
    const open = [session('s', t0 + 9 * DAY, t0 + 900 * DAY)]
    expect(over(t0, t0 + 365 * DAY, { sessions: open }).purpose.research).toBe(DAY)
  })

  it('hours, samples and money are never one another: samples change no hour', () => {
    const with40 = over(t0, t0 + DAY, { sessions: [session('s', t0, t0 + HOUR, { samples: 40 })] })
    expect(with40).toEqual(over(t0, t0 + DAY, { sessions: [session('s', t0, t0 + HOUR)] }))
  })

  it('a zero denominator is null, never 0 %', () => {
    const nothing = over(t0, t0 + DAY, { spans: [], enrolled: [], schedule: [], quotaHours: 1_400 })
    for (const rate of Object.values(nothing.rates)) expect(rate).toMatchObject({ value: null })
    expect(nothing.grade).toBe('not verifiable')
  })
})

/** domain.md, section 4.7, last paragraph, and the annex of issue 4. */
describe('more vectors', () => {
  const base = { zone: 'UTC', period: [t0, t0 + DAY] }
  const figures = (instrument: Record<string, unknown>, more: Record<string, unknown> = {}) => {
    const result = figuresOfCase({ ...base, ...more, instruments: [{ id: 'a', ...instrument }] })
    if (!result.ok) throw new Error(result.error.message)
    return result.value
  }

  it('a period with E = 0 has no sharing rate', () => {
    const { instruments, fleet } = figures({ spans: [['off', t0, t0 + DAY]] })
    expect(instruments['a']).toMatchObject({
      effective: 0,
      shareHours: null,
      shareWeighted: null,
      coverage: 1,
    })
    expect(fleet).toMatchObject({ shareHours: null, shareUsersOrg: null, shareInstruments: 0 })
  })

  it('a case with no instruments has no rates at all', () => {
    const result = figuresOfCase({ ...base, instruments: [] })
    expect(result).toMatchObject({
      ok: true,
      value: { instruments: {}, fleet: { on: 0, meanOnPerSet: null } },
    })
  })

  it('a fully known day has no upper bound above its value, though warm-up would be allowed', () => {
    const spans = [
      ['standby', t0, t0 + 9 * HOUR],
      ['run', t0 + 9 * HOUR, t0 + 10 * HOUR],
      ['standby', t0 + 10 * HOUR, t0 + DAY],
    ]
    const a = figures({ spans, prep: HOUR, post: HOUR }).instruments['a']
    expect(a).toMatchObject({ effective: 3 * HOUR, effectiveUpper: 3 * HOUR })
  })

  it('a quota over two years takes of each year its share', () => {
    const from = Date.UTC(2024, 11, 31)
    const to = Date.UTC(2025, 0, 2)
    const a = figures({ spans: [['run', from, to]], quota: 1_400 }, { period: [from, to] }).instruments['a']
    expect(a?.utilQuota).toBeCloseTo(48 / (1_400 * (24 / 8_784 + 24 / 8_760)), 12)
  })

  it('a schedule of 01:00-04:00 is 2 h on the spring day and 4 h on the autumn day', () => {
    const schedule = { weekly: { '7': [['01:00', '04:00']] } }
    const open = (date: string, length: number) => {
      const from = Temporal.PlainDate.from(date).toZonedDateTime('Europe/Berlin').epochMilliseconds
      const to = from + length * HOUR
      const a = figures(
        { spans: [['run', from, to]], schedule },
        { zone: 'Europe/Berlin', period: [from, to] },
      ).instruments['a']
      expect(a?.utilSchedule).toBe(1)
      return ((a?.effective ?? 0) - (a?.offSchedule ?? 0)) / HOUR
    }
    expect([open('2026-03-29', 23), open('2026-10-25', 25), open('2026-10-18', 24)]).toEqual([2, 4, 3])
  })

  it('always-on sets, exclusive ones and enrolled stretches are read as they come', () => {
    const a = figures({
      always_on: true,
      exclusive: true,
      quota: null,
      schedule: null,
      sessions: null,
      enrolled: [
        [t0, t0 + HOUR],
        [t0 + 2 * HOUR, t0 + 3 * HOUR],
      ],
      spans: [['run', t0, t0 + DAY]],
    }).instruments['a']
    expect(a).toMatchObject({ run: 2 * HOUR, effective: 2 * HOUR, utilCalendar: 1 })
    expect(a).not.toHaveProperty('utilQuota')
    expect(a).not.toHaveProperty('utilSchedule')
  })

  it.each([
    [{ zone: 'Mars/Olympus' }, 'zone: "Mars/Olympus"'],
    [{ period: [t0] }, 'period'],
    [{ period: [0, 9e15] }, 'period.1: 9000000000000000'],
    [{ instruments: [{ id: 'a', spans: [['on', 0, 1]] }] }, 'instruments.0.spans.0.0: "on"'],
    [{ instruments: [{ id: 'a', schedule: { weekly: { '8': [] } } }] }, 'instruments.0.schedule.weekly'],
    [{ instruments: [{ id: 'a', schedule: { weekly: { '1': [['8', '9']] } } }] }, '"8"'],
  ])('a fault is named with its path and value: %j', (more, message) => {
    const result = figuresOfCase({ ...base, instruments: [], ...more })
    expect(result.ok ? '' : result.error.message).toContain(message)
  })
})
