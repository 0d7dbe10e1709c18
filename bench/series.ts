// Power into a real influxd: points a second through the outbox, and lag and memory under the load of 9,900 instruments.
import { mkdtempSync, rmSync } from 'node:fs'
import { loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { createInfluxSeries, createSeriesOutbox, type InfluxSeries, type SeriesPoint } from '@hours/ingest'
import { encodePowerReport, MINUTE, type PowerReport, powerTopic, systemClock } from '@hours/protocol'
import { type Influxd, startInfluxd } from '../test/contract/influxd.fixture.ts'
import { type BenchGateway, benchFleet, gatewayPassword, signedPages, site } from './fleet.ts'
import { printFigure, processUsage } from './figure.ts'
import { connectLoad, type LoadMessage } from './mqtt-load.ts'
import { startSeriesServer } from './series-child.ts'

const instruments = 9_900
const firstMinute = Math.floor(Date.now() / MINUTE) * MINUTE - 2_000 * MINUTE
const load = () => `load ${loadavg()[0]?.toFixed(1) ?? ''}`

/** `count` points; `live` order is a minute of the whole fleet after the other, else an instrument's minutes together. */
function powerPoints(count: number, order: 'live' | 'rebuild', from: number): SeriesPoint[] {
  const minutes = Math.ceil(count / instruments)
  return Array.from({ length: count }, (_, i) => {
    const [instrument, minute] =
      order === 'live'
        ? [i % instruments, Math.floor(i / instruments)]
        : [Math.floor(i / minutes), i % minutes]
    const w = 600 + ((i * 7_919) % 900_000) / 1_000
    return {
      measurement: 'power',
      tags: { site, instrument: `i-${instrument}` },
      fields: { w: { f: w }, wmin: { f: w - 12.5 }, wmax: { f: w + 31.25 }, wh: { f: w / 60 } },
      at: from + minute * MINUTE,
    }
  })
}

/** Through the outbox on disk, as the feed puts them, until the last is stored. */
async function throughOutbox(series: InfluxSeries, influxd: Influxd, of: SeriesPoint[], path: string) {
  const outbox = createSeriesOutbox({ path, store: series, clock: systemClock, rest: 0 })
  const before = { own: process.cpuUsage(), influxd: processUsage(influxd.pid()).cpuSeconds }
  const begun = performance.now()
  for (let i = 0; i < of.length; i += 5_000) {
    outbox.put(of.slice(i, i + 5_000))
    await new Promise((resolve) => setImmediate(resolve))
  }
  await outbox.flush()
  const seconds = (performance.now() - begun) / 1_000
  const own = process.cpuUsage(before.own)
  const theirs = processUsage(influxd.pid()).cpuSeconds - before.influxd
  await outbox.close()
  return {
    perSecond: of.length / seconds,
    note: `${((own.user + own.system) / of.length).toFixed(1)} us CPU a point here, ${((theirs * 1e6) / of.length).toFixed(1)} in influxd`,
  }
}

/** The middle of three runs in each order; a run counts when every point is there at its end. */
async function benchThroughput(): Promise<boolean> {
  const count = 495_000
  let met = true
  for (const order of ['live', 'rebuild'] as const) {
    const runs: { perSecond: number; note: string }[] = []
    for (let run = 0; run < 3; run++) {
      const dir = mkdtempSync(join(tmpdir(), 'hours-bench-'))
      const influxd = await startInfluxd()
      try {
        const series = createInfluxSeries({ url: influxd.url })
        await series.setUp()
        runs.push(
          await throughOutbox(
            series,
            influxd,
            powerPoints(count, order, firstMinute),
            join(dir, 'outbox.sqlite'),
          ),
        )
        const [row] = await series.query('SELECT count("w") AS "n" FROM "power"')
        if (row?.['n'] !== count) throw new Error(`${String(row?.['n'])} of ${count} points are there`)
      } finally {
        await influxd.remove()
        rmSync(dir, { recursive: true })
      }
    }
    const sorted = runs.toSorted((a, b) => a.perSecond - b.perSecond)
    const [least, middle, most] = sorted
    if (!least || !middle || !most) return false
    const spread = `${count} points, ${Math.round(least.perSecond)} to ${Math.round(most.perSecond)} in three runs; ${middle.note}; ${load()}`
    if (order === 'live') met = printFigure('seriesPointsPerSecond', middle.perSecond, spread)
    else printFigure('  in the order of a rebuild', middle.perSecond, spread)
  }
  return met
}

const gateways = 100
const perGateway = instruments / gateways
/** Times the live load: a page each 5 min and a report of power each minute from every gateway. */
const speed = 5
const liveMs = 240_000

function powerReport({ gateway, instruments }: BenchGateway, from: number): LoadMessage {
  const report: PowerReport = {
    v: 1,
    from,
    stepMs: 60_000,
    instruments: instruments.map((id, i) => ({ id, mw: [[310_000, 905_000 + i, 1_420_000]], mwh: null })),
  }
  return { topic: powerTopic(site, gateway), payload: Buffer.from(encodePowerReport(report)) }
}

/** Lag and memory of the whole server while 9,900 instruments report. */
async function benchLive(): Promise<boolean> {
  const dir = mkdtempSync(join(tmpdir(), 'hours-bench-'))
  const influxd = await startInfluxd()
  const fleet = benchFleet(gateways, perGateway)
  const each = Math.ceil((liveMs * speed) / (5 * MINUTE))
  const pages = fleet.map((one) => signedPages(one, each))
  // A changed day is told 30 s later, not 15 min as with 9,900 instruments: the run has several of these rounds.
  const server = await startSeriesServer({
    gateways,
    perGateway,
    influxUrl: influxd.url,
    dir,
    delayMs: 30_000,
  })
  const series = createInfluxSeries({ url: influxd.url })
  await series.setUp()
  const clients = await Promise.all(
    fleet.map(({ gateway }) =>
      connectLoad({ port: server.port, clientId: gateway, username: gateway, password: gatewayPassword }),
    ),
  )
  await server.settled()
  const lags: number[] = []
  const memory: number[] = []
  const alive: number[] = []
  const jobs: Promise<void>[] = []
  const turns = clients.map(() => Promise.resolve())
  const began = performance.now()
  const cpuBefore = processUsage(server.pid).cpuSeconds
  let reports = 0
  const until = async (ms: number) => pause(Math.max(0, began + ms - performance.now()))

  /** One message of a gateway after the other, as its spool sends them. */
  function publish(g: number, message: LoadMessage): void {
    turns[g] = (turns[g] ?? Promise.resolve()).then(() => clients[g]?.publishAll([message], 1))
  }
  async function probe(gateway: BenchGateway, at: number): Promise<void> {
    const sent = performance.now()
    const text = `SELECT "w" FROM "power" WHERE "instrument" = '${gateway.instruments[0] ?? ''}' AND time = ${at}ms`
    while ((await series.query(text)).length === 0) await pause(20)
    lags.push(performance.now() - sent)
  }
  async function sendReports(): Promise<void> {
    const every = MINUTE / speed / gateways
    for (; reports * every < liveMs; reports++) {
      await until(reports * every)
      const g = reports % gateways
      const gateway = fleet[g]
      if (!gateway) continue
      const at = firstMinute + Math.floor(reports / gateways) * MINUTE
      publish(g, powerReport(gateway, at))
      if (reports % 8 === 0) jobs.push(probe(gateway, at))
      if (reports % 8 === 4) memory.push(processUsage(server.pid).rssMb)
    }
  }
  async function sendPages(): Promise<void> {
    const every = (5 * MINUTE) / speed / gateways
    for (let i = 0; i * every < liveMs; i++) {
      await until(i * every)
      const page = pages[i % gateways]?.[Math.floor(i / gateways)]
      if (page) publish(i % gateways, page)
    }
  }
  /** A collection each 15 s: what a run of minutes has not collected yet is no growth. */
  async function weigh(): Promise<void> {
    for (let at = 15_000; at <= liveMs; at += 15_000) {
      await until(at)
      alive.push(await server.alive())
    }
  }
  await Promise.all([sendReports(), sendPages(), weigh()])
  await Promise.all([...jobs, ...turns])
  const cpu = (processUsage(server.pid).cpuSeconds - cpuBefore) / (liveMs / 1_000)
  await server.drained(600_000)
  const [row] = await series.query('SELECT count("w") AS "n" FROM "power"')
  const state = await server.state()
  for (const client of clients) client.close()
  await server.stop()
  await influxd.remove()
  rmSync(dir, { recursive: true })

  const sorted = lags.toSorted((a, b) => a - b)
  const quantile = (q: number) => sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] ?? 0
  const quarter = (n: number, of: readonly number[]) => {
    const part = of.slice((of.length * n) >> 2, (of.length * (n + 1)) >> 2).sort((a, b) => a - b)
    return part[part.length >> 1] ?? 0
  }
  const met = printFigure(
    'seriesLagP99Ms',
    quantile(0.99),
    `${sorted.length} probes, p50 ${quantile(0.5).toFixed(0)} ms, longest ${quantile(1).toFixed(0)} ms; ${reports} reports and ${Math.ceil(liveMs / ((5 * MINUTE) / speed / gateways))} pages of ${perGateway} instruments in ${liveMs / 1_000} s; server ${(cpu * 100).toFixed(0)} % of a core; ${load()}`,
  )
  const span = (of: readonly number[]) => `${quarter(1, of).toFixed(0)} to ${quarter(3, of).toFixed(0)} MB`
  const flat = printFigure(
    'seriesGrowthMb',
    quarter(3, alive) - quarter(1, alive),
    `${span(alive)} after a collection (${alive.map((mb) => mb.toFixed(0)).join(', ')}); RSS ${span(memory)}`,
  )
  const whole = row?.['n'] === reports * perGateway && state.dropped + state.quarantined === 0
  console.log(`${String(row?.['n'])} of ${reports * perGateway} points of power are in influxd`)
  return met && flat && whole
}

const only = process.argv[2]
let missed = false
if (only !== 'live') missed = !(await benchThroughput())
if (only !== 'throughput') missed = !(await benchLive()) || missed
process.exitCode = missed ? 1 : 0
