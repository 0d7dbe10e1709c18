import { DAY, HOUR, type State } from '@hours/protocol'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { playWeek, weekSite, type WeekWorld, type WorkedWeek } from './worked-week.fixture.ts'
import { recordItem } from '../write-records.ts'

/** Midnight of 1 January 2025 in Shanghai. */
const midnight = Date.UTC(2024, 11, 31, 16)
const h = (hours: number) => midnight + hours * HOUR
const period = 'period=2025-01-01..2025-01-03'
const use = (id: string, from: number, to: number, user: string) => ({
  ...{ id, from: h(from), to: h(to), user },
  ...{ beneficiary: 'C1', purpose: 'service', samples: 1 },
})
const spans = (...list: [State, number, number][]): [State, number, number][] =>
  list.map(([state, from, to]) => [state, h(from), h(to)])

const week: WorkedWeek = {
  zone: 'Asia/Shanghai',
  period: [midnight, h(48)],
  instruments: [
    {
      id: 'sem-01',
      prep: 0,
      post: 0,
      spans: spans(
        ['off', -4, 9],
        ['run', 9, 12],
        ['off', 12, 14],
        ['run', 14, 18],
        ['standby', 18, 20],
        ['run', 20, 22],
        ['off', 22, 30],
        ['unknown', 30, 32],
        ['off', 32, 48],
      ),
      maintenance: [[h(40), h(44)]],
      sessions: [
        use('fits', 9, 12, 'u1'),
        use('twin', 10, 11, 'u1'),
        use('guest', 14, 15, 'u9'),
        use('stays', 15, 18, 'u2'),
        use('walk-in', 20, 22, 'u5'),
        use('ghost', 26, 28, 'u1'),
        use('shadow', 27, 29, 'u2'),
      ],
    },
    {
      id: 'nmr-02',
      always_on: true,
      prep: 0,
      post: 0,
      spans: spans(['standby', -4, 10], ['run', 10, 12], ['standby', 12, 48]),
      maintenance: [],
      sessions: [use('quiet', 10, 12, 'u6')],
    },
  ],
}

const booking = (id: string, from: number, to: number, user: string, more: object = {}) =>
  recordItem('booking', weekSite, {
    ...{
      id,
      externalIds: [],
      instrument: 'sem-01',
      from: h(from),
      to: h(to),
      user,
      actor: 'import',
      ...more,
    },
  })
const claim = (id: string, instrument: string, from: number, to: number, stated: object) =>
  recordItem('claim', weekSite, {
    ...{ id, instrument, from: h(from), to: h(to), source: 'paper log', actor: 'import', ...stated },
  })

type Item = Record<string, unknown> & { kind: string; from: number; to: number; ms: number }
interface Answer {
  items: Item[]
  counts: Record<string, number>
  totals: Record<string, { count: number; ms: number }>
  claims: Record<string, unknown>[]
  next: string | null
}

