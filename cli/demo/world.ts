import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { type Broker, createBroker } from '@hours/broker'
import { type Fleet, gatewayConfigs } from '@hours/firmware-sim'
import { createGateway, type Gateway, mqttConnect, openSpool, simSync, type Spool } from '@hours/gateway'
import { createIngest, type Haste, type RunningIngest } from '@hours/ingest'
import type { Commit, GatewayConfig, ManualClock } from '@hours/protocol'
import type { Logger } from 'pino'
import { enrolmentRecords } from './enrol.ts'
import { gatewayKey } from './gateway-keys.ts'

/** Pages this long are simulated history. */
export const historyPageMs = 900_000

/** Entries of a history that the index takes at once. */
const historyAtOnce = 256

export interface WorldOptions {
  readonly dir: string
  readonly fleet: Fleet
  readonly clock: ManualClock
  readonly log: Logger
  readonly mqttPort: number
  /** Seconds between two readings of a simulated plug. */
  readonly sampleMs: number
  /** Instant from which the fleet is enrolled at a first start. */
  readonly enrolFrom: number
  readonly random?: () => number
  /** For a world that only plays history. */
  readonly haste?: Haste
}

/** Broker and ingest of a simulated installation in this process, and its gateways, on one injected clock. */
export interface World {
  readonly ingest: RunningIngest
  readonly broker: Broker
  /** Takes messages between broker and ingest from now on: the feed of the series store. */
  tap(commit: Commit): void
  /** Starts the gateways with pages of this length; any that run are stopped first. */
  startGateways(options: { pageMs: number; localUrl?: string }): ReadonlyMap<string, Gateway>
  stopGateways(): Promise<void>
  /** What each gateway would be started with, for one that runs elsewhere. */
  configs(pageMs: number): GatewayConfig[]
  close(): Promise<void>
}

/** Brings the door and the log up and, at a first start, enrols the fleet (records.md, section 3). */
export async function createWorld(options: WorldOptions): Promise<World> {
  const { dir, fleet, clock, log, sampleMs } = options
  let isHistory = false
  mkdirSync(dir, { recursive: true })
  const ingest = await createIngest({
    ...{ dataDir: dir, clock, log, logName: 'demo.hours', simulated: true },
    haste: options.haste ?? {
      ...{ survivesPowerCut: true, receiptEveryMs: 1_000, seldom: 1 },
      // While a history is played nobody waits for the index: half a day of it in one commit, and live all at once.
      projectAtLeast: () => (isHistory ? historyAtOnce : 1),
    },
  })
  const folder = (gateway: string) => join(dir, 'gateways', gateway)
  const ids = [...new Set(fleet.instruments.map((one) => one.gateway))]
  const keys = ids.map((gateway) => ({ gateway, ...gatewayKey(folder(gateway), gateway) }))
  if (ingest.registry.instruments().length === 0) {
    for (const { gateway, password } of keys) ingest.setGatewayPassword(gateway, password)
    const publics = keys.map(({ gateway, signer }) => ({ gateway, publicKey: signer.publicKey }))
    await ingest.recordAll(enrolmentRecords(fleet, publics, { from: options.enrolFrom, sampleMs }))
    await ingest.settled()
  }
  let commit: Commit = ingest.commit
  const broker = await createBroker({
    commit: (message) => commit(message),
    directory: ingest.directory,
    log,
    listen: { host: '127.0.0.1', port: options.mqttPort, allowPlain: true },
    // Simulated days pass in seconds, and so do their messages.
    limits: { publishesPerSecond: 20_000, publishBurst: 20_000 },
  })
  ingest.attach(broker.publish)
  let running: { gateway: Gateway; spool: Spool }[] = []
  const bootId = `${process.pid}-${clock.wall()}`

  function configsFor(pageMs: number, localUrl?: string): GatewayConfig[] {
    return gatewayConfigs(fleet, {
      brokerUrl: `mqtt://127.0.0.1:${broker.port}`,
      ...(localUrl === undefined ? {} : { localUrl }),
      data: folder,
      sampleMs,
      pageMs,
    }).map((config) => ({
      ...config,
      broker: {
        ...config.broker,
        password: keys.find(({ gateway }) => gateway === config.gateway)?.password,
      },
      trust: ingest.trust(),
    }))
  }

  /** A gateway is handed what it is to go by before its first page, as one is that is set up beside its instruments. */
  function provision(gateway: string, spool: Spool): void {
    const signed = ingest.registry.records('config').findLast(({ record }) => record.gateway === gateway)
    if (signed && !spool.get('config')) spool.set('config', ingest.log.entry(signed.position))
  }

  async function stopGateways(): Promise<void> {
    isHistory = false
    const ending = running
    running = []
    await Promise.all(ending.map(({ gateway }) => gateway.stop()))
    for (const { spool } of ending) spool.close()
  }

  return {
    ingest,
    broker,
    tap(next) {
      commit = next
    },
    startGateways({ pageMs, localUrl }) {
      if (running.length > 0) throw new Error('the gateways run already')
      isHistory = pageMs >= historyPageMs
      const started = new Map<string, Gateway>()
      for (const config of configsFor(pageMs, localUrl)) {
        const signer = keys.find(({ gateway }) => gateway === config.gateway)?.signer
        if (!signer) throw new Error(`${config.gateway} has no key`)
        const spool = openSpool(join(config.data, 'spool.sqlite'), config.spool, () => clock.wall(), {
          survivesPowerCut: pageMs < historyPageMs,
        })
        provision(config.gateway, spool)
        const gateway = createGateway({
          // Simulated days pass in seconds: the open page goes to disk by simulated time too, but not each 5 s of it.
          config: { ...config, checkpointMs: 900_000 },
          clock,
          sync: simSync(clock),
          log,
          signer,
          spool,
          connect: mqttConnect(config),
          bootId,
          // Who goes on live reads what thresholds come from; day by day of a history it would be read for nobody.
          ...(pageMs < historyPageMs ? {} : { turnMs: 60_000, proposes: false }),
          ...(options.random ? { random: options.random } : {}),
        })
        running.push({ gateway, spool })
        started.set(config.gateway, gateway)
        gateway.start()
      }
      return started
    },
    stopGateways,
    configs: (pageMs) => configsFor(pageMs),
    async close() {
      await stopGateways()
      await broker.close()
      await ingest.close()
    },
  }
}
