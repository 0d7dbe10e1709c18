import { HOUR, MINUTE, type State } from '@hours/protocol'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { playWeek, weekSite, type WeekWorld, type WorkedWeek } from './worked-week.fixture.ts'
import { recordItem } from '../write-records.ts'

/** Midnight of 1 January 2025 in Shanghai. */
const midnight = Date.UTC(2024, 11, 31, 16)
const h = (hours: number) => midnight + hours * HOUR
const instrument = (id: string, spans: [State, number, number][]): WorkedWeek['instruments'][number] => ({
  ...{ id, prep: 0, post: 0, maintenance: [], sessions: [] },
  spans: spans.map(([state, from, to]) => [state, h(from), h(to)]),
})
const week: WorkedWeek = {
  zone: 'Asia/Shanghai',
  period: [midnight, h(24)],
  instruments: [
    instrument('holes', [
      ['off', -4, 2],
      ['unknown', 2, 5],
      ['run', 5, 10],
      ['unknown', 10, 10.5],
      ['off', 10.5, 24],
    ]),
    instrument('whole', [
      ['standby', -4, 9],
      ['run', 9, 12],
      ['standby', 12, 24],
    ]),
  ],
}
type Row = Record<string, unknown> & { gaps: { from: number; to: number; ms: number; why: string }[] | null }

let world: WeekWorld
beforeAll(async () => {
  world = await playWeek(week)
  await world.ingest.recordAll([
    // Enrolled, and its gateway never says a word.
    recordItem('enrolment', weekSite, {
      ...{ instrument: 'silent', gateway: 'gw-2', unit: 'gibh', from: midnight, names: { en: 'Silent' } },
    }),
  ])
  await world.ingest.settled()
}, 60_000)
afterAll(() => world.close())

describe('how far hours can be believed', () => {
  const quality = async (query: string) => {
    const { status, body } = await world.get(`/api/v1/quality?period=2025-01-01${query}`)
    expect(status).toBe(200)
    return body as { items: Row[]; total: Row; gateways: Record<string, unknown>[]; next: string | null }
  }

  it('says of each instrument what is known, late and unknown, the least covered first', async () => {
    const { items, total } = await quality('')
    expect(
      items.map((one) => [one['instrument'], Number(one['unknown']) / HOUR, one['coverage'], one['grade']]),
    ).toEqual([
      ['gz-gibh/silent', 24, 0, 'not verifiable'],
      ['gz-gibh/holes', 3.5, 20.5 / 24, 'C'],
      ['gz-gibh/whole', 0, 1, 'A'],
    ])
    for (const one of [...items, total])
      expect(Number(one['live']) + Number(one['late']) + Number(one['unknown'])).toBe(one['enrolled'])
    // The pages were sent after the day was over; only the last ones came within 20 minutes.
    expect(items.find((one) => one['instrument'] === 'gz-gibh/whole')).toMatchObject({
      live: 20 * MINUTE,
      late: 24 * HOUR - 20 * MINUTE,
    })
    expect(total).toMatchObject({ enrolled: 72 * HOUR, unknown: 27.5 * HOUR, coverage: 44.5 / 72 })
  })

  it('lists the gaps with their reason, the longest first; they are the unknown time of the figures', async () => {
    const { items } = await quality('')
    const gapsOf = (id: string) => items.find((one) => one['instrument'] === `gz-gibh/${id}`)?.gaps
    expect(gapsOf('holes')).toEqual([
      { from: h(2), to: h(5), ms: 3 * HOUR, why: 'unsampled' },
      { from: h(10), to: h(10.5), ms: HOUR / 2, why: 'unsampled' },
    ])
    expect(gapsOf('silent')).toEqual([{ from: h(0), to: h(24), ms: 24 * HOUR, why: 'no_page' }])
    expect(gapsOf('whole')).toEqual([])
  })

  it('shows the gateways of the scope with what is missing and their clock', async () => {
    const { gateways } = await quality('&scope=gz-gibh/whole')
    expect(gateways.map(({ gateway }) => gateway)).toEqual(['gw-1'])
    expect(gateways[0]).toMatchObject({ missing: 0, rejected: 0, clock: null })
  })

  it('gives pages, a table and 304, and refuses what it cannot read', async () => {
    const first = await quality('&limit=2')
    expect(first.items).toHaveLength(2)
    expect((await quality(`&limit=2&cursor=${first.next}`)).items).toHaveLength(1)
    const url = '/api/v1/quality?period=2025-01-01'
    const csv = await world.api.inject({ url: `${url}&format=csv` })
    expect(csv.body).toContain('gz-gibh/holes,gw-1,24.0,')
    const { headers } = await world.api.inject({ url })
    const again = await world.api.inject({ url, headers: { 'if-none-match': String(headers['etag']) } })
    expect(again.statusCode).toBe(304)
    expect(await world.get(`${url}&cursor=x`)).toMatchObject({ status: 400, body: { field: 'cursor' } })
    expect(await world.get('/api/v1/quality?period=soon')).toMatchObject({
      status: 400,
      body: { field: 'period' },
    })
  })
})

describe('usage by any length of time and any level', () => {
  type Line = { key: string; label: string; on: number; coverage: number }
  const usage = async (query: string) => {
    const { status, body } = await world.get(`/api/v1/usage?period=2024-12-31..2025-01-02&${query}`)
    expect(status).toBe(200)
    return body as { rows: Line[]; totals: Line[] }
  }
  const short = (rows: readonly Line[]) => rows.map(({ key, label, on }) => [key, label, on / HOUR])

  it('cuts at calendar and academic years, and the parts sum to the whole', async () => {
    expect(short((await usage('by=year&scope=gz-gibh/whole')).rows)).toEqual([
      ['gz-gibh/whole', '2024', 4],
      ['gz-gibh/whole', '2025', 24],
    ])
    expect(short((await usage('by=academic-year&scope=gz-gibh/whole')).rows)).toEqual([
      ['gz-gibh/whole', 'AY2024', 28],
    ])
    const { totals: whole } = await usage('by=period')
    for (const by of ['day', 'month', 'year', 'academic-year']) {
      const { totals } = await usage(`by=${by}`)
      expect([by, totals.reduce((sum, { on }) => sum + on, 0)]).toEqual([by, whole[0]?.on])
    }
  })

  it('sums instruments for their unit, and for the entity above it', async () => {
    expect(short((await usage('by=year&level=unit')).rows)).toEqual([
      ['org:lab', '2024', 4],
      ['org:lab', '2025', 29],
      ['org:gibh', '2025', 0],
    ])
    const entity = await usage('by=year&level=entity')
    expect(short(entity.rows)).toEqual([
      ['org:gibh', '2024', 4],
      ['org:gibh', '2025', 29],
    ])
    expect(entity.totals.map(({ on }) => on)).toEqual(entity.rows.map(({ on }) => on))
    // No province is known: the managing units stand for themselves.
    expect((await usage('level=province')).rows.map(({ key }) => key)).toEqual(['org:lab', 'org:gibh'])
    expect(await world.get('/api/v1/usage?period=2025&level=planet')).toMatchObject({ status: 400 })
  })
})
