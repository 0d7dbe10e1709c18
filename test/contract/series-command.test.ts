import { execFile } from 'node:child_process'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { createManualClock, DAY } from '@hours/protocol'
import { afterAll, beforeAll, expect, it } from 'vitest'
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

const folder = freshFolder()
const clock = createManualClock(start)
const gateway = createTestGateway('gw-1')
beforeAll(async () => {
  const ingest = await openIngest(folder, clock)
  await ingest.recordAll([unitRecord(), ...gateway.records(), enrolmentRecord('gw-1', 'sem-01')])
  const pages = Array.from({ length: 300 }, () => gateway.page({ 'sem-01': [['run', 0, pageMs]] }))
  clock.advanceTo(gateway.at() + 1_000)
  await Promise.all(pages.map((payload) => ingest.commit({ topic: gateway.topic, payload })))
  await ingest.close()
}, 30_000)
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const hours = (...args: string[]) =>
  new Promise<{ code: number; out: string; err: string }>((resolve) => {
    const root = join(import.meta.dirname, '../..')
    const argv = ['--disable-warning=ExperimentalWarning', join(root, 'hours.ts'), ...args, '--data', folder]
    const child = execFile(process.execPath, argv, { cwd: root, timeout: 60_000 }, (_error, out, err) => {
      resolve({ code: child.exitCode ?? -1, out, err })
    })
  })

it('hours rebuild --series makes the embedded store, hours reconcile holds it against the log', async () => {
  const made = await hours('rebuild', '--series')
  expect(made).toMatchObject({ code: 0 })
  expect(made.out).toMatch(
    /index\.sqlite holds everything up to 2026\/\d+\.\nseries\.sqlite holds \d+ points\./,
  )
  const clean = await hours('reconcile')
  expect(clean).toMatchObject({ code: 0 })
  expect(clean.out).toContain('log and index and series agree in every row.')

  const db = new DatabaseSync(join(folder, 'series.sqlite'))
  db.exec(`UPDATE usage_daily SET run_ms = 7 WHERE at = ${start}`)
  db.exec(`DELETE FROM state WHERE at = ${start + pageMs}`)
  db.close()
  const found = await hours('reconcile')
  expect(found).toMatchObject({ code: 1 })
  expect(found.out).toContain(
    `series usage_daily gz-gibh/sem-01 2026-01-05 run_ms\n  log says   ${DAY}\n  series says 7\n`,
  )
  expect(found.out).toContain('series state gz-gibh/sem-01 2026-01-04T16:05:00.000Z\n')
  const json = JSON.parse((await hours('reconcile', '--json')).out) as { differences: unknown[] }
  expect(json).toMatchObject({ compared: 1, waiting: 0 })
  expect(json.differences).toHaveLength(2)
  expect(await hours('reconcile', '--no-series')).toMatchObject({ code: 0 })
  expect(await hours('reconcile', '--since', '2026-01-07')).toMatchObject({ code: 0 })
  await hours('rebuild', '--series')
  expect(await hours('reconcile')).toMatchObject({ code: 0 })
}, 60_000)

it('a wrong day is a wrong use; a server that is not there is named and loses nothing', async () => {
  const wrong = await hours('reconcile', '--since', 'monday')
  expect(wrong).toMatchObject({ code: 2 })
  expect(wrong.err).toContain('"monday" is no day. Fix: --since 2026-01-31')
  for (const verb of [['rebuild', '--series'], ['reconcile']]) {
    const nobody = await hours(...verb, '--influx-url', 'http://127.0.0.1:1')
    expect(nobody).toMatchObject({ code: 1 })
    expect(nobody.err).toMatch(/InfluxDB at http:\/\/127\.0\.0\.1:1 does not answer/)
  }
}, 60_000)

it('a rebuild beside a running ingest is refused', async () => {
  const ingest = await openIngest(folder, clock)
  try {
    const refused = await hours('rebuild', '--series')
    expect(refused).toMatchObject({ code: 1 })
    expect(refused.err).toMatch(/is writing it already\. Fix: stop that process/)
    // Comparing disturbs nobody.
    expect((await hours('reconcile', '--no-series')).code).toBe(0)
  } finally {
    await ingest.close()
  }
}, 60_000)

it.runIf(hasInfluxd)(
  'both reach a real influxd by --influx-url; a database that is not there is named, and made by the rebuild',
  async () => {
    const influxd = await startInfluxd()
    try {
      const flags = ['--influx-url', influxd.url, '--influx-database', 'site']
      const empty = await hours('reconcile', ...flags)
      expect(empty).toMatchObject({ code: 1 })
      expect(empty.err).toMatch(/has no such database or bucket \(database not found: site\)/)
      expect((await hours('rebuild', '--series', ...flags)).out).toMatch(/ site holds \d+ points\./)
      const clean = await hours('reconcile', ...flags)
      expect(clean.out).toContain('log and index and series agree in every row.')
      expect(clean.code).toBe(0)
    } finally {
      await influxd.remove()
    }
  },
  60_000,
)
