import { createHash } from 'node:crypto'
import { deflateRawSync, inflateRawSync } from 'node:zlib'
import { recordDigest, type Signer, signRecord } from '@hours/ledger'
import { nodeCrypto } from '@hours/ledger/node'
import {
  encodePage,
  encodePowerReport,
  type GatewayId,
  type InstrumentSettings,
  maxPageBytes,
  maxSealMs,
  type Page,
  type Seen,
  type SiteId,
} from '@hours/protocol'
import { createInstrumentLog, type InstrumentLog, type InstrumentState } from './instrument-log.ts'
import type { Spool } from './spool.ts'
import type { TimeKeeper } from './time-keeper.ts'

export interface LogbookOptions {
  readonly site: SiteId
  readonly gateway: GatewayId
  readonly pageMs: number
  readonly software: string
  readonly spool: Spool
  readonly time: TimeKeeper
  readonly signer: Signer
  readonly boot: number
  readonly instruments: readonly InstrumentSettings[]
  readonly config: Page['config']
}

/** Where the chain stands; kept beside the pages, in the same commit. */
interface Chain {
  readonly epoch: number
  readonly seq: number
  readonly prev: string | null
  /** End of the last page. */
  readonly to: number
}

/** A reading may be this late at the gateway and still be in its page. */
const graceMs = 2_000

/** The gateway's logbook: samples in, sealed and signed pages into the spool (records.md, section 4; wire.md, 3). */
export interface Logbook {
  readonly instruments: ReadonlyMap<string, InstrumentLog>
  /** Seals every page whose time has come; returns how many. Follows steps of the wall clock. */
  turn(): number
  /** Seals what there is, at once: a clean shutdown. */
  close(): void
  /** Writes the open page's state to the spool: a kill loses at most what came after. */
  checkpoint(): void
  /** New settings from a `config` record; they count from the next page on. */
  configure(instruments: readonly InstrumentSettings[], config: Page['config']): void
  config(): Page['config']
  chain(): { readonly epoch: number; readonly next: number }
}

