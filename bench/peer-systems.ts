import { type ChildProcess, fork, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { createInfluxSeries } from '@hours/ingest'
import { encodePowerReport, encodeStateEvent, MINUTE, powerTopic, stateTopic } from '@hours/protocol'
import { freePort, type Influxd, startInfluxd } from '../test/contract/influxd.fixture.ts'
import { benchFleet, gatewayPassword, site } from './fleet.ts'
import type { PacedLoad } from './paced-load.ts'
import { startSeriesServer } from './series-child.ts'

export const connections = 10
export const perConnection = 100

/** A pipeline from MQTT to InfluxDB as it is loaded, hurt and counted. */
export interface PeerSystem {
  readonly name: string
  readonly influxd: Influxd
  /** Its processes by name. */
  pids(): Readonly<Record<string, number>>
  readonly login: PacedLoad['login']
  readonly messages: Readonly<Record<string, PacedLoad['message']>>
  /** Kill -9 of what subscribes and writes, and a new start at once. */
  killSubscriber(): Promise<void>
  /** Resolves when it has had its chance to bring what it holds. */
  settle(): Promise<void>
  /** Points that are in InfluxDB. */
  stored(): Promise<number>
  remove(): Promise<void>
}

/** A minute of all instruments of a gateway in one message, as gateways send it. */
export const asSent = `power as gateways send it, ${perConnection} instruments a message`

const first = Math.floor(Date.now() / MINUTE) * MINUTE - 1_000 * MINUTE

/** mosquitto and the fifteen lines of `peer-script.ts`, all defaults. */
export async function scriptSystem(): Promise<PeerSystem> {
  const dir = mkdtempSync(join(tmpdir(), 'hours-peer-'))
  const port = await freePort()
  const conf = [
    ...(process.getuid?.() === 0 ? ['user root'] : []),
    `listener ${port} 127.0.0.1`,
    'allow_anonymous true',
    'log_dest none',
    '',
  ].join('\n')
  writeFileSync(join(dir, 'conf'), conf)
  const mosquitto = spawn('mosquitto', ['-c', join(dir, 'conf')], { stdio: 'ignore' })
  const influxd = await startInfluxd()
  const { query } = createInfluxSeries({ url: influxd.url, database: 'peer' })
  await query('CREATE DATABASE peer')
  let script = await startScript()

  async function startScript(): Promise<ChildProcess> {
    const child = fork(
      join(import.meta.dirname, 'peer-script.ts'),
      [`mqtt://127.0.0.1:${port}`, influxd.url],
      {
        stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
      },
    )
    await once(child, 'message')
    return child
  }
  async function end(child: ChildProcess): Promise<void> {
    const ended = once(child, 'exit')
    child.kill('SIGKILL')
    await ended
  }
  async function stored(): Promise<number> {
    const [row] = await query('SELECT count("watts") AS "n" FROM "usage"')
    return Number(row?.['n'] ?? 0)
  }

  return {
    name: '15-line script',
    influxd,
    pids: () => ({ broker: mosquitto.pid ?? 0, subscriber: script.pid ?? 0, influxd: influxd.pid() }),
    login: (c) => ({ port, clientId: `load-${c}` }),
    messages: {
      power: (c, i) => {
        const instrument = `inst-${c * perConnection + (i % perConnection)}`
        const body = {
          instrument,
          state: i & 3 ? 'running' : 'idle',
          watts: (i % 20_000) / 10,
          ts: first + i,
        }
        const text = JSON.stringify({ ...body, pad: '' })
        const pad = 'x'.repeat(Math.max(0, 200 - text.length))
        return { topic: `usage/${instrument}`, payload: Buffer.from(JSON.stringify({ ...body, pad })) }
      },
    },
    async killSubscriber() {
      await end(script)
      script = await startScript()
    },
    async settle() {
      // Its own flush is every 60 s; retries of what failed go on meanwhile.
      for (let still = 0, last = -1; still < 10; ) {
        script.kill('SIGUSR2')
        await pause(1_000)
        const now = await stored()
        still = now === last ? still + 1 : 0
        last = now
      }
    },
    stored,
    async remove() {
      await end(script)
      await end(mosquitto)
      await influxd.remove()
      rmSync(dir, { recursive: true })
    },
  }
}

/** Broker, ingest, evidence log, index and outbox of Instrument Hours in one process. */
export async function ourSystem(): Promise<PeerSystem> {
  const dir = mkdtempSync(join(tmpdir(), 'hours-peer-'))
  const influxd = await startInfluxd()
  const series = createInfluxSeries({ url: influxd.url })
  await series.setUp()
  const fleet = benchFleet(connections, perConnection)
  const options = {
    gateways: connections,
    perGateway: perConnection,
    influxUrl: influxd.url,
    dir,
    delayMs: 500,
    port: await freePort(),
  }
  let server = await startSeriesServer(options)
  const at = (c: number, i: number) => {
    const { gateway, instruments } = fleet[c] as (typeof fleet)[number]
    return { gateway, id: instruments[i % perConnection] as (typeof instruments)[number] }
  }

  return {
    name: 'Instrument Hours',
    influxd,
    pids: () => ({ server: server.pid, influxd: influxd.pid() }),
    login: (c) => ({
      port: options.port,
      clientId: at(c, 0).gateway,
      username: at(c, 0).gateway,
      password: gatewayPassword,
    }),
    messages: {
      power: (c, i) => {
        const { gateway, id } = at(c, i)
        const from = first + Math.floor(i / perConnection) * MINUTE
        const mw: [number, number, number][] = [[310_000, 900_000 + i, 1_420_000 + i]]
        const report = encodePowerReport({ v: 1, from, stepMs: 60_000, instruments: [{ id, mw, mwh: null }] })
        return { topic: powerTopic(site, gateway), payload: Buffer.from(report) }
      },
      [asSent]: (c, i) => {
        const { gateway, instruments } = fleet[c] as (typeof fleet)[number]
        // A day before the others, so that no point is counted twice.
        const from = first - (1_440 - i) * MINUTE
        const mw: [number, number, number][] = [[310_000, 900_000 + i, 1_420_000 + i]]
        const report = encodePowerReport({
          v: 1,
          from,
          stepMs: 60_000,
          instruments: instruments.map((id) => ({ id, mw, mwh: null })),
        })
        return { topic: powerTopic(site, gateway), payload: Buffer.from(report) }
      },
      'state events': (c, i) => {
        const { gateway, id } = at(c, i)
        const since = first + i
        const event = encodeStateEvent({
          v: 1,
          state: i & 1 ? 'run' : 'standby',
          since,
          at: since,
          mw: i,
          why: 'power',
        })
        return { topic: stateTopic(site, gateway, id), payload: Buffer.from(event), retain: true }
      },
    },
    async killSubscriber() {
      await server.kill()
      server = await startSeriesServer(options)
    },
    settle: () => server.drained(120_000),
    async stored() {
      const [row] = await series.query('SELECT count("w") AS "n" FROM "power"')
      return Number(row?.['n'] ?? 0)
    },
    async remove() {
      await server.kill()
      await influxd.remove()
      rmSync(dir, { recursive: true })
    },
  }
}
