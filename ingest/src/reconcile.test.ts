import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { DAY } from '@hours/protocol'
import { expect, it } from 'vitest'
import { openTestSite, pageMs, run, start } from './ingest.fixture.ts'
import { reconcile } from './reconcile.ts'
import {
  createEmbeddedSeries,
  createSeriesOutbox,
  feedSeries,
  rebuildSiteSeries,
  SeriesError,
} from './series/index.ts'
import { lagText } from './series/series-lag.ts'
import type { SeriesPoint } from './series/series-ports.ts'

it('names the daily figure that the series store has otherwise, or has not', async () => {
  const { dataDir, clock, gateway, ingest } = await openTestSite()
  clock.advanceTo(start + 700 * pageMs)
  const pages = Array.from({ length: 600 }, () => gateway.page({ 'sem-01': run }))
  await Promise.all(pages.map((payload) => ingest.commit({ topic: gateway.topic, payload })))
  await ingest.settled()
  await ingest.close()
  const path = join(dataDir, 'series.sqlite')
  const series = createEmbeddedSeries(path)
  await rebuildSiteSeries(dataDir, { store: series, clock })
  expect(await reconcile(dataDir, { series, clock })).toMatchObject({ compared: 2, differences: [] })

  const db = new DatabaseSync(path)
  db.exec(`UPDATE usage_daily SET run_ms = 1 WHERE at = ${start + DAY}`)
  const { differences } = await reconcile(dataDir, { series, clock })
  expect(differences).toEqual([
    {
      store: 'series',
      table: 'usage_daily',
      row: 'gz-gibh/sem-01 2026-01-06 run_ms',
      log: String(288 * pageMs),
      found: '1',
    },
  ])
  db.exec(`DELETE FROM usage_daily WHERE at = ${start + DAY}`)
  expect((await reconcile(dataDir, { series, clock })).differences).toMatchObject([
    { row: 'gz-gibh/sem-01 2026-01-06', found: 'no such row' },
  ])
  expect(await reconcile(dataDir, { series, clock, since: start + 2 * DAY })).toMatchObject({
    compared: 0,
    differences: [],
  })
  db.close()
  await series.close()
  rmSync(dataDir, { recursive: true })
})

it('a rebuild of the series ends what was said of points that were dropped or refused', async () => {
  const { dataDir, clock, gateway, ingest } = await openTestSite()
  clock.advanceTo(start + 300 * pageMs)
  const pages = Array.from({ length: 290 }, () => gateway.page({ 'sem-01': run }))
  await Promise.all(pages.map((payload) => ingest.commit({ topic: gateway.topic, payload })))
  const store = createEmbeddedSeries(join(dataDir, 'series.sqlite'))
  let fault: SeriesError | undefined = new SeriesError('away', 'InfluxDB is away')
  const door = {
    ...store,
    write: (of: readonly SeriesPoint[]) => (fault ? Promise.reject(fault) : store.write(of)),
  }
  const open = () =>
    createSeriesOutbox({
      path: join(dataDir, 'outbox.sqlite'),
      store: door,
      clock,
      rest: 0,
      maxBytes: 15_000,
    })
  const first = open()
  const feed = feedSeries({ ingest, outbox: first, onError: (error) => expect.unreachable(String(error)) })
  await feed.settled()
  fault = new SeriesError('partly_stored', 'field type conflict')
  await first.flush()
  expect(first.state().dropped).toBeGreaterThan(0)
  expect(first.state().quarantined).toBeGreaterThan(0)
  await feed.close()
  await first.close()
  await ingest.close()

  fault = undefined
  expect(await rebuildSiteSeries(dataDir, { store: door, clock })).toMatchObject({ quarantined: 0 })
  expect(await reconcile(dataDir, { series: store, clock })).toMatchObject({ differences: [], untold: 0 })
  const second = open()
  expect(second.state()).toMatchObject({ dropped: 0, quarantined: 0, lacking: null })
  expect(lagText(second.state(), clock.wall())).toBe('The series is up to date.')
  await second.close()
  await store.close()
  rmSync(dataDir, { recursive: true })
})
