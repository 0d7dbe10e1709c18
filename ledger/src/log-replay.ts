import { type Decoded, refuse, accept, type Seen } from '@hours/protocol'
import { type ChainBook, createChainBook } from './chain-book.ts'
import { neighbours } from './chain-state.ts'
import type { PageContext } from './check-page.ts'
import { parseOrigin } from './checkpoint.ts'
import { judgeTime, type TimeVerdict } from './clock-rules.ts'
import { createConfigBook } from './config-book.ts'
import type { Crypto } from './crypto.ts'
import { createEnrolments, type Enrolments } from './enrolments.ts'
import { createKeyRegistry, type KeyRegistry } from './key-registry.ts'
import type { LedgerCode } from './ledger-error.ts'
import { openParsedPage } from './open-page.ts'
import { openParsedRecord, type OpenedRecord } from './open-record.ts'
import type { OpenedPage } from './opened-page.ts'
import type { PageCode, PageVerdict } from './page-verdict.ts'
import type { Position } from './position.ts'
import { emptyStream, extendStream, skipForeign, type StreamCode, type StreamState } from './record-stream.ts'
import { isSeenBefore } from './seen-trail.ts'
import { createTimeIndex, type TimeIndex } from './time-index.ts'
import { parseRecord, type SignedRecord } from './signed-record.ts'

/** A leaf of the log read under all the rules. */
export type ReplayedLeaf =
  | { readonly type: 'page'; readonly page: ReplayedPage }
  | { readonly type: 'record'; readonly at: Position; readonly record: OpenedRecord }

export interface ReplayedPage extends OpenedPage {
  readonly at: Position
  readonly verdict: PageVerdict
  /** What the page before it in its epoch had seen (R5). */
  readonly previousSeen: Seen | null
}

export type ReplayCode = LedgerCode | PageCode | StreamCode

/** Reads a log from its first leaf, in order: what ingest does at a rebuild and what a verifier does. */
export interface LogReplay {
  /** One leaf; refused when it should never have been logged, which is a fault of whoever runs the log. */
  read(bytes: Uint8Array, at: Position): Decoded<ReplayedLeaf, ReplayCode>
  /** The same for a leaf that has been taken apart already. */
  take(record: SignedRecord, at: Position): Decoded<ReplayedLeaf, ReplayCode>
  /** A record of which only the digest is shown, because its body belongs to others; it still counts in its stream. */
  skip(stream: string, digest: string): void
  /**
   * R5-R7. Before a `time` record after the page has been read it is taken to have come as soon as it could, and
   * `isTimed` is false: what it begins with and its clock are judged all the same.
   */
  judge(page: ReplayedPage): TimeVerdict & { readonly isTimed: boolean }
  readonly keys: KeyRegistry
  readonly times: TimeIndex
  readonly chains: ChainBook
  readonly enrolments: Enrolments
  stream(name: string): StreamState
  isOpen(gateway: string, epoch: number): boolean
}

const rootsBefore =
  (rootAt: NonNullable<PageContext['rootAt']>, seen: Seen | null, at: Position): PageContext['rootAt'] =>
  (origin, size) =>
    seen && isSeenBefore(seen, at) ? rootAt(origin, size) : undefined

export function createLogReplay(options: {
  readonly crypto: Crypto
  readonly rootAt?: PageContext['rootAt']
}): LogReplay {
  const { crypto, rootAt } = options
  const keys = createKeyRegistry()
  const times = createTimeIndex()
  const chains = createChainBook()
  const enrolments = createEnrolments()
  const configs = createConfigBook(times)
  const streams = new Map<string, StreamState>()
  const epochs = new Set<string>()
  const isOpen = (gateway: string, epoch: number) => epochs.has(`${gateway}/${epoch}`)
  const rules = { isOpen, mayName: enrolments.mayName }

  function readPage(record: SignedRecord, at: Position): Decoded<ReplayedLeaf, ReplayCode> {
    const opened = openParsedPage(record, { crypto, keys, at })
    if (!opened.ok) return opened
    const { gateway, epoch, seq } = opened.value.page
    const before = neighbours(chains.state(gateway, epoch), seq).before
    // No later size: whoever reads ahead knows more roots than there were when the page came.
    const rootBefore = rootAt && rootsBefore(rootAt, opened.value.page.seen, at)
    const verdict = chains.check(opened.value, rootBefore ? { ...rules, rootAt: rootBefore } : rules)
    if (verdict.verdict === 'refuse') return refuse(verdict.code, verdict.reason)
    const previousSeen = before?.last.seen ?? null
    const told = configs.findings(opened.value.page, previousSeen)
    const whole = told.length === 0 ? verdict : { ...verdict, findings: [...verdict.findings, ...told] }
    return accept({ type: 'page', page: { ...opened.value, at, verdict: whole, previousSeen } })
  }

  function readRecord(signed: SignedRecord, at: Position): Decoded<ReplayedLeaf, ReplayCode> {
    const opened = openParsedRecord(signed, { crypto, keys, at })
    if (!opened.ok) return opened
    const record = opened.value
    if ('stream' in record.body) {
      const { stream, seq, prev } = record.body
      const next = extendStream(streams.get(stream) ?? emptyStream, { seq, prev, digest: record.digest })
      if (!next.ok) return refuse(next.error.code, `stream ${stream}: ${next.error.message}`)
      streams.set(stream, next.value)
    }
    const applied = apply(record, at)
    return applied && !applied.ok ? applied : accept({ type: 'record', at, record })
  }

  /** Takes in what later leaves are judged by. */
  function apply(record: OpenedRecord, at: Position): Decoded<unknown, LedgerCode> | undefined {
    if (record.kind === 'opening') {
      const opened = keys.open(record.body, at)
      return opened.ok && at.index > 0 ? refuse('bad_record', 'an opening is the first leaf alone') : opened
    }
    if (record.kind === 'key') return keys.apply(record.body, at)
    if (record.kind === 'time') times.add(at, record.body.at)
    if (record.kind === 'config') configs.add(record.body, record.digest, at)
    if (record.kind === 'enrolment') enrolments.add(record.body)
    if (record.kind === 'epoch') epochs.add(`${record.body.gateway}/${record.body.epoch}`)
    return undefined
  }

  const take = (record: SignedRecord, at: Position) =>
    record.kind === 'page' ? readPage(record, at) : readRecord(record, at)

  return {
    read(bytes, at) {
      const record = parseRecord(bytes)
      return record.ok ? take(record.value, at) : record
    },
    take,
    skip(name, digest) {
      streams.set(name, skipForeign(streams.get(name) ?? emptyStream, digest))
      configs.addHidden(digest)
    },
    judge({ page, at, previousSeen }) {
      const timed = times.arrivalOf(at)
      const arrival = timed ?? Math.max(times.newest() ?? 0, page.to)
      const year = previousSeen ? parseOrigin(previousSeen.origin)?.year : undefined
      const earliest =
        previousSeen && year !== undefined ? times.timeWithin(year, previousSeen.size) : undefined
      const verdict = judgeTime(page, earliest === undefined ? { arrival } : { arrival, earliest })
      return { ...verdict, isTimed: timed !== undefined }
    },
    keys,
    times,
    chains,
    enrolments,
    stream: (name) => streams.get(name) ?? emptyStream,
    isOpen,
  }
}
