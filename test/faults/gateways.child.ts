import { join } from 'node:path'
import { setImmediate as turn } from 'node:timers/promises'
import { createDevice, createRandom, gatewayConfigs, gridFleet } from '@hours/firmware-sim'
import { type ClockSync, createGateway, mqttConnect, openSpool } from '@hours/gateway'
import { createManualClock, every, type GatewayConfig, HOUR, MINUTE, systemClock } from '@hours/protocol'
import { pino } from 'pino'
import { gatewayKey } from '../../cli/demo/gateway-keys.ts'
import { serveCommands } from './child.ts'
import { pageMs, sampleMs } from './fleet.ts'

/** Many gateways of a fleet in one process, each with its own spool on disk; for counts no machine has processes for. */
export interface ManyGateways {
  readonly folder: string
  readonly seed: number
  readonly gateways: number
  readonly perGateway: number
  /** Of the fleet's gateways those with index in [first, last). */
  readonly first: number
  readonly last: number
  readonly at: number
  readonly port: number
  readonly trust: GatewayConfig['trust']
}

const many = JSON.parse(process.argv[2] ?? '{}') as ManyGateways
const { folder, seed, gateways, perGateway, at } = many
const clock = createManualClock(at, HOUR)
const fleet = gridFleet({ seed, gateways, perGateway })
const configs = gatewayConfigs(fleet, {
  brokerUrl: `mqtt://127.0.0.1:${many.port}`,
  data: (gateway) => join(folder, gateway),
  sampleMs,
  pageMs,
}).slice(many.first, many.last)
const own = new Set<string>(configs.map(({ gateway }) => gateway))
const devices = fleet.instruments
  .filter(({ gateway }) => own.has(gateway))
  .map((one) => ({
    gateway: one.gateway,
    device: createDevice(one, { sampleMs, silence: 0.02, keepTruth: false }),
  }))

let sync: ClockSync = { source: 'sim', offsetMs: 0, errorMs: 0, syncedAt: clock.monotonic() }
every(clock, MINUTE, () => (sync = { ...sync, syncedAt: clock.monotonic() }))

const running = new Map(
  configs.map((found) => {
    const { signer, password } = gatewayKey(found.data, found.gateway)
    const config: GatewayConfig = { ...found, broker: { ...found.broker, password }, trust: many.trust }
    const spool = openSpool(join(config.data, 'spool.sqlite'), config.spool, () => clock.wall(), {
      survivesPowerCut: false,
    })
    const gateway = createGateway({
      ...{ config, clock, signer, spool, net: systemClock, connect: mqttConnect(config) },
      sync: () => sync,
      log: pino({ level: 'fatal' }),
      bootId: 'boot-1',
      random: createRandom(seed),
    })
    gateway.start()
    return [found.gateway, { gateway, spool }] as const
  }),
)
const pending = () => [...running.values()].reduce((sum, { gateway }) => sum + gateway.pending(), 0)

serveCommands({
  /** Plays all readings up to `to`; returns pages that wait. */
  async play({ to }: { to: number }) {
    for (let from = clock.wall(); from < to; from += MINUTE) {
      const until = Math.min(to, from + MINUTE)
      const messages = devices
        .flatMap(({ gateway, device }) => device.messages(from, until).map((one) => ({ ...one, gateway })))
        .sort((a, b) => a.at - b.at)
      for (const { gateway, at: when, topic, payload } of messages) {
        if (when > clock.wall()) clock.advanceTo(when)
        running.get(gateway)?.gateway.handleLocal(topic, Buffer.from(payload))
      }
      if (until > clock.wall()) clock.advanceTo(until)
      await turn()
    }
    return pending()
  },
  pending,
  memory: () => process.memoryUsage().rss,
  async stop() {
    for (const { gateway, spool } of running.values()) {
      await gateway.stop()
      spool.close()
    }
  },
})
