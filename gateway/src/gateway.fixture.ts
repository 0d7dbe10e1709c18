import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  buildReceipt,
  createVkey,
  formatVkey,
  type HashReader,
  leafHash,
  nodeHash,
  noteType,
  parseRecord,
  proveConsistency,
  proveInclusion,
  type ReceiptParts,
  signCheckpoint,
  type Signer,
  treeRoot,
} from '@hours/ledger'
import { createSigner, generateKey, nodeCrypto } from '@hours/ledger/node'
import {
  type Clock,
  createManualClock,
  decodePage,
  GatewayConfig,
  type GatewayId,
  type ManualClock,
  type Page,
  type Span,
} from '@hours/protocol'
import { fillUnknown } from '@hours/sensing'
import { pino } from 'pino'
import { onTestFinished } from 'vitest'
import { simSync } from './clock-sync.ts'
import { createGateway, type Gateway, type GatewayOptions } from './gateway.ts'
import { openSpool, type Spool } from './spool.ts'
import type { Connect, SessionHandlers } from './transport.ts'

/** Monday, 2026-01-05T00:00:00Z: a whole multiple of every page length. */
export const start = Date.UTC(2026, 0, 5)
const { sha256 } = nodeCrypto

/** The other end of the wire, made of the real ledger: takes pages, logs them, signs receipts when asked to. */
export interface Peer {
  readonly connect: Connect
  readonly trust: NonNullable<GatewayConfig['trust']>
  readonly operator: Signer
  /** Every page message as it came. */
  readonly sent: Uint8Array[]
  /** Other messages: topic and payload. */
  readonly others: { readonly topic: string; readonly payload: string }[]
  /** Whether connections are accepted, and whether pages are acknowledged. */
  up: boolean
  acknowledge: boolean
  /** Connected clients lose their connection. */
  cut(): void
  /** As when clients died: nobody is there to be told. */
  forget(): void
  /** A receipt for all pages logged so far; `change` spoils it. */
  receipt(change?: Partial<ReceiptParts>, service?: Signer, log?: Signer): Uint8Array
  send(topic: string, payload: Uint8Array): void
  /** Pages as the log has them, once each, in order. */
  pages(): Page[]
  /** Their bytes. */
  logged(): readonly Uint8Array[]
}

export function createPeer(gateway = 'gw-1'): Peer {
  const [logKey, service, operator] = ['log#0', 'service#1', 'operator#1'].map((kid) =>
    createSigner(kid, generateKey()),
  ) as [Signer, Signer, Signer]
  const origin = 'demo.test/2026'
  const entries: Uint8Array[] = []
  const sent: Uint8Array[] = []
  const others: { topic: string; payload: string }[] = []
  const live = new Set<SessionHandlers>()
  let seen = 0
  const key = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64')
  const b64u = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64url')
  const peer: Peer = {
    up: true,
    acknowledge: true,
    sent,
    others,
    operator,
    trust: {
      logs: [formatVkey(createVkey(origin, noteType.ed25519, logKey.publicKey, sha256))],
      service: [{ kid: service.kid, public: b64u(service.publicKey) }],
      operator: [{ kid: operator.kid, public: b64u(operator.publicKey) }],
    },
    connect(handlers) {
      if (!peer.up) return Promise.reject(new Error('refused'))
      live.add(handlers)
      return Promise.resolve({
        publish(topic, payload) {
          if (!live.has(handlers)) return Promise.reject(new Error('closed'))
          if (!topic.endsWith('/page')) {
            others.push({ topic, payload: Buffer.from(payload).toString() })
            return Promise.resolve()
          }
          const bytes = Buffer.from(payload)
          sent.push(bytes)
          if (!entries.some((one) => key(one) === key(bytes))) entries.push(bytes)
          return peer.acknowledge ? Promise.resolve() : new Promise(() => undefined)
        },
        subscribe: () => Promise.resolve(),
        end() {
          live.delete(handlers)
          return Promise.resolve()
        },
      })
    },
    cut() {
      const gone = [...live]
      live.clear()
      for (const one of gone) one.onClose()
    },
    forget: () => live.clear(),
    receipt(change = {}, by = service, log = logKey) {
      const hashes = entries.map((entry) => leafHash(entry, sha256))
      const size = hashes.length
      const read = readerOf(hashes)
      const root = treeRoot(hashes, sha256)
      const pages = peer
        .pages()
        .map(({ seq }, index) => ({ seq, index, proof: proveInclusion(index, size, read, sha256) }))
      const parts: ReceiptParts = {
        gateway: gateway as GatewayId,
        epoch: peer.pages()[0]?.epoch ?? 0,
        through: size - 1,
        missing: [],
        rejected: [],
        checkpoint: signCheckpoint({ origin, size, root }, log, sha256),
        consistency: seen === 0 || seen === size ? [] : proveConsistency(seen, size, read, sha256),
        pages: pages.slice(-32),
        ...change,
      }
      if (Object.keys(change).length === 0 && by === service && log === logKey) seen = size
      return buildReceipt(parts, by)
    },
    send(topic, payload) {
      for (const one of live) one.onMessage(topic, payload)
    },
    pages: () => entries.map(pageOf),
    logged: () => entries,
  }
  return peer
}

