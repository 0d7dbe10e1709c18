import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import {
  createEmbeddedSeries,
  createInfluxSeries,
  createSeriesOutbox,
  feedSeries,
  rebuildSiteSeries,
  reconcile,
  type SeriesPoint,
  type SeriesStore,
} from '@hours/ingest'
import { createManualClock, DAY, encodePowerReport, HOUR, type InstrumentKey, MINUTE } from '@hours/protocol'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  createTestGateway,
  enrolmentRecord,
  freshFolder,
  openIngest,
  pageMs,
  start,
  unitRecord,
} from '../../ingest/src/ingest.fixture.ts'
import { hasInfluxd, startInfluxd } from './influxd.fixture.ts'

/** A series store that somebody else can get at. */
interface Opened {
  readonly store: SeriesStore
  /** Removes all points of `measurement` of sem-01 in [from, to). */
  remove: (measurement: string, from: number, to: number) => Promise<void>
  close: () => Promise<void>
}

const adapters: readonly { name: string; skip: boolean; open: () => Promise<Opened> }[] = [
  {
    name: 'embedded',
    skip: false,
    open: () => {
      const folder = mkdtempSync(join(tmpdir(), 'hours-reconcile-'))
      const path = join(folder, 'series.sqlite')
      const store = createEmbeddedSeries(path)
      return Promise.resolve({
        store,
        remove: (measurement, from, to) => {
          const db = new DatabaseSync(path)
          db.prepare(`DELETE FROM ${measurement} WHERE instrument = 'sem-01' AND at >= ? AND at < ?`).run(
            from,
            to,
          )
          db.close()
          return Promise.resolve()
        },
        close: async () => {
          await store.close()
          rmSync(folder, { recursive: true })
        },
      })
    },
  },
  {
    name: 'influxd of Debian (1.6.7)',
    skip: !hasInfluxd,
    open: async () => {
      const influxd = await startInfluxd()
      const store = createInfluxSeries({ url: influxd.url })
      return {
        store,
        remove: async (measurement, from, to) => {
          const text = `DELETE FROM "${measurement}" WHERE "instrument" = 'sem-01' AND time >= ${from}ms AND time < ${to}ms`
          const q = encodeURIComponent(text)
          const answer = await fetch(`${influxd.url}/query?db=hours&q=${q}`, { method: 'POST' })
          expect(await answer.text()).not.toContain('error')
        },
        close: () => influxd.remove(),
      }
    },
  },
]

const key = 'gz-gibh/sem-01' as InstrumentKey
/** Two and a half days with a gap, a page that comes late, and an hour of power. */
const pagesBefore = 300
const gap = 3 * HOUR

