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

type Change = { readonly env: Record<string, string> }
const hours = (...all: readonly (string | Change)[]) =>
  new Promise<{ code: number; out: string; err: string }>((resolve) => {
    const args = all.filter((one) => typeof one === 'string')
    const changes = all.filter((one) => typeof one !== 'string').map(({ env }) => env)
    const env = changes.reduce<NodeJS.ProcessEnv>((sum, one) => ({ ...sum, ...one }), process.env)
    const root = join(import.meta.dirname, '../..')
    const argv = ['--disable-warning=ExperimentalWarning', join(root, 'hours.ts'), ...args, '--data', folder]
    const child = execFile(
      process.execPath,
      argv,
      { cwd: root, env, timeout: 60_000 },
      (_error, out, err) => {
        resolve({ code: child.exitCode ?? -1, out, err })
      },
    )
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

it('InfluxDB is named by the environment of a service too, and no password ever stands in what is said', async () => {
  const env = { HOURS_INFLUX_URL: 'http://127.0.0.1:1', HOURS_INFLUX_USER: 'ann', INFLUX_PASSWORD: 'se#cret' }
  const nobody = await hours({ env }, 'reconcile')
  expect(nobody.err).toMatch(/InfluxDB at http:\/\/127\.0\.0\.1:1 does not answer/)
  const without = await hours({ env: { ...env, INFLUX_PASSWORD: '' } }, 'reconcile')
  expect(without.err).toContain('--influx-user needs a password. Fix: INFLUX_PASSWORD in the environment.')
  const open = await hours('reconcile', '--influx-url', 'http://ann:se#cret@influx:8086')
  const given = await hours({ env: { HOURS_INFLUX_URL: 'http://ann:secret@influx:8086' } }, 'reconcile')
  for (const { code, out, err } of [nobody, without, open, given]) {
    expect(code).toBe(1)
    expect(out + err).not.toMatch(/cret/)
  }
  expect(given.err).toContain('has a name or a password in it')
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
