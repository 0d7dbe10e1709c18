import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
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
  /** Resolves when the work of its start is done. */
  begun(): Promise<void>
  /** Resolves when all that it was sent is in InfluxDB, and nothing is tried again. */
  worked(): Promise<void>
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

/** Time of the first point that is sent. */
export const firstMinute = Math.floor(Date.now() / MINUTE) * MINUTE - 1_000 * MINUTE

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
        const from = firstMinute + Math.floor(i / perConnection) * MINUTE
        const mw: [number, number, number][] = [[310_000, 900_000 + i, 1_420_000 + i]]
        const report = encodePowerReport({ v: 1, from, stepMs: 60_000, instruments: [{ id, mw, mwh: null }] })
        return { topic: powerTopic(site, gateway), payload: Buffer.from(report) }
      },
      [asSent]: (c, i) => {
        const { gateway, instruments } = fleet[c] as (typeof fleet)[number]
        // A day before the others, so that no point is counted twice.
        const from = firstMinute - (1_440 - i) * MINUTE
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
        const since = firstMinute + i
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
    begun: () => server.settled(),
    worked: () => server.drained(600_000),
    async killSubscriber() {
      await server.kill()
      server = await startSeriesServer(options)
    },
    async settle() {
      // What a start tells again would fill the outbox while it is looked at.
      await server.settled()
      await server.drained(600_000)
    },
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
