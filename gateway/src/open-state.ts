import { deflateRawSync, inflateRawSync } from 'node:zlib'
import type { Millis, Page, Seen } from '@hours/protocol'
import type { InstrumentState } from './instrument-log.ts'
import { type JournalEntry, readJournal } from './journal.ts'
import type { Spool } from './spool.ts'
import type { TimeState } from './time-keeper.ts'

/** Where the chain stands; kept beside the pages, in the same commit. */
export interface Chain {
  readonly epoch: number
  readonly seq: number
  readonly prev: string | null
  /** End of the last page. */
  readonly to: Millis
  /** What the last page said it had seen of the log. */
  readonly seen?: Seen | null
}

/** The open page as it was when the last page was sealed; the journal has what came after. */
export interface OpenState {
  readonly boot: number
  readonly from: Millis
  /** Monotonic time at `from`. */
  readonly mono: Millis
  /** When this was written, and by which anchor. */
  readonly now: Millis
  readonly time: TimeState
  /** Journal rows up to here are in it already. */
  readonly journal: number
  readonly config: Page['config']
  /** Also those that are not configured any more: counters never fall, not even over a removal. */
  readonly instruments: Readonly<Record<string, InstrumentState>>
}

/** Everything a logbook begins with. */
export interface Resumed {
  readonly chain: Chain
  readonly open: OpenState | undefined
  /** Samples of the open page that the journal kept. */
  readonly entries: readonly JournalEntry[]
  readonly lastRow: number
}

/** Reads where the last process ended; `open` is the newest state known, with anchor and time of the journal's end. */
export function resume(spool: Spool): Resumed {
  const chain = (readJson(spool.get('chain')) as Chain | undefined) ?? {
    epoch: spool.epoch,
    seq: 0,
    prev: null,
    to: 0,
  }
  const bytes = spool.get('open')
  if (bytes === undefined) return { chain, open: undefined, entries: [], lastRow: 0 }
  let open = JSON.parse(inflateRawSync(bytes).toString()) as OpenState
  const entries: JournalEntry[] = []
  let lastRow = open.journal
  for (const chunk of readJournal(spool, open.journal)) {
    for (const entry of chunk.entries) entries.push(entry)
    open = { ...open, now: chunk.now, time: chunk.time }
    lastRow = chunk.id
  }
  return { chain, open, entries, lastRow }
}

export const encodeOpenState = (state: OpenState): Uint8Array =>
  deflateRawSync(JSON.stringify(state), { level: 1 })

export const readJson = (value: Uint8Array | undefined): unknown =>
  value === undefined ? undefined : JSON.parse(Buffer.from(value).toString())

/** How often this machine has booted, as far as this spool knows: a new boot id counts one more. */
export function bootCount(spool: Spool, bootId: string): number {
  const text = (key: string) => Buffer.from(spool.get(key) ?? '').toString()
  const count = Number(text('boots') || 0)
  if (text('boot-id') === bootId) return count
  spool.set('boots', String(count + 1))
  spool.set('boot-id', bootId)
  return count + 1
}
