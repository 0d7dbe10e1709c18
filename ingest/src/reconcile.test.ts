import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { DAY } from '@hours/protocol'
import { expect, it } from 'vitest'
import { openTestSite, pageMs, run, start } from './ingest.fixture.ts'
import { reconcile } from './reconcile.ts'
import { createEmbeddedSeries, rebuildSiteSeries } from './series/index.ts'

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
