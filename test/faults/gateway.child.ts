import { writeSync } from 'node:fs'
import { join } from 'node:path'
import { setImmediate as turn } from 'node:timers/promises'
import { createRandom, gatewayConfigs, gridFleet } from '@hours/firmware-sim'
import { type ClockSync, createGateway, mqttConnect, openSpool } from '@hours/gateway'
import { type Clock, createManualClock, every, MINUTE, type GatewayConfig } from '@hours/protocol'
import { pino } from 'pino'
import { gatewayKey } from '../../cli/demo/gateway-keys.ts'
import { serveCommands } from './child.ts'
import { netSpeed, pageMs, sampleMs } from './fleet.ts'

/** What a gateway's machine is like at the moment its process starts. */
export interface Machine {
  readonly folder: string
  readonly seed: number
  readonly gateways: number
  readonly perGateway: number
  readonly gateway: string
  /** True time, and by how much the wall clock is off it. */
  readonly at: number
  readonly offset: number
  /** True time of the machine's boot. */
  readonly bootedAt: number
  readonly bootId: string
  readonly synced: boolean
  readonly port: number
  readonly trust: GatewayConfig['trust']
}

/**
 * One gateway as a process of its own on the clock of its machine; readings come over IPC. Each line on stdout is a
 * true time before which every reading is on disk: a checkpoint that was written.
 */
const machine = JSON.parse(process.argv[2] ?? '{}') as Machine
const { folder, seed, gateways, perGateway } = machine
const clock = createManualClock(machine.at + machine.offset, machine.bootedAt + machine.offset)
let offset = machine.offset
let synced = machine.synced
const began = performance.now()
const net: Clock = {
  wall: () => Date.now(),
  monotonic: () => Math.floor((performance.now() - began) * netSpeed),
  after(delay, task) {
    const timer = setTimeout(task, delay / netSpeed)
    return () => clearTimeout(timer)
  },
}
const found = gatewayConfigs(gridFleet({ seed, gateways, perGateway }), {
  brokerUrl: `mqtt://127.0.0.1:${machine.port}`,
  data: (gateway) => join(folder, gateway),
  sampleMs,
  pageMs,
}).find(({ gateway }) => gateway === machine.gateway)
if (!found) throw new Error(`the fleet has no gateway ${machine.gateway}`)
const { signer, password } = gatewayKey(found.data, found.gateway)
const config: GatewayConfig = { ...found, broker: { ...found.broker, password }, trust: machine.trust }
const spool = openSpool(join(config.data, 'spool.sqlite'), config.spool, () => clock.wall(), {
  // What a kill leaves is in the kernel's hands already; only a power cut would need each fsync.
  survivesPowerCut: false,
})

/** Asked once a minute, as chrony is; it answers only while the wall clock is right. */
let sync: ClockSync = { source: 'sim', offsetMs: 0, errorMs: 0, syncedAt: null }
const question = () => {
  if (synced) sync = { ...sync, syncedAt: clock.monotonic() }
}
question()
every(clock, MINUTE, question)

const gateway = createGateway({
  config,
  clock,
  sync: () => sync,
  log: pino({ level: process.env['HOURS_FAULT_LOG'] ?? 'fatal' }),
  signer,
  spool,
  connect: mqttConnect(config),
  bootId: machine.bootId,
  net,
  random: createRandom(seed + machine.at),
})
gateway.start()
every(clock, config.checkpointMs, () => void writeSync(1, `${clock.wall() - offset}\n`))

serveCommands({
  async play({ messages, to }: { messages: [number, string, string][]; to: number }) {
    for (const [i, [at, topic, payload]] of messages.entries()) {
      if (at + offset > clock.wall()) clock.advanceTo(at + offset)
      gateway.handleLocal(topic, Buffer.from(payload))
      if (i % 16 === 0) await turn()
    }
    if (to + offset > clock.wall()) clock.advanceTo(to + offset)
    await turn()
    return gateway.pending()
  },
  clock({ by, good }: { by: number; good: boolean }) {
    if (by !== 0) clock.step(by)
    offset += by
    synced = good
  },
  pending: () => gateway.pending(),
  memory: () => process.memoryUsage().rss,
  status: () => gateway.status(),
  refused: () =>
    spool.refused().map(({ seq, code, reason }) => `${machine.gateway} ${seq} ${code}: ${reason}`),
  async stop() {
    await gateway.stop()
    spool.close()
  },
})
