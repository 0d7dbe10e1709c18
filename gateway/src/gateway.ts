import type { Signer } from '@hours/ledger'
import {
  type Clock,
  encodeStatus,
  every,
  type GatewayConfig,
  type InstrumentSettings,
  type Status,
  statusTopic,
  systemClock,
} from '@hours/protocol'
import type { DecodedReading } from '@hours/sensing'
import type { Logger } from 'pino'
import { createAlarms } from './alarms.ts'
import { createCalibrationWatch } from './calibration-watch.ts'
import { createConfigWaiting } from './config-waiting.ts'
import { firstConfig, openConfig, storedConfig } from './config-inbox.ts'
import { createHeartbeat } from './heartbeat.ts'
import { createLiveView } from './live-view.ts'
import { createLogbook } from './logbook.ts'
import { bootCount, resume } from './open-state.ts'
import { createPublisher } from './publisher.ts'
import { createReadingIntake } from './reading-intake.ts'
import { createReceiptGate } from './receipt-gate.ts'
import { createRouter } from './router.ts'
import { createSourceWatch } from './source-watch.ts'
import type { Spool } from './spool.ts'
import { type ClockSync, createTimeKeeper } from './time-keeper.ts'
import type { Connect } from './transport.ts'

export interface GatewayOptions {
  readonly config: GatewayConfig
  /** Everything that makes evidence is timed by it; simulated in tests and in the demo. */
  readonly clock: Clock
  readonly sync: () => ClockSync
  readonly log: Logger
  /** The page key, made on this device; `kid` is `gateway#n`. */
  readonly signer: Signer
  readonly spool: Spool
  readonly connect: Connect
  /** Changes with every boot of the machine (Linux: the kernel's boot id). */
  readonly bootId: string
  readonly software?: string
  readonly random?: () => number
  /** How often pages are looked at for sealing and sources for silence, ms; default 10 s. */
  readonly turnMs?: number
  /** False where days of simulated history pass in seconds and nobody resumes them: see `LogbookOptions`; default true. */
  readonly remembers?: boolean
  /** False where days of simulated history pass in seconds: what thresholds are proposed from is kept and not read; default true. */
  readonly proposes?: boolean
  /** Times reconnecting and resending; networks take real time even where the gateway's clock is simulated. */
  readonly net?: Clock
  /** Told when an alarm begins or ends; they also stand in `status`. */
  onAlarm?(alarm: string, on: boolean): void
  /** Told when a `config` record has changed the sources: subscriptions and runners have to follow. */
  onSources?(instruments: readonly InstrumentSettings[]): void
}

/** A gateway: readings in at `handleLocal`, pages out through spool and broker; everything timed by `clock`. */
export interface Gateway {
  start(): void
  /** Seals what is final, says goodbye; the spool stays open for its owner to close. */
  stop(): Promise<void>
  /** What the local broker is to be asked for. */
  readonly filters: readonly string[]
  /** The settings in force. */
  readonly instruments: readonly InstrumentSettings[]
  /** The source port: one device message as the local broker delivers it; `arrival` in Unix ms, default now. */
  handleLocal(topic: string, payload: Uint8Array, arrival?: number): void
  /** The port of sources that are polled: a decoded reading of source `source` (0 = first) of an instrument. */
  handleReading(instrument: string, source: number, reading: DecodedReading): void
  /** For what stands around the gateway: its local broker, its source runners. */
  alarm(alarm: string, on: boolean): void
  status(): Status
  /** Pages that have no verified receipt yet. */
  pending(): number
}

const defaultTurnMs = 10_000

