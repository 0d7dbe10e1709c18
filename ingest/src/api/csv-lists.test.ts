import { HOUR, MINUTE } from '@hours/protocol'
import { parse } from 'csv-parse/sync'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { playWeek, weekSite, type WeekWorld } from './worked-week.fixture.ts'
import { recordItem } from '../write-records.ts'

/** Midnight of 1 January 2025 in Shanghai. */
const midnight = Date.UTC(2024, 11, 31, 16)
const h = (hours: number) => midnight + hours * HOUR
const sets = 270
const bookings = 260
const sessions = 620

let world: WeekWorld
/** One instrument that runs for 1.15 h and is off for the rest of the day, and hundreds that say nothing. */
beforeAll(async () => {
  const spans = [
    ['run', h(-4), h(1.15)],
    ['off', h(1.15), h(24)],
  ] as const
  const beam = { id: 'beam', prep: 0, post: 0, maintenance: [], sessions: [] }
  world = await playWeek({
    zone: 'Asia/Shanghai',
    period: [midnight, h(24)],
    instruments: [{ ...beam, spans: spans.map((one) => [...one]) }],
  })
  const use = { user: 'u-1', beneficiary: 'c1', purpose: 'service', actor: 'a', instrument: 'beam' }
  const at = (n: number) => ({ from: h(2) + 2 * n * MINUTE, to: h(2) + (2 * n + 1) * MINUTE })
  await world.ingest.recordAll([
    ...Array.from({ length: sets - 1 }, (_, n) =>
      recordItem('enrolment', weekSite, {
        ...{
          instrument: `silent-${n}`,
          gateway: 'gw-2',
          unit: 'lab',
          from: midnight,
          names: { en: `S ${n}` },
        },
      }),
    ),
    ...Array.from({ length: bookings }, (_, n) =>
      recordItem('booking', weekSite, { ...use, id: `b-${n}`, externalIds: [], ...at(n) }),
    ),
    ...Array.from({ length: sessions }, (_, n) =>
      recordItem('session', weekSite, { ...use, id: `s-${n}`, externalIds: [], from: h(0) + n, to: h(1.15) }),
    ),
  ])
  await world.ingest.settled()
}, 60_000)
afterAll(() => world.close())

async function csvOf(url: string) {
  const answer = await world.api.inject({ url: `/api/v1/${url}` })
  expect([answer.statusCode, answer.headers['content-type']]).toEqual([200, 'text/csv; charset=utf-8'])
  const rows: Record<string, string>[] = parse(answer.body, { bom: true, columns: true })
  return { rows, headers: answer.headers }
}

const period = 'period=2025-01-01'
const lists = [
  { url: 'instruments?format=csv', id: 'instrument', length: sets },
  { url: `quality?${period}&format=csv`, id: 'instrument', length: sets },
  { url: `assessments?ruleset=univ-sheet&${period}&format=csv`, id: 'instrument', length: sets },
  {
    url: `reconciliation?${period}&scope=${weekSite}/beam&kind=no_show&format=csv`,
    id: 'booking',
    length: bookings,
  },
  { url: 'sessions?format=csv', id: 'id', length: sessions },
] as const

describe('a table', () => {
  it.each(lists)('has every row where nobody asks for a page of it: $url', async ({ url, id, length }) => {
    const { rows, headers } = await csvOf(url)
    expect(new Set(rows.map((row) => row[id])).size).toBe(length)
    expect([rows.length, headers['x-next-cursor'], headers['link']]).toEqual([length, undefined, undefined])
  })

  it.each(lists)('that is asked for by the page says where it goes on: $url', async ({ url, id, length }) => {
    const seen = new Set<string | undefined>()
    let next: string | undefined = `${url}&limit=${length > 500 ? 480 : 190}`
    while (next !== undefined) {
      const { rows, headers } = await csvOf(next)
      for (const row of rows) seen.add(row[id])
      const link = /^<\/api\/v1\/(.+)>; rel="next"$/.exec(String(headers['link']))
      expect(link?.[1] === undefined).toBe(headers['x-next-cursor'] === undefined)
      next = link?.[1]
    }
    expect(seen.size).toBe(length)
  })

  it('has hours half up, the same in every route: 1.15 h is 1.2', async () => {
    const beam = `scope=${weekSite}/beam&${period}`
    const shown = async (url: string, column: string, where: (row: Record<string, string>) => boolean) =>
      (await csvOf(url)).rows.find(where)?.[column]
    const isBeam = ({ instrument }: Record<string, string>) => instrument === `${weekSite}/beam`
    const any = () => true
    const isRun = ({ kpi }: Record<string, string>) => kpi === 'run'
    expect([
      await shown(`figures.csv?${beam}`, 'value', isRun),
      await shown(`exports?${beam}&format=csv`, 'value', isRun),
      await shown(`usage?${beam}&format=csv`, 'run_h', any),
      await shown(`assessments?ruleset=univ-sheet&${beam}&format=csv`, 'effective_h', isBeam),
    ]).toEqual(['1.2', '1.2', '1.2', '1.2'])
  })
})
