import { setImmediate as turn } from 'node:timers/promises'
import { join } from 'node:path'
import { parentPort, workerData } from 'node:worker_threads'
import { createDevice, type Device, type SimInstrument } from '@hours/firmware-sim'
import { createGateway, type Gateway, mqttConnect, openSpool, simSync, type Spool } from '@hours/gateway'
import { createManualClock, type GatewayConfig } from '@hours/protocol'
import { pino } from 'pino'
import { gatewayKey } from '../demo/gateway-keys.ts'

/** What a thread of gateways is started with. */
export interface WorkerTask {
  readonly configs: readonly GatewayConfig[]
  readonly instruments: readonly SimInstrument[]
  readonly from: number
  readonly sampleMs: number
  /** Chance of a silent radio in any hour: the holes that every real year has. */
  readonly silence: number
}
/** Plays up to `to` and answers when every page made so far has its receipt; `null` ends the thread. */
export type WorkerOrder = { readonly to: number } | null
export type WorkerAnswer = { readonly played: number } | { readonly failed: string }

interface Running {
  readonly gateway: Gateway
  readonly spool: Spool
  readonly devices: readonly Device[]
}

const minute = 60_000
const task = workerData as WorkerTask
const clock = createManualClock(task.from, task.from - 3_600_000)
const log = pino({ level: 'silent' })
const running = task.configs.map(start)

function start(config: GatewayConfig): Running {
  const folder = config.data
  const { signer } = gatewayKey(folder, config.gateway)
  const spool = openSpool(join(folder, 'spool.sqlite'), config.spool, () => clock.wall(), {
    survivesPowerCut: false,
  })
  const gateway = createGateway({
    config: { ...config, checkpointMs: 900_000, heartbeatMs: 600_000 },
    ...{ clock, log, signer, spool },
    sync: simSync(clock),
    connect: mqttConnect(config),
    bootId: String(task.from),
    turnMs: minute,
  })
  const devices = task.instruments
    .filter((one) => one.gateway === config.gateway)
    .map((one) => createDevice(one, { sampleMs: task.sampleMs, silence: task.silence, keepTruth: false }))
  gateway.start()
  return { gateway, spool, devices }
}

/** A minute at a time, so that pages leave while the next minutes are played. */
async function play(to: number): Promise<void> {
  for (let at = clock.wall(); at < to; ) {
    const end = Math.min(to, at + minute)
    clock.advanceTo(end)
    for (const { gateway, devices } of running)
      for (const device of devices)
        for (const { at: sampled, watts } of device.samples(at, end))
          gateway.handleReading(device.instrument.id, 0, {
            ok: true,
            value: { kind: 'sample', sample: { at: sampled, powerMw: Math.round(watts * 1_000) } },
          })
    at = end
    await turn()
  }
  const limit = performance.now() + 60_000
  while (running.some(({ gateway }) => gateway.pending() > 0)) {
    await turn()
    if (performance.now() > limit) throw new Error('no receipts for 60 s')
  }
}

const say = (answer: WorkerAnswer) => parentPort?.postMessage(answer)

parentPort?.on('message', (order: WorkerOrder) => {
  if (order === null) void finish()
  else
    play(order.to).then(
      () => say({ played: order.to }),
      (error: unknown) => say({ failed: error instanceof Error ? error.message : String(error) }),
    )
})

async function finish(): Promise<void> {
  for (const { gateway, spool } of running) {
    await gateway.stop()
    spool.close()
  }
  parentPort?.close()
}
