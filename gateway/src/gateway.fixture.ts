import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createSigner, generateKey } from '@hours/ledger/node'
import {
  type Clock,
  createManualClock,
  GatewayConfig,
  type ManualClock,
  type Page,
  type Span,
} from '@hours/protocol'
import { fillUnknown } from '@hours/sensing'
import { pino } from 'pino'
import { onTestFinished } from 'vitest'
import { simSync } from './clock-sync.ts'
import { createGateway, type Gateway, type GatewayOptions } from './gateway.ts'
import { createPeer, type Peer } from './peer.fixture.ts'
import { openSpool, type Spool } from './spool.ts'

/** Monday, 2026-01-05T00:00:00Z: a whole multiple of every page length. */
export const start = Date.UTC(2026, 0, 5)

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
