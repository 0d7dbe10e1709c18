import { spawnSync } from 'node:child_process'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { DAY, encodePowerReport, HOUR, type InstrumentKey, type ManualClock, MINUTE } from '@hours/protocol'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import {
  createTestGateway,
  enrolmentRecord,
  openIngest,
  openTestSite,
  pageMs,
  site,
  start,
  type TestGateway,
} from '../ingest.fixture.ts'
import type { RunningIngest } from '../running-ingest.ts'
import type { RecordItem } from '../write-records.ts'
import type { SeriesOutbox, SeriesPoint, SeriesStore } from './series-ports.ts'
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
let errors: unknown[]

beforeEach(async () => {
  ;({ dataDir: folder, clock, gateway, ingest } = await openTestSite())
  await ingest.settled()
  store = createEmbeddedSeries(join(folder, 'series.sqlite'))
  outbox = createSeriesOutbox({ path: join(folder, 'outbox.sqlite'), store, clock, rest: 0 })
  errors = []
  open()
})
afterEach(async () => {
  await feed.close()
  await outbox.close()
  await store.close()
  await ingest.close()
  rmSync(folder, { recursive: true, force: true })
})

function open(through: Pick<SeriesOutbox, 'put' | 'gather'> = outbox): void {
  feed = feedSeries({ ingest, outbox: through, onError: (error) => errors.push(error) })
}
const pageOf = (state: 'run' | 'standby') => gateway.page({ 'sem-01': [[state, 0, pageMs]] })
const send = (payload: Uint8Array) => ingest.commit({ topic: gateway.topic, payload, client: gateway.id })
/** Pages as they are made: of each two hours a part runs. */
async function pages(count: number): Promise<void> {
  const sent: Promise<void>[] = []
  for (let i = 0; i < count; i++) {
    const bytes = pageOf(i % 24 < 18 ? 'run' : 'standby')
    clock.advanceTo(gateway.at() + 1_000)
    sent.push(send(bytes))
  }
  await Promise.all(sent)
}
const done = async () => {
  await feed.settled()
  await outbox.flush()
}
const differences = async () => (await reconcile(folder, { series: store, clock })).differences
const full = () => {
  throw new Error('database or disk is full')
}

describe('what was projected and not yet told', () => {
  it('is told after the end of the process, however old it is', async () => {
    // Three days of an outage of the gateway's network: its pages wait in its spool.
    const late = Array.from({ length: 3 * 288 }, () => pageOf('run'))
    clock.advanceTo(gateway.at() + 1_000)
    await done()
    await Promise.all(late.map(send))
    await ingest.settled()
    // Within the delay: nothing of it has been told.
    await feed.close()
    await ingest.close()
    ingest = await openIngest(folder, clock)
    expect((await store.daily([key], start, start + DAY))[0]?.fields).toMatchObject({ run_ms: 0 })
    open()
    await done()
    expect((await store.daily([key], start, start + DAY))[0]?.fields).toMatchObject({ run_ms: DAY })
    expect(await differences()).toEqual([])
  })

  it('stays on the list when the outbox takes nothing, and is told by the next try', async () => {
    await feed.close()
    let isFull = true
    open({ ...outbox, put: (points) => (isFull ? full() : outbox.put(points)) })
    await pages(300)
    await expect(feed.settled()).rejects.toThrow('disk is full')
    isFull = false
    await done()
    expect(await differences()).toEqual([])
    expect((await store.daily([key], start, start + DAY))[0]?.fields).toMatchObject({ run_ms: 18 * HOUR })
  })

  it('is no difference for reconcile, which says how many days it is', async () => {
    await pages(2 * 288)
    await ingest.settled()
    await feed.close()
    const found = await reconcile(folder, { series: store, clock })
    expect(found).toMatchObject({ differences: [], untold: 3 })
    open()
    await done()
    expect(await reconcile(folder, { series: store, clock })).toMatchObject({ differences: [], untold: 0 })
  })
})

const organisation = (id: string, parent: string | null) =>
  ({
    kind: 'organisation',
    stream: 'installation',
    body: {
      id,
      parent,
      kind: parent === null ? 'entity' : 'unit',
      names: { en: id },
      zone: 'Asia/Shanghai',
      from: start - 1,
    },
  }) as unknown as RecordItem
const session = (id: string, from: number, to: number, beneficiary: string) =>
  ({
    kind: 'session',
    stream: site,
    body: {
      id,
      instrument: 'sem-01',
      from,
      to,
      beneficiary,
      purpose: 'service',
      user: 'u1',
      way: 'entrusted',
      source: 'test',
      actor: 'importer',
    },
  }) as unknown as RecordItem
const enrolled = (change: object) => {
  const item = enrolmentRecord('gw-1', 'sem-01') as unknown as { body: object }
  return { ...item, body: { ...item.body, ...change } } as unknown as RecordItem
}
/** Corrects the first record of a kind, with the approval of a second person. */
async function correct(kind: 'session' | 'enrolment', change: object): Promise<void> {
  const [found] = ingest.registry.records(kind)
  const { hash } = await ingest.record('correction', site, {
    of: found?.hash as never,
    reason: 'mistyped',
    replacement: { ...found?.record, ...change },
    actor: 'ann',
  })
  await ingest.record('approval', site, { of: hash, by: 'ben', role: 'manager' })
}