export function createLogbook(options: LogbookOptions): Logbook {
  const { spool, time, pageMs } = options
  const stored = readJson(spool.get('chain')) as Chain | undefined
  let chain: Chain = stored ?? { epoch: Number(readText(spool.get('epoch')) ?? 0), seq: 0, prev: null, to: 0 }
  let config = options.config
  let pending: { instruments: readonly InstrumentSettings[]; config: Page['config'] } | undefined
  const open = readOpen(spool.get('open'))
  let instruments = logsOf(options.instruments, open?.instruments ?? {})
  /** Begin of the open page, and monotonic time there. */
  let from = Math.max(chain.to, open ? Math.min(open.from, time.now()) : alignedBefore(time.now()))
  let mono = Math.max(0, time.mono() - (time.now() - from))
  let steppedMs = 0
  let lastState = spool.state()

  function alignedBefore(at: number): number {
    return Math.floor(at / pageMs) * pageMs
  }
  const pageEnd = () => (Math.floor(from / pageMs) + 1) * pageMs
  const delay = () =>
    Math.min(maxSealMs, Math.max(...[...instruments.values()].map((one) => one.sealDelayMs), 0)) + graceMs

  function seal(to: number, now: number): void {
    const trusted = time.trusted()
    const parts = [...instruments.values()].map((one) => one.seal({ from, to, now, trusted }))
    const page: Page = {
      v: 1,
      site: options.site,
      gateway: options.gateway,
      epoch: chain.epoch,
      seq: chain.seq,
      prev: chain.prev,
      from,
      to,
      boot: options.boot,
      mono: [mono, Math.max(mono, mono + (to - from))],
      clock: time.state(steppedMs),
      seen: newestSeen(spool),
      spool: lastState,
      software: options.software,
      config,
      instruments: parts.map(({ page: part }) => part),
    }
    const bytes = signRecord({ kind: 'page', payload: fitting(page), signer: options.signer })
    const next: Chain = {
      epoch: chain.epoch,
      seq: chain.seq + 1,
      prev: recordDigest(bytes, nodeCrypto.sha256),
      to,
    }
    chain = next
    mono += to - from
    from = to
    steppedMs = 0
    spool.addPage(
      { epoch: page.epoch, seq: page.seq, bytes, from: page.from, to },
      { chain: JSON.stringify(next), open: openState() },
    )
    addPower(page, parts)
    lastState = spool.state()
    if (pending) apply()
  }

  function addPower(page: Page, parts: readonly ReturnType<InstrumentLog['seal']>[]): void {
    const begin = Math.floor(page.from / 60_000) * 60_000
    const some = parts.filter(({ minutes }) => minutes.some((minute) => minute !== null))
    if (some.length === 0) return
    const report = encodePowerReport({
      v: 1,
      from: begin,
      stepMs: 60_000,
      instruments: some.map(({ page: { id }, minutes, grownMwh }) => ({
        id,
        mw: [...minutes],
        mwh: grownMwh,
      })),
    })
    spool.addPower(begin, Buffer.from(report))
  }

  function apply(): void {
    if (!pending) return
    const states = Object.fromEntries([...instruments].map(([id, log]) => [id, log.checkpoint()]))
    config = pending.config
    instruments = logsOf(pending.instruments, states)
    pending = undefined
  }

  function openState(): Uint8Array {
    const states = Object.fromEntries([...instruments].map(([id, log]) => [id, log.checkpoint()]))
    const state: OpenState = { from, instruments: states }
    return deflateRawSync(JSON.stringify(state), { level: 1 })
  }

  function turn(): number {
    const step = time.stepped()
    if (step !== 0) follow(step)
    let sealed = 0
    for (const now = time.now(); pageEnd() + delay() <= now; sealed++) {
      if (skipEmpty(now)) continue
      seal(pageEnd(), now)
    }
    return sealed
  }

  /** After a long stop there is nothing to say of most of it: what no page covers is unknown. */
  function skipEmpty(now: number): boolean {
    const last = Math.max(...[...instruments.values()].map((one) => one.lastSampleAt() ?? 0), 0)
    const resume = alignedBefore(now - delay() - pageMs)
    if (last >= from || resume <= from) return false
    for (const one of instruments.values()) one.cut()
    from = resume
    mono = Math.max(0, time.mono() - (time.now() - from))
    return true
  }

  /** The wall clock was stepped: the page ends here, and the next one has an anchor of its own. */
  function follow(step: number): void {
    const now = time.now()
    for (const one of instruments.values()) one.cut()
    if (now > from) seal(now, now)
    time.anchor()
    from = Math.max(chain.to, time.now())
    mono = time.mono() + Math.max(0, from - time.now())
    steppedMs = step
  }

  return {
    get instruments() {
      return instruments
    },
    turn,
    close() {
      turn()
      const now = time.now()
      for (const one of instruments.values()) one.cut()
      while (pageEnd() < now) seal(pageEnd(), now)
      if (now > from) seal(now, now)
    },
    checkpoint: () => spool.set('open', openState()),
    configure(next, nextConfig) {
      pending = { instruments: next, config: nextConfig }
    },
    config: () => config,
    chain: () => ({ epoch: chain.epoch, next: chain.seq }),
  }
}

interface OpenState {
  readonly from: number
  readonly instruments: Readonly<Record<string, InstrumentState>>
}

function logsOf(
  settings: readonly InstrumentSettings[],
  states: Readonly<Record<string, InstrumentState>>,
): Map<string, InstrumentLog> {
  return new Map(settings.map((one) => [one.id, createInstrumentLog(one, states[one.id])]))
}

/** The page's text; a page too long for an entry gives up its longest lists of spans (unknown), never its chain. */
function fitting(page: Page): string {
  for (;;) {
    const text = encodePage(page)
    if (text.length <= maxPageBytes) return text
    const longest = page.instruments.reduce((a, b) => (b.spans.length > a.spans.length ? b : a))
    if (longest.spans.length === 0) return text
    let [onMs, runMs] = [0, 0]
    for (const [state, a, b] of longest.spans) {
      if (state !== 'off') onMs += b - a
      if (state === 'run') runMs += b - a
    }
    longest.spans = []
    longest.onMs -= onMs
    longest.runMs -= runMs
  }
}

/** The newest checkpoint this gateway has verified, of whatever year. */
export function newestSeen(spool: Spool): Seen | null {
  return (readJson(spool.get('seen')) as Seen[] | undefined)?.[0] ?? null
}

const readText = (value: Uint8Array | undefined) =>
  value === undefined ? undefined : Buffer.from(value).toString()
const readJson = (value: Uint8Array | undefined): unknown =>
  value === undefined ? undefined : JSON.parse(Buffer.from(value).toString())
const readOpen = (value: Uint8Array | undefined): OpenState | undefined =>
  value === undefined ? undefined : (JSON.parse(inflateRawSync(value).toString()) as OpenState)

/** Revision 0: the configuration of the YAML file, before any `config` record. */
export const firstConfig = (instruments: readonly InstrumentSettings[]): Page['config'] => ({
  revision: 0,
  sha256: createHash('sha256').update(JSON.stringify(instruments)).digest('base64url'),
})
