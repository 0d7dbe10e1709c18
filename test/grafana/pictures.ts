import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { createDevice, demoFleet } from '@hours/firmware-sim'
import { type ClassicDashboard, dashboardsOf, defaultOptions } from '@hours/grafana'
import { createInfluxSeries, type InfluxSeries, reconcile } from '@hours/ingest'
import { createManualClock, DAY, HOUR } from '@hours/protocol'
import { pino } from 'pino'
import { playHistory } from '../../cli/demo/history.ts'
import { keepDemoUse } from '../../cli/demo/sessions.ts'
import { createWorld } from '../../cli/demo/world.ts'
import { openSiteSeries } from '../../cli/site-series.ts'
import { startInfluxd } from '../contract/influxd.fixture.ts'
import { drawPanel } from './draw-panel.ts'
import { expand } from './queries.ts'

/**
 * Plays a week of the simulated fleet through the whole pipeline into a real influxd, reconciles every daily figure, runs
 * each panel's own query, and draws the answers: `node test/grafana/pictures.ts` writes docs/pictures/grafana-*.svg.
 */
const to = Date.UTC(2026, 2, 15, 16)
const from = to - 8 * DAY
const sampleMs = 30_000
const dir = mkdtempSync(join(tmpdir(), 'hours-pictures-'))
const out = resolve(import.meta.dirname, '../../docs/pictures')

async function play(influxUrl: string, draw: () => Promise<void>): Promise<void> {
  const fleet = demoFleet(1)
  const clock = createManualClock(from, from - HOUR)
  const log = pino({ level: 'silent' })
  const world = await createWorld({ dir, fleet, clock, log, mqttPort: 0, sampleMs, enrolFrom: from })
  const series = openSiteSeries({ ingest: world.ingest, dir, log, influx: { url: influxUrl } })
  series.feed()
  const started = world.startGateways({ pageMs: 900_000 })
  const gateways = new Map(
    [...started].map(([id, one]) => [
      id,
      { id, handleLocal: one.handleLocal.bind(one), pending: () => one.pending() },
    ]),
  )
  const silent = to - 3 * DAY
  await playHistory({
    clock,
    devices: fleet.instruments.map((one) =>
      createDevice(one, { sampleMs, silence: 0.0015, keepTruth: false }),
    ),
    gateways,
    from,
    to,
    stepMs: 300_000,
    allow: 0,
    outages: [{ gateway: 'sysu-centre', from: silent, to: silent + 3 * HOUR }],
    signal: new AbortController().signal,
    onStep: () => undefined,
  })
  // Bookings and sessions of the week, as in the demo: without them no hour is anybody's.
  const onError = (error: unknown) => console.error(error)
  const stopUse = await keepDemoUse({ ingest: world.ingest, fleet, clock, from, days: 8, onError })
  stopUse()
  await world.ingest.settled()
  await series.feed().settled()
  await series.feed().rebuild()
  await series.outbox.flush()
  console.log('outbox', JSON.stringify(series.outbox.state()))
  const { compared, differences } = await reconcile(dir, { series: series.store })
  console.log(`reconcile: ${compared} days compared, ${differences.length} differences`)
  for (const one of differences) console.log(JSON.stringify(one))
  // While the gateways are there: a stop says that they are not.
  await draw()
  await world.stopGateways()
  await series.close()
  await world.close()
}

interface Panel {
  readonly type: string
  readonly title?: string
  readonly gridPos: { x: number; y: number; w: number; h: number }
  readonly targets: readonly { query: string }[]
  readonly fieldConfig: { defaults: { unit?: string } }
}

async function picture(series: InfluxSeries, name: string, dashboard: ClassicDashboard): Promise<void> {
  const panels = (dashboard.panels ?? []) as unknown as Panel[]
  const height = Math.max(...panels.map(({ gridPos }) => gridPos.y + gridPos.h)) * 28 + 50
  const parts: string[] = []
  for (const { type, title = '', gridPos, targets, fieldConfig } of panels) {
    const choices = name === 'instrument' ? { site: 'gz-gibh', instrument: 'sem-01' } : {}
    const list = dashboard.templating.list ?? []
    const query = expand(targets[0]?.query ?? '', { from, to: to - 1, interval: '30m', list, choices })
    const rows = await series.query(query.replace('now() - 366d', `${from - 366 * DAY}ms`))
    const box = {
      x: gridPos.x * 45 + 2,
      y: gridPos.y * 28 + 42,
      w: gridPos.w * 45 - 4,
      h: gridPos.h * 28 - 4,
    }
    const isWeek = query.includes('usage_week_hour')
    parts.push(
      drawPanel({
        type: isWeek ? 'week' : type,
        title,
        unit: fieldConfig.defaults.unit ?? 'short',
        box,
        rows,
      }),
    )
  }
  const head = `<text x="8" y="26" font-size="18" font-weight="700" fill="#222">${dashboard.title ?? ''}</text>`
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1084 ${height}" font-family="system-ui, sans-serif"><rect width="1084" height="${height}" fill="#f4f5f7"/>${head}${parts.join('')}</svg>\n`
  writeFileSync(join(out, `grafana-${name}.svg`), svg)
  console.log(`docs/pictures/grafana-${name}.svg`, svg.length)
}

const influxd = await startInfluxd()
try {
  const series = createInfluxSeries({ url: influxd.url })
  await play(influxd.url, async () => {
    for (const [name, dashboard] of Object.entries(dashboardsOf({ ...defaultOptions, simulated: true })))
      await picture(series, name, dashboard)
  })
} finally {
  await influxd.remove()
  rmSync(dir, { recursive: true, force: true })
}