it('records that change what hours count for change the days in the series too', async () => {
  const record = (item: RecordItem) => ingest.recordAll([item])
  const oneSession = {
    kind: 'same-as',
    stream: site,
    body: { sessions: ['s1', 's2'], actor: 'office' },
  } as unknown as RecordItem
  const changes: Record<string, () => Promise<unknown>> = {
    'one more session': () => record(session('s3', start + 20 * HOUR, start + 22 * HOUR, 'acme')),
    'a session that is corrected': () => correct('session', { to: start + 12.5 * HOUR }),
    'two sessions that are one': () => record(oneSession),
    'an hour of warm-up': () => record(enrolled({ prepMs: HOUR, postMs: HOUR })),
    'an organisation that moves below another': () => record(organisation('acme', 'gibh')),
    'another unit': () => record(enrolled({ unit: 'kiz', prepMs: HOUR, postMs: HOUR })),
  }
  await ingest.recordAll([
    organisation('acme', null),
    organisation('kiz', null),
    session('s1', start + 10 * HOUR, start + 12 * HOUR, 'acme'),
    session('s2', start + 11 * HOUR, start + 15 * HOUR, 'gibh'),
  ])
  await pages(300)
  await done()
  const day = async () => {
    const [first] = await store.daily([key], start, start + DAY)
    return { ...first?.fields, revision: 0 }
  }
  let before = await day()
  for (const [name, change] of Object.entries(changes)) {
    await change()
    await done()
    expect(await differences(), name).toEqual([])
    expect(await day(), name).not.toEqual(before)
    before = await day()
  }
})

it('an enrolment that is corrected to begin a day later leaves no hours before that in the series', async () => {
  await pages(300)
  await done()
  expect((await store.daily([key], start, start + DAY))[0]?.fields).toMatchObject({ run_ms: 18 * HOUR })
  await correct('enrolment', { from: start + DAY })
  await done()
  expect(await differences()).toEqual([])
  const [first] = await store.daily([key], start, start + DAY)
  expect({ ...first?.fields, revision: 0 }).toEqual(
    Object.fromEntries(Object.keys(first?.fields ?? {}).map((name) => [name, 0])),
  )
})

describe('power', () => {
  const report = (from: number, minutes: number) =>
    Buffer.from(
      encodePowerReport({
        v: 1,
        from,
        stepMs: 60_000,
        instruments: [
          {
            id: 'sem-01' as never,
            mw: Array.from({ length: minutes }, (__, i) => [1_000 + i, 2_000 + i, 3_000 + i] as const),
            mwh: null,
          },
        ],
      } as never),
    )
  const power = (payload: Uint8Array) =>
    ingest.commit({ topic: gateway.topic.replace(/page$/, 'power'), payload, client: gateway.id })
  const minutes = async () => (await store.power(key, start, start + HOUR, MINUTE)).length

  it('that comes late from a gateway where the instrument stood before is in the series as in operations', async () => {
    const next = createTestGateway('gw-2')
    await pages(24)
    await ingest.recordAll([...next.records(), enrolmentRecord('gw-2', 'sem-01', start + 2 * HOUR)])
    await power(report(start, 60))
    await done()
    expect(ingest.power.read(key, start, start + HOUR, MINUTE)).toHaveLength(60)
    expect(await minutes()).toBe(60)
  })

  it('that the outbox did not take is acknowledged, and brought out of operations once it does', async () => {
    await feed.close()
    let isFull = true
    open({
      put: (points) => (isFull ? full() : outbox.put(points)),
      gather: (points) => (isFull ? Promise.reject(new Error('full')) : outbox.gather(points)),
    })
    clock.advanceTo(start + HOUR)
    await power(report(start, 60))
    expect(errors.map(String)).toContain('Error: full')
    clock.advanceTo(start + HOUR + 2 * MINUTE)
    isFull = false
    clock.advanceTo(start + HOUR + 4 * MINUTE)
    await outbox.flush()
    expect(await minutes()).toBe(60)
  })
})

it('a minute in which the outbox takes nothing is told and ends nothing', async () => {
  await feed.close()
  open({ put: full, gather: () => Promise.reject(new Error('full')) })
  clock.advanceTo(start + HOUR + MINUTE)
  expect(new Set(errors.map(String))).toEqual(new Set(['Error: database or disk is full']))
  // By the machine's own clock nothing would catch it but the end of the process.
  const child = spawnSync(process.execPath, [join(import.meta.dirname, 'full-outbox.child.ts')], {
    encoding: 'utf8',
  })
  expect(child.stderr).toBe('')
  expect(child.stdout).toMatch(/^(?:disk is full\n)+lives\n$/)
})

it('a gateway that was replaced is no longer expected', async () => {
  const points: SeriesPoint[] = []
  await feed.close()
  open({ ...outbox, put: (more) => void points.push(...more) })
  const next = createTestGateway('gw-2')
  await ingest.recordAll([...next.records(), enrolmentRecord('gw-2', 'sem-01', start + HOUR)])
  const told = () => points.splice(0).flatMap(({ tags }) => tags['gateway'] ?? [])
  clock.advanceTo(start + HOUR - MINUTE)
  expect(new Set(told())).toEqual(new Set(['gw-1']))
  clock.advanceTo(start + HOUR + MINUTE)
  expect(new Set(told())).toEqual(new Set(['gw-2']))
  await vi.waitFor(() => expect(ingest.untold.any()).toBe(true))
})
