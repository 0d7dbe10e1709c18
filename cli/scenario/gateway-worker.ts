import { setImmediate as turn, setTimeout as pause } from 'node:timers/promises'
import { parentPort, workerData } from 'node:worker_threads'
import { createDevice, type Device, type SimInstrument } from '@hours/firmware-sim'
import { createGateway, type Gateway, mqttConnect, openSpool, simSync, type Spool } from '@hours/gateway'
import { createManualClock, type GatewayConfig } from '@hours/protocol'
import { pino } from 'pino'
import { gatewayKey } from '../demo/gateway-keys.ts'
import type { Pages } from './page-gate.ts'

/** What a thread of gateways is started with. */
export interface WorkerTask {
  readonly configs: readonly GatewayConfig[]
  readonly instruments: readonly SimInstrument[]
  readonly from: number
  readonly sampleMs: number
  /** Chance of a silent radio in any hour: the holes that every real year has. */
  readonly silence: number
}
/**
 * Plays up to `to` and answers with how many pages have been sealed so far; `drain` answers when each page has its
 * receipt; `null` ends the thread.
 */
export type WorkerOrder = { readonly to: number; readonly drain?: true } | null
export type WorkerAnswer = { readonly sealed: Pages } | { readonly failed: string }

interface Running {
  readonly gateway: Gateway
  readonly spool: Spool
  readonly devices: readonly Device[]
}

const minute = 60_000
const hour = 60 * minute
const task = workerData as WorkerTask
const clock = createManualClock(task.from, task.from - hour)
const log = pino({ level: 'silent' })
/** By gateway, since the start; some are sealed between two orders, as when settings come. */
const sealed: Record<string, number> = {}
const running = task.configs.map(start)

/**
 * A spool in memory, and nothing remembered beside it: the thread ends with the simulation. What no figure comes from is
 * left out: minutes of power for charts, thresholds to propose, heartbeats more often than daily.
 */
function start(config: GatewayConfig): Running {
  const { signer } = gatewayKey(config.data, config.gateway)
  const spool = openSpool(':memory:', { ...config.spool, maxBytes: 4_194_304 }, () => clock.wall())
  const gateway = createGateway({
    config: { ...config, checkpointMs: 24 * hour, heartbeatMs: 24 * hour },
    ...{ clock, log, signer },
    spool: {
      ...spool,
      addPage(...page) {
        spool.addPage(...page)
        sealed[config.gateway] = (sealed[config.gateway] ?? 0) + 1
      },
      addPower: () => undefined,
    },
    sync: simSync(clock),
    connect: mqttConnect(config),
    bootId: String(task.from),
    turnMs: 15 * minute,
    remembers: false,
  })
  const devices = task.instruments
    .filter((one) => one.gateway === config.gateway)
    .map((one) => createDevice(one, { sampleMs: task.sampleMs, silence: task.silence, keepTruth: false }))
  gateway.start()
  return { gateway, spool, devices }
}

/** Some minutes at a time, so that pages leave while the next minutes are played. */
async function play(to: number): Promise<WorkerAnswer> {
  for (let at = clock.wall(); at < to; ) {
    const end = Math.min(to, at + 5 * minute)
    for (const { gateway, devices } of running)
      for (const device of devices)
        for (const { at: sampled, watts } of device.samples(at, end))
          gateway.handleReading(device.instrument.id, 0, {
            ok: true,
            value: { kind: 'sample', sample: { at: sampled, powerMw: Math.round(watts * 1_000) } },
          })
    // After the samples: at this moment the gateway has heard of everybody just now.
    clock.advanceTo(end)
    at = end
    await turn()
  }
  return { sealed }
}

async function drain(): Promise<WorkerAnswer> {
  const limit = performance.now() + 60_000
  while (running.some(({ gateway }) => gateway.pending() > 0)) {
    await pause(5)
    if (performance.now() > limit) throw new Error('no receipts for 60 s')
  }
  return { sealed }
}

const say = (answer: WorkerAnswer) => parentPort?.postMessage(answer)

const fail = (error: unknown) => say({ failed: error instanceof Error ? error.message : String(error) })

/** Orders may come before the last is done; they are done and answered one after the other. */
let turnOf = Promise.resolve()

parentPort?.on('message', (order: WorkerOrder) => {
  if (order === null) void finish()
  else turnOf = turnOf.then(() => (order.drain ? drain() : play(order.to))).then(say, fail)
})

async function finish(): Promise<void> {
  for (const { gateway, spool } of running) {
    await gateway.stop()
    spool.close()
  }
  parentPort?.close()
}
