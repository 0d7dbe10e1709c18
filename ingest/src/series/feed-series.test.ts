import { rmSync } from 'node:fs'
import { join } from 'node:path'
import {
  DAY,
  encodePowerReport,
  HOUR,
  type InstrumentKey,
  type ManualClock,
  MINUTE,
  type SiteId,
} from '@hours/protocol'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { openTestSite, pageMs, start, type TestGateway } from '../ingest.fixture.ts'
import type { RunningIngest } from '../running-ingest.ts'
import type { SeriesPoint, SeriesStore } from './series-ports.ts'
import { reconcile } from '../reconcile.ts'
import { createEmbeddedSeries } from './embedded-series.ts'
import { feedSeries, type SeriesFeed } from './feed-series.ts'
import { createSeriesOutbox, type RunningOutbox } from './series-outbox.ts'

const key = 'gz-gibh/sem-01' as InstrumentKey
let folder: string
let clock: ManualClock
let ingest: RunningIngest
let gateway: TestGateway
let store: SeriesStore
let outbox: RunningOutbox
let feed: SeriesFeed

beforeEach(async () => {
  ;({ dataDir: folder, clock, gateway, ingest } = await openTestSite())
  await ingest.settled()
  store = createEmbeddedSeries(join(folder, 'series.sqlite'))
  outbox = createSeriesOutbox({ path: join(folder, 'outbox.sqlite'), store, clock, rest: 0 })
  feed = feedSeries({ ingest, outbox, onError: (error) => errors.push(error) })
})
const errors: unknown[] = []
const tapped = (points: SeriesPoint[]) => ({
  put: (more: readonly SeriesPoint[]) => void points.push(...more),
  gather: (more: readonly SeriesPoint[]) => {
    points.push(...more)
    return Promise.resolve()
  },
})
afterEach(async () => {
  await feed.close()
  await outbox.close()
  await store.close()
  await ingest.close()
  rmSync(folder, { recursive: true, force: true })
  expect(errors.splice(0)).toEqual([])
})

async function send(bytes: Uint8Array): Promise<void> {
  await ingest.commit({ topic: gateway.topic, payload: bytes, client: gateway.id })
}
async function pages(count: number, state: 'run' | 'standby' | 'off' = 'run'): Promise<void> {
  const sent: Promise<void>[] = []
  for (let i = 0; i < count; i++) {
    const bytes = gateway.page({ 'sem-01': [[state, 0, pageMs]] })
    clock.advanceTo(gateway.at() + 1_000)
    sent.push(send(bytes))
  }
  await Promise.all(sent)
}
const done = async () => {
  await feed.settled()
  await outbox.flush()
}
const statesIn = async (from: number, to: number) =>
  (await store.states(key, from, to)).map(({ at, state }) => [(at - start) / pageMs, state])

it('every daily figure of the index is in the series, and reconcile finds nothing', async () => {
  await pages(200)
  await pages(100, 'standby')
  gateway.skip(2 * HOUR)
  await pages(290, 'off')
  await done()
  const days = await store.daily([key], start, start + 3 * DAY)
  expect(days.map(({ fields }) => fields['run_ms'])).toEqual([200 * pageMs, 0, 0])
  expect(days[0]?.fields).toMatchObject({
    standby_ms: 88 * pageMs,
    effective_ms: 200 * pageMs,
    external_ms: 0,
  })
  expect(days[1]?.fields).toMatchObject({ unknown_ms: 2 * HOUR, standby_ms: 12 * pageMs })
  await ingest.settled()
  expect(await reconcile(folder, { series: store })).toMatchObject({ compared: 2, differences: [] })
})

it('states come from pages: what no page covers is unknown from where it begins', async () => {
  await pages(2)
  gateway.skip(HOUR)
  await pages(2, 'off')
  await done()
  expect(await statesIn(start, start + DAY)).toEqual([
    [0, 'run'],
    [1, 'run'],
    [2, 'unknown'],
    [14, 'off'],
    [15, 'off'],
  ])
})

it('a page that comes late overwrites the unknown that stood in its place', async () => {
  await pages(2)
  const late = [
    gateway.page({ 'sem-01': [['run', 0, pageMs]] }),
    gateway.page({ 'sem-01': [['run', 0, pageMs]] }),
  ]
  clock.advanceTo(gateway.at())
  await pages(1)
  await done()
  expect(await statesIn(start, start + HOUR)).toContainEqual([2, 'unknown'])
  for (const bytes of late) await send(bytes)
  await done()
  const states = await statesIn(start, start + HOUR)
  expect(states).toContainEqual([2, 'run'])
  expect(states.filter(([, state]) => state === 'unknown')).toEqual([])
})

it('a gateway that falls silent turns unknown in the series too, although no page ever says so', async () => {
  await pages(3)
  await done()
  expect(await statesIn(start, start + DAY)).not.toContainEqual([3, 'unknown'])
  clock.advanceTo(start + 30 * HOUR)
  await done()
  expect(await statesIn(start, start + DAY)).toContainEqual([3, 'unknown'])
  const [first] = await store.daily([key], start, start + DAY)
  expect(first?.fields).toMatchObject({ run_ms: 3 * pageMs, unknown_ms: DAY - 3 * pageMs })
})

