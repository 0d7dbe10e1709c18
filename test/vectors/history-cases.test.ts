import { DAY, HOUR, MINUTE, states } from '@hours/protocol'
import { type Change, statesByDay, windowFigure } from '@hours/usage'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'

/** ../shared/vectors/history-cases.md, section 1: facts from the tests of Home Assistant's history_stats. */
const t0 = Date.UTC(2026, 4, 4)
const min = (n: number) => t0 + n * MINUTE
const at = (clock: string, day = 0) => {
  const [h = 0, m = 0] = clock.split(':').map(Number)
  return t0 + day * DAY + h * HOUR + m * MINUTE
}
const change = (when: number, state: string): Change => ({ at: when, state })
const shown = (figure: ReturnType<typeof windowFigure>) =>
  figure === null
    ? null
    : [Math.round(figure.ms / 36_000) / 100, figure.count, Math.round(figure.ratio * 1_000) / 10]
const hoursOf = (figure: ReturnType<typeof windowFigure>) => (figure === null ? null : figure.ms / HOUR)

describe('the thirteen window cases', () => {
  it('1: on for two stretches of the last hour', () => {
    const history = [change(min(20), 'on'), change(min(30), 'off'), change(min(40), 'on')]
    expect(shown(windowFigure(history, ['on'], { from: min(0), to: min(60) }, min(60)))).toEqual([0.5, 2, 50])
  })
  it('2: two states asked together', () => {
    const history = [change(min(20), 'orange'), change(min(40), 'default'), change(min(50), 'blue')]
    expect(shown(windowFigure(history, ['orange', 'blue'], { from: min(0), to: min(60) }, min(60)))).toEqual([
      0.5, 2, 50,
    ])
  })
  it('3: never seen is unknown, not 0', () => {
    expect(windowFigure([], ['on'], { from: min(0), to: min(60) }, min(60))).toBeNull()
  })
  it('4: on before the window, and said again three times', () => {
    const history = [
      change(min(0) - 10_000, 'on'),
      change(min(10), 'on'),
      change(min(20), 'on'),
      change(min(30), 'on'),
    ]
    expect(shown(windowFigure(history, ['on'], { from: min(0), to: min(60) }, min(60)))).toEqual([1, 1, 100])
  })
  it('5: off throughout', () => {
    expect(
      shown(windowFigure([change(min(-5), 'off')], ['on'], { from: min(0), to: min(60) }, min(60))),
    ).toEqual([0, 0, 0])
  })
  it('6: a fixed window of 2 h, which never changes once it is closed', () => {
    const history = [change(min(0), 'on'), change(min(90), 'off'), change(min(105), 'on')]
    const asked = (now: number) =>
      shown(windowFigure(history, ['on'], { from: min(0), to: min(120) }, min(now)))
    expect([60, 90, 105, 120].map(asked)).toEqual([
      [1, 1, 50],
      [1.5, 1, 75],
      [1.5, 1, 75],
      [1.75, 2, 87.5],
    ])
    expect(asked(125)).toEqual([1.75, 2, 87.5])
  })
  it('7: from 0 to now', () => {
    const history = [change(min(0), 'on'), change(min(90), 'off'), change(min(105), 'on')]
    expect(hoursOf(windowFigure(history, ['on'], { from: min(0), to: min(107) }, min(107)))).toBeCloseTo(
      1.53333333333333,
      12,
    )
  })
  it('8: a sliding hour', () => {
    const history = [change(at('00:00'), 'on'), change(at('00:15'), 'off')]
    const asked = (clock: string) =>
      shown(windowFigure(history, ['on'], { from: at(clock) - HOUR, to: at(clock) }, at(clock)))
    expect(['00:15', '00:45', '01:05', '01:10', '01:20'].map(asked)).toEqual([
      [0.25, 1, 25],
      [0.25, 1, 25],
      [0.17, 1, 16.7],
      [0.08, 1, 8.3],
      [0, 0, 0],
    ])
  })
  it('9: 55 minutes that end five minutes ago', () => {
    const history = [change(at('00:00'), 'on'), change(at('00:15'), 'off')]
    const asked = (clock: string) => {
      const to = at(clock) - 5 * MINUTE
      return shown(windowFigure(history, ['on'], { from: to - 55 * MINUTE, to }, at(clock)))
    }
    expect(['00:15', '00:45', '01:05', '01:10', '01:20'].map(asked)).toEqual([
      [0.17, 1, 18.2],
      [0.25, 1, 27.3],
      [0.17, 1, 18.2],
      [0.08, 1, 9.1],
      [0, 0, 0],
    ])
  })
  it('10: a window half of which lies ahead: the ratio is of the whole', () => {
    const history = [change(min(20), 'on'), change(min(30), 'off'), change(min(40), 'on')]
    const now = min(30)
    expect(shown(windowFigure(history, ['on'], { from: now - HOUR, to: now + HOUR }, now))).toEqual([
      0.17, 1, 8.3,
    ])
  })
  it('11: a window in the evening, asked in the night before', () => {
    const history = [change(at('01:45'), 'on')]
    const evening = { from: at('23:00'), to: at('24:00') }
    for (const clock of ['00:00', '01:00', '02:00'])
      expect(windowFigure(history, ['on'], evening, at(clock))).toBeNull()
    expect(hoursOf(windowFigure(history, ['on'], evening, at('23:05')))).toBeCloseTo(0.0833333333333333, 12)
    const next = { from: at('23:00', 1), to: at('24:00', 1) }
    expect(windowFigure([], ['on'], next, at('23:05', 1))).toBeNull()
    expect(hoursOf(windowFigure([change(at('22:00', 1), 'off')], ['on'], next, at('23:05', 1)))).toBe(0)
  })
  it('12: today to now, across a change a fraction after midnight', () => {
    const midnight = at('00:00', 1)
    const history = [
      change(at('12:00'), 'on'),
      change(midnight, 'off'),
      change(midnight + 10 * MINUTE, 'on'),
      change(midnight + 70 * MINUTE, 'off'),
      change(midnight + 130 * MINUTE, 'on'),
    ]
    const today = (now: number) =>
      shown(
        windowFigure(
          history,
          ['on'],
          { from: now < midnight ? t0 : midnight, to: now < midnight ? midnight : midnight + DAY },
          now,
        ),
      )?.[0] ?? 0
    expect(
      [
        at('23:00'),
        at('23:59'),
        midnight,
        midnight + 10 * MINUTE,
        midnight + 130 * MINUTE,
        midnight + 190 * MINUTE,
      ].map(today),
    ).toEqual([11, 11.98, 0, 0, 1, 2])
  })
  it('13: today to now, over midnight', () => {
    const end = at('16:00', 1) + 860
    const history = [
      change(t0 - HOUR, 'off'),
      change(at('01:20'), 'on'),
      change(at('01:30'), 'off'),
      change(at('01:40'), 'on'),
      change(at('02:00'), 'off'),
      change(at('04:00'), 'on'),
      change(end, 'off'),
    ]
    const today = (now: number) => {
      const from = t0 + Math.floor((now - t0) / DAY) * DAY
      return hoursOf(windowFigure(history, ['on'], { from, to: from + DAY }, now)) ?? 0
    }
    expect([at('02:00'), at('04:00'), at('06:00'), at('00:00', 1), at('12:00', 1)].map(today)).toEqual([
      0.5, 0.5, 2.5, 0, 12,
    ])
    expect(today(at('18:00', 1))).toBeCloseTo(16.0002388888929, 9)
  })
})