describe.each(adapters.filter(({ skip }) => !skip))('hours reconcile on $name', ({ open }) => {
  const folder = freshFolder()
  const clock = createManualClock(start)
  let opened: Opened
  let store: SeriesStore

  beforeAll(async () => {
    opened = await open()
    store = opened.store
    const ingest = await openIngest(folder, clock)
    const gateway = createTestGateway('gw-1')
    await ingest.recordAll([
      unitRecord(),
      ...gateway.records(),
      enrolmentRecord('gw-1', 'sem-01'),
      enrolmentRecord('gw-1', 'nmr-01'),
    ])
    const outbox = createSeriesOutbox({ path: join(folder, 'outbox.sqlite'), store, clock, rest: 0 })
    const onError = (error: unknown) => expect.unreachable(String(error))
    const feed = feedSeries({ ingest, outbox, onError })
    const send = (kind: string, payload: Uint8Array) =>
      ingest.commit({ topic: gateway.topic.replace(/page$/, kind), payload, client: gateway.id })
    const next = (i: number) =>
      gateway.page({
        'sem-01': [[i % 12 < 9 ? 'run' : 'standby', 0, pageMs]],
        'nmr-01': [['off', 0, pageMs]],
      })
    const pages = Array.from({ length: pagesBefore }, (_, i) => next(i))
    gateway.skip(gap)
    pages.push(...Array.from({ length: 400 }, (_, i) => next(i)))
    const [late] = pages.splice(100, 1)
    clock.advanceTo(gateway.at() + 1_000)
    await Promise.all(pages.map((bytes) => send('page', bytes)))
    await feed.settled()
    await send('page', late!)
    const mw = Array.from({ length: 60 }, (_, i): [number, number, number] => [
      900_000 + i,
      1_000_001,
      1_100_000,
    ])
    const power = { v: 1, from: start, stepMs: 60_000, instruments: [{ id: 'sem-01', mw, mwh: null }] }
    await send('power', Buffer.from(encodePowerReport(power as never)))
    await feed.settled()
    await outbox.flush()
    await feed.close()
    await outbox.close()
    await ingest.close()
  }, 60_000)
  afterAll(async () => {
    await opened.close()
    rmSync(folder, { recursive: true, force: true })
  })

  const rows = async () => {
    const { differences, waiting } = await reconcile(folder, { series: store, clock })
    expect(waiting).toBe(0)
    return differences.map(({ table, row, log, found }) => `${table} ${row}: ${log} / ${found}`)
  }
  const rebuild = () => rebuildSiteSeries(folder, { store, clock })
  const stored = async (measurement: SeriesPoint['measurement'], from: number, to = from + 1) => {
    const points = await store.points(measurement, key, from, to)
    expect(points).not.toEqual([])
    return points
  }

  it('finds nothing in what was fed as it came, a late page and a gap included', async () => {
    const found = await reconcile(folder, { series: store, clock })
    expect(found.differences).toEqual([])
    expect(found).toMatchObject({ compared: 4, waiting: 0 })
    // States of 700 pages, hours, days, hours of the week of two instruments, minutes of power.
    expect(found.points).toBeGreaterThan(2 * (699 + 61 + 2 + 168) + 60)
  })

  it('names a day, an hour, states and minutes that are gone, and a rebuild brings them again', async () => {
    await opened.remove('usage_daily', start, start + 1)
    await opened.remove('usage_hourly', start + 5 * HOUR, start + 6 * HOUR)
    await opened.remove('state', start + 2 * pageMs, start + 4 * pageMs)
    await opened.remove('power', start + 10 * MINUTE, start + 13 * MINUTE)
    await opened.remove('usage_week_hour', Date.UTC(2025, 11, 31, 16), Date.UTC(2025, 11, 31, 16) + 1)
    const found = await rows()
    const gone = (measurement: string) => found.filter((line) => line.startsWith(`${measurement} `))
    expect(gone('usage_daily')).toEqual([
      expect.stringMatching(/^usage_daily gz-gibh\/sem-01 2026-01-05: \{"off_ms":0,.*\} \/ no such row$/),
    ])
    expect(gone('usage_hourly')).toEqual([
      expect.stringContaining('gz-gibh/sem-01 2026-01-04T21:00:00.000Z: '),
    ])
    expect(gone('state')).toHaveLength(2)
    expect(gone('power')).toEqual([
      expect.stringContaining('gz-gibh/sem-01 2026-01-05, 3 of 60 minutes missing, 3 values differ'),
    ])
    // 25 h and 33 1/3 h were measured; the hours of the gap are nobody's.
    expect(gone('usage_week_hour')).toHaveLength(25 + 34)
    expect(found).toHaveLength(1 + 1 + 2 + 1 + 59)
    expect((await rebuild()).quarantined).toBe(0)
    expect(await rows()).toEqual([])
  })

  it('names each field that says something else, and a rebuild says what the log says', async () => {
    const [day] = await stored('usage_daily', start)
    const [hour] = await stored('usage_hourly', start + HOUR)
    const [state] = await stored('state', start + 2 * pageMs)
    const [minute] = await stored('power', start + MINUTE)
    await store.write([
      { ...day!, fields: { ...day!.fields, run_ms: { i: 1 }, effective_ms: { i: 2 } } },
      { ...hour!, fields: { ...hour!.fields, unknown_ms: { i: 3 } } },
      { ...state!, fields: { ...state!.fields, state: { s: 'fault' } } },
      { ...minute!, fields: { ...minute!.fields, w: { f: 1_000.002 } } },
    ])
    const runMs = (3 / 4) * (288 * pageMs)
    expect(await rows()).toEqual([
      'state gz-gibh/sem-01 2026-01-04T16:10:00.000Z state: run / fault',
      'usage_hourly gz-gibh/sem-01 2026-01-04T17:00:00.000Z unknown_ms: 0 / 3',
      `usage_daily gz-gibh/sem-01 2026-01-05 run_ms: ${runMs} / 1`,
      `usage_daily gz-gibh/sem-01 2026-01-05 effective_ms: ${runMs} / 2`,
      expect.stringMatching(
        /^power .*, 0 of 60 minutes missing, 1 values differ, .* w: 1000\.001 \/ 1000\.002$/,
      ),
    ])
    await rebuild()
    expect(await rows()).toEqual([])
  })

  it('names points that nothing accounts for, also of days to come, and a rebuild takes their weight away', async () => {
    const [day] = await stored('usage_daily', start)
    const [state] = await stored('state', start + 2 * pageMs)
    const coming = clock.wall() + DAY
    await store.write([
      { ...day!, at: start + 7 * HOUR + 1 },
      { ...state!, at: start + 9.5 * pageMs, fields: { ...state!.fields, state: { s: 'fault' } } },
      { ...state!, at: coming },
    ])
    const at = (ms: number) => new Date(ms).toISOString()
    expect(await rows()).toEqual([
      expect.stringContaining(`state gz-gibh/sem-01 ${at(coming)}: no such row / {"state":"run"`),
      `state gz-gibh/sem-01 ${at(start + 9.5 * pageMs)} state: standby / fault`,
      `state gz-gibh/sem-01 ${at(start + 9.5 * pageMs)} seq: 9 / 2`,
      expect.stringContaining(
        `usage_daily gz-gibh/sem-01 ${at(start + 7 * HOUR + 1)}: no such row / {"off_ms"`,
      ),
    ])
    await rebuild()
    expect(await rows()).toEqual([])
    const days = await store.daily([key], start, start + DAY)
    expect(days.reduce((sum, { fields }) => sum + fields['run_ms']!, 0)).toBe((3 / 4) * (288 * pageMs))
  })

  it('names an instrument that was never enrolled', async () => {
    const [day] = await stored('usage_daily', start)
    await store.write([{ ...day!, tags: { site: 'gz-gibh', instrument: 'stranger' } }])
    expect(await rows()).toEqual([
      expect.stringMatching(/gz-gibh\/stranger: no such instrument was ever enrolled/),
    ])
  })
})
