import { parseBase64url, parseRecord, recordDigest, type Signer, verifyRecord } from '@hours/ledger'
import { nodeCrypto } from '@hours/ledger/node'
import {
  type Clock,
  decodeRecord,
  encodeStateEvent,
  encodeStatus,
  every,
  type GatewayConfig,
  InstrumentId,
  type Page,
  stateTopic,
  type Status,
  statusTopic,
} from '@hours/protocol'
import type { Transition } from '@hours/sensing'
import type { Logger } from 'pino'
import { createLogbook, firstConfig } from './logbook.ts'
import { createPublisher } from './publisher.ts'
import { createRouter } from './router.ts'
import type { Spool } from './spool.ts'
import { type ClockSync, createTimeKeeper } from './time-keeper.ts'
import type { Connect, Session } from './transport.ts'

export interface GatewayOptions {
  readonly config: GatewayConfig
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
}

/** A gateway: readings in at `handleLocal`, pages out through spool and broker; everything timed by `clock`. */
export interface Gateway {
  start(): void
  /** Seals what there is, says goodbye, leaves the spool closed by its owner. */
  stop(): Promise<void>
  /** What the local broker is to be asked for. */
  readonly filters: readonly string[]
  /** The source port: one device message as the local broker delivers it; `arrival` in Unix ms. */
  handleLocal(topic: string, payload: Uint8Array, arrival: number): void
  status(): Status
  /** Pages that have no verified receipt yet. */
  pending(): number
}

const turnMs = 10_000
/** A source that says nothing for so long is named in the alarms. */
const silentMs = 300_000

