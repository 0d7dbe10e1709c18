import { DAY, MINUTE } from '@hours/protocol'
import { describe, expect, it } from 'vitest'
import { pageOf } from './chain.fixture.ts'
import { clockFindings, isClockTrusted, judgeTime } from './clock-rules.ts'
import { emptyStream, extendStream, skipForeign } from './record-stream.ts'
import { createTimeIndex } from './time-index.ts'

const { page } = pageOf(0)
const clock = page.clock

describe('time records', () => {
  const index = createTimeIndex()
  index.add({ year: 2026, index: 1 }, 100)
  index.add({ year: 2026, index: 5 }, 200)
  index.add({ year: 2027, index: 2 }, 300)
  it('say when a page arrived: the first one after it', () => {
    const arrival = (i: number, year = 2026) => index.arrivalOf({ year, index: i })
    expect([arrival(0), arrival(1), arrival(4), arrival(5), arrival(0, 2027), arrival(2, 2027)]).toEqual([
      100,
      200,
      200,
      300,
      300,
      undefined,
    ])
  })
  it('say how old what a gateway has seen is: the last one within that size', () => {
    expect([
      index.timeWithin(2026, 1),
      index.timeWithin(2026, 2),
      index.timeWithin(2026, 6),
      index.timeWithin(2027, 1),
    ]).toEqual([undefined, 100, 200, 200])
  })
})

describe('R6: a page', () => {
  it('is live up to 20 min after its end, and late beyond', () => {
    expect(judgeTime(page, { arrival: page.to + 20 * MINUTE }).class).toBe('live')
    expect(judgeTime(page, { arrival: page.to + 20 * MINUTE + 1 }).class).toBe('late')
  })
})

describe('R5: times of a page', () => {
  it('cannot begin long before what the gateway had seen when it sealed the page before', () => {
    const arrival = page.to + MINUTE
    const edge = page.from + 10 * MINUTE + clock.errorMs
    expect(judgeTime(page, { arrival, earliest: edge })).toEqual({ class: 'live', findings: [] })
    expect(judgeTime(page, { arrival, earliest: edge + 1 })).toMatchObject({
      unknown: 'time',
      findings: [{ code: 'time_bracket' }],
    })
  })
  it('cannot end after the page arrived', () => {
    const arrival = page.to - MINUTE - clock.errorMs
    expect(judgeTime(page, { arrival }).unknown).toBeUndefined()
    expect(judgeTime(page, { arrival: arrival - 1 })).toMatchObject({
      unknown: 'time',
      findings: [{ code: 'time_bracket' }],
    })
  })
})

describe('R5 with a clock that says it may be wrong', () => {
  const vague = { ...page, clock: { ...clock, errorMs: 1e12 } }
  it('gives no more room than a minute, whatever a gateway states', () => {
    const year = 365 * DAY
    expect(judgeTime(vague, { arrival: page.to - year, earliest: page.from + year })).toMatchObject({
      unknown: 'time',
      findings: [{ code: 'time_bracket' }, { code: 'time_bracket' }],
    })
    expect(judgeTime(vague, { arrival: page.to - 2 * MINUTE })).toMatchObject({ unknown: 'clock' })
  })
})

describe('R7: the clock', () => {
  it.each([
    ['ntp', {}, true, []],
    ['synchronised 24 h ago', { unsyncedMs: DAY }, true, []],
    ['synchronised longer ago', { unsyncedMs: DAY + 1 }, false, ['clock_unsynced']],
    ['never synchronised', { source: 'none' }, false, ['clock_unsynced']],
    ['a second out', { errorMs: 1_000 }, true, []],
    ['a minute out', { errorMs: 60_000 }, true, ['clock_error']],
    ['out by more, as it says itself', { errorMs: 60_001 }, false, ['clock_error']],
    ['holding over', { source: 'none', unsyncedMs: MINUTE }, true, ['clock_unsynced']],
    ['stepped and synchronised', { steppedMs: -3_600_000 }, true, ['clock_stepped']],
    [
      'stepped and not synchronised since',
      { source: 'none', unsyncedMs: 5, steppedMs: 1_001 },
      false,
      ['clock_stepped', 'clock_unsynced'],
    ],
  ] as const)('%s', (_, change, trusted, codes) => {
    const changed = { ...page, clock: { ...clock, ...change } }
    expect(isClockTrusted(changed)).toBe(trusted)
    expect(clockFindings(changed).map(({ code }) => code)).toEqual(codes)
    expect(judgeTime(changed, { arrival: page.to }).unknown).toBe(trusted ? undefined : 'clock')
  })
  it('that runs apart from the monotonic one is told', () => {
    expect(clockFindings({ ...page, mono: [0, 298_999] })).toMatchObject([{ code: 'clock_drift' }])
  })
})

describe('R9: a stream of records', () => {
  it('has no hole, no second version, and one chain whoever signs', () => {
    const first = extendStream(emptyStream, { seq: 0, prev: null, digest: 'a' })
    if (!first.ok) throw new Error(first.error.message)
    expect(extendStream(first.value, { seq: 1, prev: 'a', digest: 'b' })).toEqual({
      ok: true,
      value: { next: 2, last: 'b' },
    })
    expect(extendStream(first.value, { seq: 2, prev: 'a', digest: 'b' })).toMatchObject({
      error: { code: 'stream_hole' },
    })
    expect(extendStream(first.value, { seq: 0, prev: null, digest: 'b' })).toMatchObject({
      error: { code: 'stream_fork' },
    })
    expect(extendStream(first.value, { seq: 1, prev: 'x', digest: 'b' })).toMatchObject({
      error: { code: 'stream_fork' },
    })
    const skipped = skipForeign(first.value, 'f')
    expect(extendStream(skipped, { seq: 2, prev: 'f', digest: 'c' })).toMatchObject({ ok: true })
  })
})