it('hours and hours of the week sum to the days, and the outside share follows the sessions', async () => {
  await pages(30)
  await ingest.recordAll([
    {
      kind: 'organisation',
      stream: 'installation',
      body: {
        id: 'acme',
        parent: null,
        kind: 'entity',
        names: { en: 'Acme' },
        zone: 'Asia/Shanghai',
        from: start - 1,
      },
    },
    {
      kind: 'session',
      stream: 'gz-gibh' as SiteId,
      body: {
        id: 's1',
        instrument: 'sem-01',
        from: start + 10 * pageMs,
        to: start + 20 * pageMs,
        beneficiary: 'acme',
        purpose: 'service',
        user: 'u1',
        way: 'entrusted',
        source: 'test',
        actor: 'importer',
      },
    },
  ] as never)
  await pages(1)
  const points: SeriesPoint[] = []
  await feed.close()
  feed = feedSeries({
    ingest,
    outbox: {
      ...outbox,
      put(more) {
        points.push(...more)
        outbox.put(more)
      },
    },
    onError: (e) => errors.push(e),
  })
  await done()
  const total = (measurement: string, field: string) => {
    const newest = new Map(
      points
        .filter((one) => one.measurement === measurement)
        .map((one) => [`${one.at} ${one.tags['how'] ?? ''}`, (one.fields[field] as { i: number }).i]),
    )
    return [...newest.values()].reduce((sum, value) => sum + value, 0)
  }
  expect(total('usage_hourly', 'run_ms')).toBe(31 * pageMs)
  expect(total('usage_daily', 'run_ms')).toBe(31 * pageMs)
  expect(total('usage_week_hour', 'run_ms')).toBe(31 * pageMs)
  expect(total('usage_hourly', 'external_ms')).toBe(10 * pageMs)
  const [day] = await store.daily([key], start, start + DAY)
  expect(day?.fields).toMatchObject({ effective_ms: 31 * pageMs, external_ms: 10 * pageMs })
})

it('power that ingest has taken is in the series in mW, that of a stranger is not', async () => {
  const report = (id: string) =>
    encodePowerReport({
      v: 1,
      from: start,
      stepMs: 60_000,
      instruments: [{ id, mw: [[1_000, 2_500, 4_000], null, [5_000, 5_000, 5_000]], mwh: null }],
    } as never)
  const topic = gateway.topic.replace(/page$/, 'power')
  clock.advanceTo(start + 3 * MINUTE)
  for (const id of ['sem-01', 'stranger'])
    await ingest.commit({ topic, payload: Buffer.from(report(id)), client: gateway.id })
  await done()
  expect(await store.power(key, start, start + HOUR, MINUTE)).toEqual([
    { at: start, min: 1_000, mean: 2_500, max: 4_000 },
    { at: start + 2 * MINUTE, min: 5_000, mean: 5_000, max: 5_000 },
  ])
  expect(await store.power('gz-gibh/stranger' as InstrumentKey, start, start + HOUR, MINUTE)).toEqual([])
})

it('a lost series store is made again from the log, to the same figures', async () => {
  await pages(300)
  await done()
  const before = await store.daily([key], start, start + 2 * DAY)
  await feed.close()
  const again = createEmbeddedSeries(join(folder, 'again.sqlite'))
  const box = createSeriesOutbox({ path: join(folder, 'again-outbox.sqlite'), store: again, clock })
  feed = feedSeries({ ingest, outbox: box, onError: (error) => errors.push(error) })
  await feed.rebuild()
  await box.flush()
  const after = await again.daily([key], start, start + 2 * DAY)
  expect(after.map(({ at, fields }) => ({ at, ...fields, revision: 0 }))).toEqual(
    before.map(({ at, fields }) => ({ at, ...fields, revision: 0 })),
  )
  await box.close()
  await again.close()
})

it('a day that has grown by a page is not told whole again', async () => {
  await feed.close()
  const points: SeriesPoint[] = []
  const tap = feedSeries({
    ingest,
    outbox: tapped(points),
    onError: (e) => errors.push(e),
  })
  await pages(60)
  await tap.settled()
  const states = (of: readonly SeriesPoint[]) => of.filter(({ measurement }) => measurement === 'state')
  expect(new Set(states(points).map(({ at }) => at)).size).toBe(60)
  points.length = 0
  await tap.settled()
  expect(points).toEqual([])
  await pages(1)
  await tap.settled()
  expect(states(points)).toHaveLength(1)
  expect(points.filter(({ measurement }) => measurement.startsWith('usage_')).length).toBeLessThan(171)
  await tap.close()
})

it('gateways are in the series each minute, heard or not', async () => {
  await pages(1)
  await done()
  clock.advanceTo(start + HOUR)
  const points: SeriesPoint[] = []
  const tap = feedSeries({
    ingest,
    outbox: tapped(points),
    onError: (e) => errors.push(e),
  })
  clock.advanceTo(start + HOUR + 3 * MINUTE)
  await tap.close()
  const gateways = points.filter(({ measurement }) => measurement === 'gateway')
  expect(gateways).toHaveLength(3)
  expect(gateways[0]).toMatchObject({
    tags: { site: 'gz-gibh', gateway: 'gw-1' },
    fields: { online: { i: 0 }, received: { i: 1 } },
  })
})