describe('booked, recorded and claimed beside what was sensed', () => {
  let world: WeekWorld
  const reconciliation = async (query = '') => {
    const { status, body } = await world.get(`/api/v1/reconciliation?${period}${query}`)
    expect(status).toBe(200)
    return body as unknown as Answer
  }
  const short = (items: readonly Item[]) =>
    items.map(({ kind, from, to, ms }) => [kind, (from - midnight) / HOUR, (to - midnight) / HOUR, ms / HOUR])

  beforeAll(async () => {
    world = await playWeek(week)
    await world.ingest.recordAll([
      booking('on-time', 9, 12, 'u1'),
      booking('late', 13, 16, 'u2'),
      booking('absent', 24, 26, 'u3'),
      booking('blind', 29, 33, 'u4'),
      booking('called-off', 34, 36, 'u4', { cancelled: true }),
      booking('serviced', 40, 42, 'u4'),
      booking('over-the-edge', -3, 1, 'u7'),
      booking('still-awaited', 47, 50, 'u7'),
      claim('generous', 'sem-01', 0, 24, { effectiveMs: 12 * HOUR, onMs: 11 * HOUR }),
      claim('half-blind', 'sem-01', 24, 48, { effectiveMs: 5 * HOUR }),
      claim('honest', 'sem-01', 9, 12, { runMs: 3 * HOUR }),
      claim('modest', 'nmr-02', 0, 24, { effectiveMs: HOUR }),
    ])
    await world.ingest.settled()
  }, 60_000)
  afterAll(() => world.close())

  it('lists each difference once, with its times and its part of the period', async () => {
    const { items } = await reconciliation('&scope=gz-gibh/sem-01')
    expect(short(items.filter(({ kind }) => kind !== 'claim_differs'))).toEqual([
      ['no_show', -3, 1, 1],
      ['session_overlap', 10, 11, 1],
      ['late_arrival', 13, 14, 1],
      ['other_user', 14, 15, 1],
      ['overrun', 16, 18, 2],
      ['unbooked_run', 20, 22, 2],
      ['no_show', 24, 26, 2],
      ['session_while_off', 26, 28, 2],
      ['session_while_off', 27, 29, 2],
      ['session_overlap', 27, 28, 1],
      ['no_show_unproven', 29, 33, 4],
    ])
    const of = (kind: string, at: number) => items.find((one) => one.kind === kind && one.from === h(at))
    expect(of('other_user', 14)).toMatchObject({ booking: 'late', session: 'guest', user: 'u9' })
    expect(of('session_overlap', 27)).toMatchObject({ session: 'shadow', other: 'ghost', user: 'u2' })
    expect(of('no_show', 24)).toMatchObject({ booking: 'absent', user: 'u3', zone: 'Asia/Shanghai' })
  })

  it('sums them by kind, whatever page or kind is asked for', async () => {
    const all = await reconciliation()
    expect(all.totals).toEqual({
      no_show: { count: 2, ms: 3 * HOUR },
      no_show_unproven: { count: 1, ms: 4 * HOUR },
      overrun: { count: 1, ms: 2 * HOUR },
      late_arrival: { count: 1, ms: HOUR },
      unbooked_run: { count: 1, ms: 2 * HOUR },
      other_user: { count: 1, ms: HOUR },
      session_while_off: { count: 2, ms: 4 * HOUR },
      session_overlap: { count: 2, ms: 2 * HOUR },
      claim_differs: { count: 3, ms: (3 + 5 + 1) * HOUR },
    })
    const some = await reconciliation('&kind=no_show&limit=1')
    expect(some.totals).toEqual(all.totals)
    expect(some.counts).toEqual(all.counts)
    expect(short(some.items)).toEqual([['no_show', -3, 1, 1]])
    const rest = await reconciliation(`&kind=no_show&limit=1&cursor=${some.next}`)
    expect(short(rest.items)).toEqual([['no_show', 24, 26, 2]])
    expect(rest.next).toBeNull()
  })

  it('an instrument that nobody books has no runs without a booking', async () => {
    const { counts } = await reconciliation('&scope=gz-gibh/nmr-02')
    expect(counts).toMatchObject({ unbooked_run: 0, no_show: 0, session_while_off: 0, claim_differs: 1 })
  })

  it('sets claimed hours beside verified ones, with what unknown time may explain', async () => {
    const { items, claims } = await reconciliation()
    const differing = items.filter(({ kind }) => kind === 'claim_differs')
    expect(
      differing.map(({ claim: id, measure, claimed, verified, upper }) => [
        id,
        measure,
        ...[claimed, verified, upper].map((ms) => Number(ms) / HOUR),
      ]),
    ).toEqual([
      // The greatest difference first.
      ['half-blind', 'effective', 5, 0, 2],
      ['generous', 'effective', 12, 9, 9],
      ['modest', 'effective', 1, 2, 2],
    ])
    const of = (name: string, measure: string) =>
      claims.find((one) => one['of'] === name && one['measure'] === measure)
    const sem = { claimed: 17 * HOUR, verified: 9 * HOUR, upper: 11 * HOUR, difference: 8 * HOUR }
    expect(of('gz-gibh/sem-01', 'effective')).toMatchObject({ ...sem, unexplained: 6 * HOUR })
    const both = { claimed: 18 * HOUR, verified: 11 * HOUR, upper: 13 * HOUR, difference: 7 * HOUR }
    for (const name of ['all', 'org:gibh', 'org:lab'])
      expect(of(name, 'effective')).toMatchObject({ ...both, unexplained: 6 * HOUR })
    // What fits is in the sums all the same.
    expect(of('gz-gibh/sem-01', 'run')).toMatchObject({ claimed: 3 * HOUR, difference: 0 })
  })

  it('every difference is in exactly one of two halves of the period, or in both with a part each', async () => {
    const whole = (await reconciliation()).totals
    const of = async (day: string) =>
      (await world.get(`/api/v1/reconciliation?period=${day}`)).body['totals'] as Answer['totals']
    const [first, second] = [await of('2025-01-01'), await of('2025-01-02')]
    for (const [kind, { ms }] of Object.entries(whole))
      expect([kind, (first[kind]?.ms ?? 0) + (second[kind]?.ms ?? 0)]).toEqual([kind, ms])
  })

  it('says of each session what is found of it, and null where all fits', async () => {
    const { body } = await world.get(`/api/v1/sessions?from=${midnight}&to=${h(48)}`)
    const items = body['items'] as { id: string; issue?: string | null }[]
    expect(Object.fromEntries(items.map(({ id, issue }) => [id, issue]))).toEqual({
      fits: 'session_overlap',
      twin: 'session_overlap',
      guest: 'other_user',
      stays: 'overrun',
      'walk-in': 'unbooked_run',
      ghost: 'session_while_off',
      shadow: 'session_while_off',
      quiet: null,
    })
  })

  it('gives a table, and 304 to who has it', async () => {
    const url = `/api/v1/reconciliation?${period}&scope=gz-gibh/sem-01`
    const csv = await world.api.inject({ url: `${url}&format=csv` })
    expect(csv.headers['content-type']).toContain('text/csv')
    expect(csv.body).toContain('no_show,gz-gibh/sem-01,2025-01-01T16:00:00.000Z')
    expect(csv.body.trim().split('\n')).toHaveLength(1 + 11 + 2)
    const first = await world.api.inject({ url })
    const again = await world.api.inject({ url, headers: { 'if-none-match': String(first.headers['etag']) } })
    expect(again.statusCode).toBe(304)
  })

  it('refuses what it cannot read, naming the field', async () => {
    const refused = async (query: string) => await world.get(`/api/v1/reconciliation?${query}`)
    expect(await refused(`${period}&kind=lateness`)).toMatchObject({ status: 400, body: { field: 'kind' } })
    expect(await refused(`${period}&cursor=-1`)).toMatchObject({ status: 400, body: { field: 'cursor' } })
    expect(await refused('period=2025-13')).toMatchObject({ status: 400, body: { field: 'period' } })
    expect(await refused(`${period}&scope=org:none`)).toMatchObject({ status: 404 })
    expect(await refused('period=1990-01-01..2025-01-03')).toMatchObject({
      status: 400,
      body: { field: 'period', value: expect.stringContaining('instruments x') as string },
    })
  })

  it('two records that are confirmed to be one session do not overlap', async () => {
    const overlaps = async () =>
      (await reconciliation('&kind=session_overlap')).items.map(({ session, other }) => [session, other])
    expect(await overlaps()).toEqual([
      ['twin', 'fits'],
      ['shadow', 'ghost'],
    ])
    await world.ingest.recordAll([recordItem('same-as', weekSite, { sessions: ['fits', 'twin'] })])
    expect(await overlaps()).toEqual([['shadow', 'ghost']])
  })

  it('a year of one instrument with thousands of overlapping bookings and sessions is judged in a moment', async () => {
    const year = Array.from({ length: 3_000 }, (_, i) => -4 - i * 2.9)
    await world.ingest.recordAll(
      year.flatMap((at, i) => [
        booking(`y${i}`, at - 3, at, `u${i % 40}`, { instrument: 'nmr-02' }),
        recordItem('session', weekSite, {
          ...{ id: `y${i}`, externalIds: [], instrument: 'nmr-02', from: h(at - 40), to: h(at) },
          ...{ beneficiary: 'c1', user: `u${i % 40}`, purpose: 'research', way: 'self', actor: 'import' },
        }),
      ]),
    )
    const begin = performance.now()
    const answer = await world.get('/api/v1/reconciliation?period=2024&scope=gz-gibh/nmr-02')
    const took = performance.now() - begin
    console.log(`reconciliation of 3,000 bookings and sessions of a year: ${took.toFixed(0)} ms`)
    expect(answer.status).toBe(200)
    // Each session but the first overlaps the one before: once, however many lie beneath it.
    expect((answer.body['counts'] as Record<string, number>)['session_overlap']).toBe(2_999)
    expect(took).toBeLessThan(3_000)
  }, 60_000)

  it('blames nobody for a booking that is said to have been called off, until somebody has decided', async () => {
    const of = async (kind: string) =>
      (await reconciliation(`&kind=${kind}`)).items.map((one) => one['booking'])
    expect(await of('no_show')).toContain('absent')
    const [booked] = world.ingest.registry.records('booking').filter(({ record }) => record.id === 'absent')
    const { v: _v, stream: _s, seq: _q, prev: _p, ...body } = booked!.record
    const correction = {
      of: booked?.hash,
      reason: 'told late',
      actor: 'a',
      replacement: { ...body, cancelled: true },
    }
    const { hash } = await world.ingest.record('correction', weekSite, correction as never)
    expect(await of('no_show')).not.toContain('absent')
    expect(await of('no_show_unproven')).toContain('absent')
    await world.ingest.record('approval', weekSite, { of: hash, by: 'b', role: 'head' })
    expect(await of('no_show_unproven')).not.toContain('absent')
  })

  it('judges nothing that has not happened yet', async () => {
    const now = world.ingest.clock.wall()
    await world.ingest.recordAll([
      booking('tomorrow', (now + DAY - midnight) / HOUR, (now + 2 * DAY - midnight) / HOUR, 'u1'),
    ])
    const { body } = await world.get('/api/v1/reconciliation?period=2025-01&kind=no_show')
    expect((body['items'] as Item[]).map((one) => one['booking'])).not.toContain('tomorrow')
  })
})