export function createGateway(options: GatewayOptions): Gateway {
  const { config, clock, spool, log, net = systemClock, random = Math.random, remembers = true } = options
  const { site, gateway } = config
  const software = options.software ?? '0.1.0'
  const alarms = createAlarms({ gateway, log, told: (...what) => options.onAlarm?.(...what) })
  const alarm = alarms.set
  if (spool.damaged !== undefined) alarm('spool_damaged', true)
  if (spool.lost) alarm(`epoch_unopened:${spool.epoch}`, true)

  const resumed = resume(spool)
  const boot = bootCount(spool, options.bootId)
  const time = createTimeKeeper(
    clock,
    options.sync,
    resumed.open?.boot === boot ? resumed.open.time : undefined,
  )
  const stored = storedConfig(spool)
  let settings = stored?.instruments ?? config.instruments
  let router = createRouter(settings)
  const gate = createReceiptGate({ gateway, spool, clock, trust: config.trust, onAlarm: alarm })
  const watch = createSourceWatch(time.now(), alarm)
  const calibration = remembers ? createCalibrationWatch(spool, options.proposes !== false) : undefined
  const logbook = createLogbook({
    site,
    gateway,
    pageMs: config.pageMs,
    software,
    spool,
    time,
    signer: options.signer,
    boot,
    resumed,
    remembers,
    instruments: settings,
    config: stored?.config ?? firstConfig(config.instruments),
    seen: () => gate.seen(),
    onAlarm: alarm,
    onConfigured(next) {
      settings = next
      router = createRouter(next)
      options.onSources?.(next)
    },
  })
  const waiting = createConfigWaiting({ spool, now: () => time.now(), logbook })
  const publisher = createPublisher({
    site,
    gateway,
    net,
    spool,
    gate,
    connect: options.connect,
    random,
    will: () => encodeStatus({ v: 1, online: false, at: clock.wall() }),
    onAlarm: alarm,
    onConnected: announce,
    onConfig: takeConfig,
  })
  const session = () => publisher.session()
  const live = createLiveView({ site, gateway, clock, session })
  const take = createReadingIntake({ gateway, logbook, watch, calibration, live, log })
  const heart = createHeartbeat({
    site,
    gateway,
    clock,
    software,
    spool,
    time,
    logbook,
    watch,
    calibration,
    alarms,
    configured: config.instruments,
    settings: () => settings,
    session,
    seen: () => gate.seen(),
  })
  const stops: (() => void)[] = []

  function turn(): void {
    if (logbook.turn() > 0) publisher.wake()
    const now = time.now()
    for (const [id, book] of logbook.instruments) {
      live.say(id, book.tick(now))
      watch.check(book.settings, now)
    }
    waiting.turn()
    calibration?.turn(settings, now)
    alarm('clock_untrusted', !time.trusted())
    alarm('spool_full', spool.state().dropped > 0)
  }

  function announce(): void {
    heart.connected()
    live.sayAll(logbook.instruments)
    heart.beat()
  }

  function takeConfig(bytes: Uint8Array): void {
    const next = openConfig(bytes, config)
    alarm('config_unverified', next === undefined)
    if (next) waiting.take(next)
  }

  return {
    get filters() {
      return router.filters
    },
    get instruments() {
      return settings
    },
    handleLocal(topic, payload, arrival) {
      logbook.watchClock()
      const at = arrival ?? time.now()
      for (const { instrument, source, reading } of router.route(topic, payload, at))
        take(instrument, source, reading, at)
    },
    handleReading(instrument, source, reading) {
      logbook.watchClock()
      take(instrument, source, reading, time.now())
    },
    alarm,
    status: heart.status,
    pending: () => spool.pages(),
    start() {
      publisher.start()
      stops.push(
        every(clock, options.turnMs ?? defaultTurnMs, turn),
        every(clock, config.checkpointMs, () => logbook.checkpoint()),
        every(clock, config.heartbeatMs, heart.beat),
      )
    },
    async stop() {
      for (const stop of stops) stop()
      logbook.close()
      publisher.wake()
      const goodbye = encodeStatus({ v: 1, online: false, at: clock.wall() })
      const told = session()?.publish(statusTopic(site, gateway), goodbye, { retain: true })
      // A broker that does not answer must not hold up the stop; the goodbye is a courtesy.
      const patience = new Promise<void>((resolve) => void net.after(1_000, resolve))
      if (told) await Promise.race([told.catch(() => undefined), patience])
      await publisher.stop()
    },
  }
}
