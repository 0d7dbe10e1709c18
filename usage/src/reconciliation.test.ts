import { HOUR, MINUTE, nobody, type State } from '@hours/protocol'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { checkClaims, sumClaims } from './claims.ts'
import { findingKinds, reconcileUse, type ReconciliationInput } from './reconciliation.ts'

const span = (state: State, from: number, to: number) => ({ state, from: from * HOUR, to: to * HOUR })
const use = (id: string, from: number, to: number, user = 'u1') => ({
  id,
  user,
  from: from * HOUR,
  to: to * HOUR,
})
const day: ReconciliationInput = {
  spans: [span('off', 0, 24)],
  bookings: [],
  sessions: [],
  maintenance: [],
  period: { from: 0, to: 24 * HOUR },
}
const kinds = (input: Partial<ReconciliationInput>) =>
  reconcileUse({ ...day, ...input }).findings.map(({ kind, from, to, ms }) => [
    kind,
    from / HOUR,
    to / HOUR,
    ms / HOUR,
  ])
/** Run from `from` to `to`, off before and after. */
const ran = (from: number, to: number) => [span('off', 0, from), span('run', from, to), span('off', to, 24)]

describe('booked against sensed', () => {
  it('a booking that is never run is a no-show', () => {
    expect(kinds({ bookings: [use('b', 9, 12)] })).toEqual([['no_show', 9, 12, 3]])
  })
  it('is not proven where a part of the booking is unknown', () => {
    const spans = [span('off', 0, 10), span('off', 11, 24)]
    expect(kinds({ spans, bookings: [use('b', 9, 12)] })).toEqual([['no_show_unproven', 9, 12, 3]])
  })
  it('nobody is absent while the instrument is under maintenance', () => {
    const maintenance = [{ from: 8 * HOUR, to: 18 * HOUR }]
    expect(kinds({ bookings: [use('b', 9, 12)], maintenance })).toEqual([])
  })
  it('a run that goes on after its booking overruns, up to the next booking', () => {
    const bookings = [use('b', 9, 12), use('c', 13, 14, 'u2')]
    expect(kinds({ spans: ran(9, 14), bookings })).toEqual([['overrun', 12, 13, 1]])
  })
  it('a first run after the time of grace is late', () => {
    expect(kinds({ spans: ran(10, 12), bookings: [use('b', 9, 12)] })).toEqual([['late_arrival', 9, 10, 1]])
    expect(kinds({ spans: ran(9.25, 12), bookings: [use('b', 9, 12)] })).toEqual([])
  })
  it('a run that nobody has booked is listed, maintenance apart', () => {
    expect(kinds({ spans: ran(9, 12) })).toEqual([['unbooked_run', 9, 12, 3]])
    expect(kinds({ spans: ran(9, 12), maintenance: [{ from: 9 * HOUR, to: 12 * HOUR }] })).toEqual([])
  })
  it('nobody is absent from a booking that is said to have been called off, before somebody has decided', () => {
    const bookings = [{ ...use('b', 9, 12), contested: true }]
    expect(kinds({ bookings })).toEqual([['no_show_unproven', 9, 12, 3]])
  })
  it('nobody is said to be somebody else than who is not known, on either side', () => {
    const other = (booked: string, recorded: string) =>
      kinds({
        spans: ran(9, 12),
        bookings: [use('b', 9, 12, booked)],
        sessions: [use('s', 9, 12, recorded)],
      })
    expect(other('u1', 'u2')).toEqual([['other_user', 9, 12, 3]])
    expect([other(nobody, 'u2'), other('u1', nobody), other(nobody, nobody)]).toEqual([[], [], []])
  })
  it('a run in somebody else’s booking is named with both', () => {
    const bookings = [use('b', 9, 12)]
    const sessions = [use('s', 10, 12, 'u2')]
    const { findings } = reconcileUse({ ...day, spans: ran(9, 12), bookings, sessions })
    expect(findings).toEqual([
      {
        kind: 'other_user',
        from: 10 * HOUR,
        to: 12 * HOUR,
        ms: 2 * HOUR,
        booking: 'b',
        session: 's',
        user: 'u2',
      },
    ])
  })
  it('recorded use while the instrument was off is listed; unknown time is not off', () => {
    const spans = [span('run', 9, 10), span('off', 10, 11)]
    expect(kinds({ spans, bookings: [use('b', 9, 10)], sessions: [use('s', 9, 12)] })).toEqual([
      ['session_while_off', 10, 11, 1],
    ])
  })
  it('a booking over the edge of the period is judged whole and counted for its part', () => {
    const spans = [span('off', -24, 24)]
    expect(kinds({ spans, bookings: [use('b', -2, 1)] })).toEqual([['no_show', -2, 1, 1]])
  })
  it('has the same hours however the period is cut, and never more than there are', () => {
    const times = fc.tuple(fc.nat(20), fc.nat(6), fc.constantFrom('u1', 'u2'))
    fc.assert(
      fc.property(
        fc.array(times),
        fc.array(times),
        fc.array(times),
        fc.integer({ min: 1, max: 23 }),
        (a, b, c, cut) => {
          const bookings = a.map(([from, length, user], i) => use(`b${i}`, from, from + length, user))
          const sessions = b.map(([from, length, user], i) => use(`s${i}`, from, from + length, user))
          const spans = c.map(([from, length], i) => span(i % 2 ? 'run' : 'off', from, from + length))
          const over = (from: number, to: number) =>
            reconcileUse({ ...day, spans, bookings, sessions, period: { from: from * HOUR, to: to * HOUR } })
              .totals
          const [all, first, second] = [over(0, 30), over(0, cut), over(cut, 30)]
          for (const kind of findingKinds) expect(first[kind].ms + second[kind].ms).toBe(all[kind].ms)
          expect(all.unbooked_run.ms).toBeLessThanOrEqual(30 * HOUR)
        },
      ),
      { numRuns: 200 },
    )
  })
  it('calls nothing a finding that is shorter than the time of grace', () => {
    const spans = [span('off', 0, 9), { state: 'run' as const, from: 9 * HOUR, to: 9 * HOUR + 5 * MINUTE }]
    expect(kinds({ spans })).toEqual([])
  })
})

describe('claimed against verified hours', () => {
  it('says what unknown time may explain and what nothing can', () => {
    const input = {
      id: 'lab/sem',
      zone: 'UTC',
      spans: [span('run', 0, 10), span('off', 10, 20)],
      enrolled: [{ from: 0, to: 100 * HOUR }],
      prepMs: 0,
      postMs: 0,
      maintenance: [],
      sessions: [],
    }
    const claim = { id: 'c', source: 'paper log', from: 0, to: 24 * HOUR, runMs: 16 * HOUR, externalMs: 0 }
    const checks = checkClaims([claim, { ...claim, id: 'empty', to: 0 }], input)
    expect(checks.map(({ measure }) => measure)).toEqual(['run', 'external'])
    expect(checks[0]).toMatchObject({
      claimed: 16 * HOUR,
      verified: 10 * HOUR,
      upper: 14 * HOUR,
      difference: 6 * HOUR,
      unexplained: 2 * HOUR,
    })
    expect(sumClaims([...checks, ...checks]).get('run')?.unexplained).toBe(4 * HOUR)
  })
})