describe('the states of each local day', () => {
  it.each([
    ['Europe/Berlin', '2026-03-29', 23],
    ['Europe/Berlin', '2026-10-25', 25],
    ['Australia/Lord_Howe', '2026-10-04', 23.5],
    ['Australia/Lord_Howe', '2026-04-05', 24.5],
    ['Asia/Shanghai', '2026-03-29', 24],
  ])('sum to its length: %s %s', (zone, date, hours) => {
    const day = Date.parse(`${date}T00:00:00Z`)
    fc.assert(
      fc.property(
        fc.array(
          fc.tuple(fc.constantFrom(...states), fc.integer({ min: -2 * DAY, max: 2 * DAY }), fc.nat(DAY)),
          { maxLength: 12 },
        ),
        (list) => {
          const spans = list.map(([state, from, length]) => ({
            state,
            from: day + from,
            to: day + from + length,
          }))
          const days = statesByDay(spans, { from: day - 2 * DAY, to: day + 2 * DAY }, zone)
          const one = days.find(({ label }) => label === date)!
          expect(Object.values(one.states).reduce((a, b) => a + b, 0)).toBe(hours * HOUR)
          const all = days.reduce(
            (sum, { states: s }) => sum + Object.values(s).reduce((a, b) => a + b, 0),
            0,
          )
          expect(all).toBe(4 * DAY)
        },
      ),
      { numRuns: 100 },
    )
  })
})