export function pageOf(bytes: Uint8Array): Page {
  const record = parseRecord(bytes)
  if (!record.ok) throw new Error(record.error.message)
  const page = decodePage(record.value.payload)
  if (!page.ok) throw new Error(page.error.message)
  return page.value
}

function readerOf(leaves: readonly Uint8Array[]): HashReader {
  const read: HashReader = (level, index) =>
    level === 0
      ? (leaves[index] ?? new Uint8Array())
      : nodeHash(read(level - 1, index * 2), read(level - 1, index * 2 + 1), sha256)
  return read
}

/** One instrument `sem-01` behind a Tasmota plug `pow1`: off below 5 W, run from 400 W. */
export const testConfig = (change: Record<string, unknown> = {}): GatewayConfig =>
  GatewayConfig.parse({
    site: 'lab',
    gateway: 'gw-1',
    broker: { url: 'mqtt://127.0.0.1:1' },
    local: { url: 'mqtt://127.0.0.1:2' },
    clock: 'sim',
    checkpointMs: 1_000,
    instruments: [tasmota('sem-01', 'pow1')],
    ...change,
  })

export const tasmota = (id: string, topic: string, change: Record<string, unknown> = {}) => ({
  id,
  source: { kind: 'tasmota', topic },
  thresholds: { onStartMw: 5_000, onStopMw: 3_000, runStartMw: 400_000, runStopMw: 300_000 },
  dwellMs: 30_000,
  maxGapMs: 90_000,
  ...change,
})

/** A gateway on a clock of its own, whose process can end and begin again over the same spool file. */
export interface Bench {
  readonly clock: ManualClock
  readonly peer: Peer
  readonly spool: Spool
  readonly gateway: Gateway
  readonly alarms: Set<string>
  /** Ends the process as `kill -9` does, or cleanly; the file stays. */
  end(how: 'kill' | 'stop'): Promise<void>
  begin(change?: Partial<GatewayOptions>): void
  /** A Tasmota reading now. */
  watts(watts: number, topic?: string): void
  /** Moves the clock on; lets promises run. */
  pass(ms: number): Promise<void>
}

export function createBench(
  options: Partial<GatewayOptions> = {},
  bounds?: { maxBytes: number; maxAgeDays: number },
) {
  const dir = mkdtempSync(join(tmpdir(), 'gateway-'))
  const clock = createManualClock(start, start - 3_600_000)
  const peer = createPeer()
  const alarms = new Set<string>()
  const signer = createSigner('gw-1#1', generateKey())
  let running: { spool: Spool; gateway: Gateway; process: { dead: boolean } } | undefined
  const now = () => running ?? fail()
  const bench: Bench = {
    clock,
    peer,
    alarms,
    get spool() {
      return now().spool
    },
    get gateway() {
      return now().gateway
    },
    begin(change = {}) {
      const config = options.config ?? testConfig()
      const process = { dead: false }
      // A dead process has no timers.
      const own: Clock = {
        ...clock,
        after: (delay, task) =>
          clock.after(delay, () => {
            if (!process.dead) task()
          }),
      }
      const spool = openSpool(join(dir, 'spool.sqlite'), bounds ?? config.spool, () => clock.wall())
      const gateway = createGateway({
        config: { ...config, trust: peer.trust },
        clock: own,
        net: own,
        sync: simSync(clock),
        log: pino({ level: 'silent' }),
        signer,
        spool,
        connect: peer.connect,
        bootId: 'boot-1',
        random: () => 0,
        onAlarm(alarm, on) {
          if (on) alarms.add(alarm)
          else alarms.delete(alarm)
        },
        ...options,
        ...(options.config ? { config: { ...options.config, trust: peer.trust } } : {}),
        ...change,
      })
      running = { spool, gateway, process }
      gateway.start()
    },
    async end(how) {
      const { spool, gateway, process } = now()
      if (how === 'stop') await gateway.stop()
      process.dead = true
      peer.forget()
      // Closing writes nothing that was not committed: to the file it is the same as a kill.
      spool.close()
      running = undefined
    },
    watts(watts, topic = 'pow1') {
      bench.gateway.handleLocal(
        `tele/${topic}/SENSOR`,
        Buffer.from(`{"ENERGY":{"Power":${watts}}}`),
        clock.wall(),
      )
    },
    async pass(ms) {
      clock.advanceTo(clock.wall() + ms)
      await new Promise((resolve) => setImmediate(resolve))
    },
  }
  onTestFinished(() => {
    running?.spool.close()
    rmSync(dir, { recursive: true, force: true })
  })
  return bench
}

function fail(): never {
  throw new Error('the gateway does not run')
}

/** What pages say of one instrument over [from, to), with unknown in the holes. */
export function statesOf(pages: readonly Page[], from: number, to: number, id = 'sem-01'): Span[] {
  const known = [...pages]
    .sort((a, b) => a.from - b.from)
    .flatMap((page) => {
      const spans = page.instruments.find((one) => one.id === id)?.spans ?? []
      return spans.map(([state, a, b]) => ({ state, from: page.from + a, to: page.from + b }))
    })
  return fillUnknown(known, from, to)
}