export function createGateway(options: GatewayOptions): Gateway {
  const { config, clock, spool, log } = options
  const { site, gateway } = config
  const software = options.software ?? '0.1.0'
  const time = createTimeKeeper(clock, options.sync)
  const alarms = new Set<string>()
  if (spool.damaged !== undefined) alarms.add('spool_damaged')
  const alarm = (name: string, on: boolean) => {
    if (on === alarms.has(name)) return
    if (on) alarms.add(name)
    else alarms.delete(name)
    log[on ? 'warn' : 'info']({ alarm: name }, on ? 'alarm' : 'alarm over')
  }

  const stored = storedConfig(spool)
  const logbook = createLogbook({
    site,
    gateway,
    pageMs: config.pageMs,
    software,
    spool,
    time,
    signer: options.signer,
    boot: bootCount(spool, options.bootId),
    instruments: stored?.instruments ?? config.instruments,
    config: stored?.config ?? firstConfig(config.instruments),
  })
  let router = createRouter(stored?.instruments ?? config.instruments)
  const refused = new Map<string, number>()

  const publisher = createPublisher({
    site,
    gateway,
    clock,
    spool,
    connect: options.connect,
    trust: config.trust,
    ...(options.random ? { random: options.random } : {}),
    will: () => encodeStatus({ v: 1, online: false, at: clock.wall() }),
    onAlarm: alarm,
    onConnected: announce,
    onConfig: takeConfig,
  })
  const stops: (() => void)[] = []
  let beating = false

  function handleLocal(topic: string, payload: Uint8Array, arrival: number): void {
    for (const { instrument, reading } of router.route(topic, payload, arrival)) {
      const book = logbook.instruments.get(instrument)
      if (!book) continue
      if (!reading.ok) {
        refused.set(reading.error.code, (refused.get(reading.error.code) ?? 0) + 1)
        book.reject(arrival)
        log.debug(
          { topic, instrument, code: reading.error.code, reason: reading.error.message },
          'reading refused',
        )
      } else if (reading.value.kind === 'sample') say(instrument, book.push(reading.value.sample))
    }
  }

  /** State events are the live view: sent at once or not at all, never spooled. */
  function say(instrument: string, transitions: readonly Transition[]): void {
    const session = publisher.session()
    const last = transitions.at(-1)
    if (!session || !last) return
    const { state, since, at, mw, why } = last
    const event = encodeStateEvent({ v: 1, state, since, at, ...(mw === undefined ? {} : { mw }), why })
    session
      .publish(stateTopic(site, gateway, InstrumentId.parse(instrument)), event, { retain: true })
      .catch(() => undefined)
  }

  function turn(): void {
    const now = time.now()
    for (const [id, book] of logbook.instruments) {
      say(id, book.tick(now))
      const last = book.lastSampleAt()
      alarm(`source_silent:${id}`, last !== null && now - last > Math.max(silentMs, book.settings.maxGapMs))
    }
    alarm('clock_untrusted', !time.trusted())
    if (logbook.turn() > 0) publisher.wake()
  }

  function beat(): void {
    const session = publisher.session()
    // One at a time: a heartbeat that is not acknowledged yet says enough.
    if (!session || beating) return
    beating = true
    session
      .publish(statusTopic(site, gateway), encodeStatus(status()), { retain: true })
      .catch(() => undefined)
      .finally(() => {
        beating = false
      })
  }

  function announce(_session: Session): void {
    for (const [id, book] of logbook.instruments) {
      const { state, since, mw } = book.current()
      if (since > 0)
        say(id, [{ state, since, at: clock.wall(), why: 'connected', ...(mw === null ? {} : { mw }) }])
    }
    beat()
  }

  function status(): Status {
    const instruments: Status['instruments'] = {}
    for (const [id, book] of logbook.instruments) {
      const { state, since, mw } = book.current()
      instruments[InstrumentId.parse(id)] = [state, since > 0 ? since : clock.wall(), mw]
    }
    const differs =
      logbook.config().sha256 !== firstConfig(config.instruments).sha256 && logbook.config().revision === 0
    return {
      v: 1,
      online: true,
      at: clock.wall(),
      software,
      config: { ...logbook.config(), differs },
      spool: spool.state(),
      clock: time.state(0),
      instruments,
      alarms: [...alarms].slice(0, 64),
    }
  }

  /** A `config` record: believed when the pinned operator signed it, for this gateway, with a newer revision. */
  function takeConfig(bytes: Uint8Array): void {
    const record = parseRecord(bytes)
    const key = record.ok ? config.trust?.operator?.find(({ kid }) => kid === record.value.kid) : undefined
    const publicKey = key && parseBase64url(key.public)
    if (!record.ok || !publicKey || !verifyRecord(record.value, { alg: 'Ed25519', publicKey }, nodeCrypto)) {
      alarm('config_unverified', true)
      return
    }
    const decoded = decodeRecord('config', record.value.payload)
    if (record.value.kind !== 'config' || !decoded.ok || decoded.value.gateway !== gateway) {
      alarm('config_unverified', true)
      return
    }
    alarm('config_unverified', false)
    const { revision, instruments } = decoded.value
    const current = logbook.config()
    const sha256 = recordDigest(bytes, nodeCrypto.sha256)
    if (revision < current.revision || sha256 === current.sha256) return
    spool.set('config', bytes)
    logbook.configure(instruments, { revision, sha256 })
    router = createRouter(instruments)
  }

  return {
    get filters() {
      return router.filters
    },
    handleLocal,
    status,
    pending: () => spool.pages(),
    start() {
      publisher.start()
      stops.push(
        every(clock, turnMs, turn),
        every(clock, config.checkpointMs, () => logbook.checkpoint()),
        every(clock, config.heartbeatMs, beat),
      )
    },
    async stop() {
      for (const stop of stops) stop()
      logbook.close()
      publisher.wake()
      const session = publisher.session()
      const goodbye = encodeStatus({ v: 1, online: false, at: clock.wall() })
      await session?.publish(statusTopic(site, gateway), goodbye, { retain: true }).catch(() => undefined)
      await publisher.stop()
    },
  }
}

/** How often this machine has booted, as far as this spool knows: a new boot id counts one more. */
function bootCount(spool: Spool, bootId: string): number {
  const read = (key: string) => {
    const value = spool.get(key)
    return value === undefined ? undefined : Buffer.from(value).toString()
  }
  const count = Number(read('boots') ?? 0)
  if (read('boot-id') === bootId) return count
  spool.set('boot-id', bootId)
  spool.set('boots', String(count + 1))
  return count + 1
}

/** The last `config` record taken; it was verified before it was stored. */
function storedConfig(
  spool: Spool,
): { instruments: GatewayConfig['instruments']; config: Page['config'] } | undefined {
  const bytes = spool.get('config')
  const record = bytes && parseRecord(bytes)
  const decoded = record?.ok === true ? decodeRecord('config', record.value.payload) : undefined
  if (!bytes || decoded?.ok !== true) return undefined
  const { revision, instruments } = decoded.value
  return { instruments, config: { revision, sha256: recordDigest(bytes, nodeCrypto.sha256) } }
}
