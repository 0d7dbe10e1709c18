import { recordDigest, type Signer, signRecord } from '@hours/ledger'
import { nodeCrypto } from '@hours/ledger/node'
import {
  encodePowerReport,
  type GatewayId,
  maxSealMs,
  type Millis,
  MINUTE,
  type Page,
  type Seen,
  type SiteId,
} from '@hours/protocol'
import { type Counters, hasPower, type SealedPart } from './instrument-log.ts'
import type { Chain } from './open-state.ts'
import { pageText } from './page-text.ts'
import type { Spool, SpooledPage } from './spool.ts'

export interface PageWriterOptions {
  readonly site: SiteId
  readonly gateway: GatewayId
  readonly software: string
  readonly spool: Spool
  readonly signer: Signer
  readonly chain: Chain
  readonly seen: () => Seen | null
  readonly now: () => Millis
  onAlarm(alarm: string, on: boolean): void
}

/** What is different in each page. */
export type PageDraft = Pick<Page, 'from' | 'to' | 'boot' | 'mono' | 'clock' | 'config'>

/** Makes pages of what instruments say, signs and chains them, and puts them into the spool. */
export interface PageWriter {
  chain(): Chain
  /** Signs the page; returns what was too long to be stated. `save` must follow. */
  sign(draft: PageDraft, parts: readonly SealedPart[]): ReadonlyMap<string, Counters>
  /** Writes the page just signed, the chain and `state` in one commit. */
  save(state: Readonly<Record<string, Uint8Array | string>>): void
  /** Tries a page again that the disk did not take. */
  retry(): void
  /** A page waits for the disk: nothing more is sealed, what is measured stays in memory and may still grow. */
  blocked(): boolean
  /** So many pages wait that not even those may be sealed that cannot grow any more. */
  full(): boolean
  /** A full or broken disk is an alarm, not the end: what is in memory stays there. */
  guarded(work: () => void): void
}

/** Two days of pages of 5 min: memory is finite. */
const maxWaiting = 576

interface Waiting {
  readonly page: SpooledPage & { from: number; to: number }
  readonly power: Uint8Array | undefined
  readonly state: Readonly<Record<string, Uint8Array | string>>
}

export function createPageWriter(options: PageWriterOptions): PageWriter {
  const { spool, site, gateway, software } = options
  let { chain } = options
  /** Oldest first; one, unless the clock was stepped meanwhile. */
  const waiting: Waiting[] = []

  function guarded(work: () => void): void {
    try {
      work()
      options.onAlarm('spool_failed', false)
    } catch {
      options.onAlarm('spool_failed', true)
    }
  }

  /**
   * What of the log had been seen when the page should have been sealed. One that is sealed later, because the disk took
   * nothing for an hour, must not say what was seen since: the next page begins where it ends, before that (R5).
   */
  function seenBy(to: Millis): Seen | null {
    return options.now() - to <= maxSealMs ? options.seen() : (chain.seen ?? null)
  }

  function sign(draft: PageDraft, parts: readonly SealedPart[]): ReadonlyMap<string, Counters> {
    const { epoch, seq, prev } = chain
    const { from, to, boot, mono, clock, config } = draft
    const seen = seenBy(to)
    const page: Page = {
      v: 1,
      site,
      gateway,
      epoch,
      seq,
      prev,
      from,
      to,
      boot,
      mono,
      clock,
      seen,
      spool: spool.state(),
      software,
      config,
      instruments: parts.map((part) => part.page),
    }
    const { text, leftOut } = pageText(page)
    const bytes = signRecord({ kind: 'page', payload: text, signer: options.signer })
    chain = { epoch, seq: seq + 1, prev: recordDigest(bytes, nodeCrypto.sha256), to, seen }
    waiting.push({ page: { epoch, seq, bytes, from, to }, power: powerReport(page, parts), state: {} })
    return leftOut
  }

  function retry(): void {
    if (waiting.length === 0) return
    guarded(() => {
      for (let next = waiting[0]; next; next = waiting[0]) {
        spool.addPage(next.page, next.state)
        waiting.shift()
        if (next.power) spool.addPower(next.page.from, next.power)
      }
    })
  }

  return {
    chain: () => chain,
    sign,
    save(state) {
      const last = waiting.pop()
      if (last) waiting.push({ ...last, state: { ...state, chain: JSON.stringify(chain) } })
      retry()
    },
    retry,
    blocked: () => waiting.length > 0,
    full: () => waiting.length >= maxWaiting,
    guarded,
  }
}

/** The minutes of power of one page's time; nothing when none was measured. */
function powerReport(page: Page, parts: readonly SealedPart[]): Uint8Array | undefined {
  const measured = parts.filter(({ meter }) => hasPower(meter.minutes))
  if (measured.length === 0) return undefined
  const instruments = measured.map(({ page: { id }, meter }) => ({
    id,
    mw: [...meter.minutes],
    mwh: meter.grownMwh,
  }))
  const from = Math.floor(page.from / MINUTE) * MINUTE
  return Buffer.from(encodePowerReport({ v: 1, from, stepMs: MINUTE, instruments }))
}
