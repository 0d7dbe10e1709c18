import { rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import {
  createApi,
  createInfluxSeries,
  createSeriesOutbox,
  feedSeries,
  type InfluxSeries,
  rebuildSiteSeries,
  reconcile,
  type RunningIngest,
  type RunningOutbox,
  type SeriesFeed,
} from '@hours/ingest'
import { createManualClock, encodePowerReport, HOUR, type ManualClock, MINUTE } from '@hours/protocol'
import { pino } from 'pino'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import {
  createTestGateway,
  enrolmentRecord,
  freshFolder,
  openIngest,
  pageMs,
  start,
  type TestGateway,
  unitRecord,
} from '../../ingest/src/ingest.fixture.ts'
import { hasInfluxd, type Influxd, startInfluxd } from './influxd.fixture.ts'

/** Gateways and instruments at each; one page and five minutes of power of each instrument every five minutes. */
const gateways = 2
const instruments = Array.from({ length: 6 }, (_, i) => `i-${i}`)
const minutes = pageMs / MINUTE

interface Health {
  readonly ok: boolean
  readonly series: { says: string; behindMs: number; pending: number; dropped: number }
}

describe.runIf(hasInfluxd)('a real influxd that is away while the fleet goes on', () => {
  let folder: string
  let clock: ManualClock
  let influxd: Influxd
  let series: InfluxSeries
  let ingest: RunningIngest
  let outbox: RunningOutbox
  let feed: SeriesFeed
  let fleet: TestGateway[]
  let rounds: number
  const file = () => join(folder, 'outbox.sqlite')
  const closes: (() => Promise<void>)[] = []

  beforeEach(async () => {
    folder = freshFolder()
    clock = createManualClock(start)
    influxd = await startInfluxd()
    series = createInfluxSeries({ url: influxd.url, timeoutMs: 2_000 })
    ingest = await openIngest(folder, clock)
    fleet = Array.from({ length: gateways }, (_, g) => createTestGateway(`gw-${g}`))
    rounds = 0
    await ingest.recordAll([
      unitRecord(),
      ...fleet.flatMap((one) => one.records()),
      ...fleet.flatMap(({ id }) => instruments.map((name) => enrolmentRecord(id, `${id}-${name}`))),
    ])
  })
  afterEach(async () => {
    for (const close of closes.splice(0).reverse()) await close()
    await influxd.remove()
    rmSync(folder, { recursive: true, force: true })
  })

  function open(maxBytes?: number): void {
    outbox = createSeriesOutbox({
      path: file(),
      store: series,
      clock,
      rest: 0,
      batch: 1_000,
      ...(maxBytes ? { maxBytes } : {}),
    })
    feed = feedSeries({ ingest, outbox, onError: (error) => expect.unreachable(String(error)) })
  }
  async function shut(): Promise<void> {
    await feed.close()
    await outbox.close()
    await ingest.close()
  }

  /** One round of the fleet; resolves when all of it is acknowledged, to the ms that took. */
  async function round(): Promise<number> {
    const from = start + rounds * pageMs
    const state = rounds % 12 < 8 ? 'run' : 'off'
    rounds += 1
    const messages = fleet.flatMap((gateway) => {
      const names = instruments.map((name) => `${gateway.id}-${name}`)
      const payload = gateway.page(Object.fromEntries(names.map((name) => [name, [[state, 0, pageMs]]])))
      const mw = Array.from({ length: minutes }, (_, i) => [rounds, rounds + i, rounds + 10 * i])
      const report = { v: 1, from, stepMs: 60_000, instruments: names.map((id) => ({ id, mw, mwh: null })) }
      const power = Buffer.from(encodePowerReport(report as never))
      return [
        { topic: gateway.topic, payload, client: gateway.id },
        { topic: gateway.topic.replace(/page$/, 'power'), payload: power, client: gateway.id },
      ]
    })
    clock.advanceTo(from + pageMs + 1_000)
    const begun = performance.now()
    await Promise.all(messages.map((message) => ingest.commit(message)))
    return performance.now() - begun
  }
  async function hours(count: number): Promise<number[]> {
    const took: number[] = []
    for (let i = 0; i < (count * HOUR) / pageMs; i++) {
      took.push(await round())
      if (i % 72 === 71) await feed.settled()
    }
    return took
  }
  const median = (values: number[]) => values.toSorted((a, b) => a - b)[values.length >> 1]!
  const health = async () => {
    const api = await createApi({
      ingest,
      outbox,
      log: pino({ level: 'silent' }),
      software: 'test',
      logDir: join(folder, 'log'),
    })
    const answer = await api.inject('/api/v1/health')
    await api.close()
    return { status: answer.statusCode, ...answer.json<Health>() }
  }
  /** Everything brought, as time goes on: every retry is by the injected clock. */
  async function drained(): Promise<void> {
    await feed.settled()
    await vi.waitFor(
      () => {
        clock.advanceTo(clock.wall() + 1_000)
        expect(outbox.state().pending).toBe(0)
      },
      { timeout: 60_000, interval: 20 },
    )
  }
  const powerStored = async () => {
    const [row] = await series.query('SELECT count("w") AS "n", sum("w") AS "sum" FROM "power"')
    return { n: Number(row?.['n']), sum: Math.round(Number(row?.['sum']) * 1_000) }
  }
  const powerSent = () => {
    const each = gateways * instruments.length
    let sum = 0
    for (let r = 1; r <= rounds; r++) for (let i = 0; i < minutes; i++) sum += each * (r + i)
    return { n: rounds * minutes * each, sum }
  }

  it('a day without it and kills while it comes back: no point lost, ingest never waits, reconcile is empty', async () => {
    open()
    closes.push(shut)
    const before = await hours(3)
    // What was made before it went is there, so that the day is all that waits.
    await feed.settled()
    await outbox.flush()
    await influxd.kill()
    const during = await hours(24)
    await feed.settled()
    await vi.waitFor(() => expect(outbox.state().failing).not.toBeNull(), { timeout: 30_000 })

    // Nobody upstream has noticed.
    expect(median(during)).toBeLessThan(2 * median(before) + 10)
    const { status, ok, series: told } = await health()
    expect([status, ok]).toEqual([200, true])
    expect(told.says).toMatch(
      /^The series is 2[34] h \d+ min behind: [\d,]+ points wait\. InfluxDB at .* does not answer .*none is lost\.$/,
    )
    expect(told.behindMs).toBeGreaterThan(23 * HOUR)
    expect(told).toMatchObject({ pending: outbox.state().pending, dropped: 0 })
    expect(statSync(file()).size).toBeLessThan(100 * 2 ** 20)

    // It comes back, and is killed again and again while the backlog is brought and the fleet goes on.
    let left = outbox.state().pending
    for (let kills = 0; kills < 3; kills++) {
      await influxd.start()
      await vi.waitFor(
        () => {
          clock.advanceTo(clock.wall() + 100)
          expect(outbox.state().pending).toBeLessThan(left - 3_000)
        },
        { timeout: 30_000, interval: 2 },
      )
      await influxd.kill()
      await round()
      left = outbox.state().pending
      expect(left).toBeGreaterThan(0)
    }
    await influxd.start()
    await hours(1)
    await drained()
    expect(outbox.state()).toMatchObject({ pending: 0, dropped: 0, quarantined: 0, failing: null })
    expect((await health()).series.says).toBe('The series is up to date.')
    expect(await powerStored()).toEqual(powerSent())
    const found = await reconcile(folder, { series, clock })
    expect(found).toMatchObject({ differences: [], waiting: 0, compared: gateways * instruments.length })
    expect(found.points).toBeGreaterThan(powerSent().n)
  }, 150_000)

  it('a backlog beyond its bound stays bounded on disk, says so, and a rebuild brings what was dropped', async () => {
    const maxBytes = 1_000_000
    open(maxBytes)
    await hours(1)
    await feed.settled()
    await outbox.flush()
    await influxd.stop()
    await hours(24)
    await feed.settled()
    const { dropped, bytes } = outbox.state()
    expect(dropped).toBeGreaterThan(3_000)
    expect(bytes).toBeLessThanOrEqual(maxBytes)
    // Pages of SQLite and its write-ahead log on top.
    expect(statSync(file()).size).toBeLessThan(4 * maxBytes)
    expect((await health()).series.says).toMatch(
      /points were dropped as too much waited\. Fix: hours rebuild --series\.$/,
    )
    await influxd.start()
    await drained()
    await shut()
    const { differences } = await reconcile(folder, { series, clock })
    expect(differences.length).toBeGreaterThan(0)
    await rebuildSiteSeries(folder, { store: series, clock })
    expect(await reconcile(folder, { series, clock })).toMatchObject({ differences: [], waiting: 0 })
    expect(await powerStored()).toEqual(powerSent())
  }, 150_000)
})
