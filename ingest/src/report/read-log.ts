import { parseRecord, recordDigest } from '@hours/ledger'
import { nodeCrypto } from '@hours/ledger/node'
import { decodePage, decodeRecord, isRecordKind } from '@hours/protocol'
import { setImmediate as breathe } from 'node:timers/promises'
import { IngestError } from '../ingest-error.ts'
import type { EvidenceLog, Position } from '../ports.ts'
import { comparePositions, createPageChoice, type PageMark } from './page-choice.ts'
import { createRecordChoice } from './record-choice.ts'
import { chooseTimes } from './time-choice.ts'

/** A record of a stream: where it stands, and its digest where its body stays hidden. */
export interface RecordMark {
  readonly position: Position
  readonly hidden?: string
  /** Says something of reports, not of hours: `close`, `report`. */
  readonly isNote: boolean
}

/** What a bundle shows of the log. */
export interface LogChoice {
  /** In log order. */
  readonly pages: readonly PageMark[]
  /** By stream, without holes. */
  readonly records: ReadonlyMap<string, readonly RecordMark[]>
  /** Openings, and the `time` records that the pages need. */
  readonly log: readonly Position[]
  /** Whether a `time` record stands behind every page: without it nobody can say when one came. */
  readonly isTimed: boolean
  /** Where each stream ends. */
  readonly streams: ReadonlyMap<string, { readonly next: number; readonly last: string | null }>
}

export interface ReadLogOptions {
  readonly log: Pick<EvidenceLog, 'entries'>
  /** The last position that counts. */
  readonly until: Position
  /** Whose pages are shown, and which instruments' records. */
  readonly gateways: ReadonlySet<string>
  readonly keys: ReadonlySet<string>
  readonly scope: string
  readonly window: { readonly from: number; readonly to: number }
  readonly onProgress?: (done: number) => void
  readonly signal?: AbortSignal
}

const { sha256 } = nodeCrypto
/** Before every other. */
const noPosition: Position = { year: 0, index: 0 }

/** Reads the log once, from its first leaf, and chooses; keeps positions alone. Gives way to others now and then. */
export async function readLog(options: ReadLogOptions): Promise<LogChoice> {
  const { log, until, gateways, keys, window, onProgress, signal } = options
  const pages = createPageChoice(window)
  const choice = createRecordChoice(keys, options.scope)
  const records = new Map<string, RecordMark[]>()
  const streams = new Map<string, { next: number; last: string | null }>()
  const openings: Position[] = []
  const times: Position[] = []
  let done = 0

  function take(bytes: Uint8Array, position: Position): void {
    const parsed = parseRecord(bytes)
    if (!parsed.ok) throw damaged(position, parsed.error.message)
    const { kind, holder, payload } = parsed.value
    if (kind === 'page') {
      if (gateways.has(holder)) takePage(payload, position)
    } else if (kind === 'time') times.push(position)
    else if (kind === 'opening') openings.push(position)
    else takeRecord(bytes, position, { kind, payload })
  }

  function takeRecord(
    bytes: Uint8Array,
    position: Position,
    { kind, payload }: { kind: string; payload: Uint8Array },
  ) {
    const record = isRecordKind(kind) ? decodeRecord(kind, payload) : undefined
    if (!record?.ok || !isRecordKind(kind)) throw damaged(position, `a ${kind} that cannot be read`)
    const digest = recordDigest(bytes, sha256)
    const { stream, seq } = record.value as { stream: string; seq: number }
    const marks = records.get(stream) ?? []
    records.set(stream, marks)
    const isNote = kind === 'close' || kind === 'report'
    const isShown = choice.shows(kind, record.value, digest)
    marks.push({ position, isNote, ...(isShown ? {} : { hidden: digest }) })
    streams.set(stream, { next: seq + 1, last: digest })
  }

  function takePage(payload: Uint8Array, position: Position): void {
    const page = decodePage(payload)
    if (!page.ok) throw damaged(position, page.error.message)
    const { gateway, epoch, seq, from, to, seen } = page.value
    pages.add({ position, gateway, epoch, seq, from, to, seen })
  }

  for (const { position, bytes } of log.entries()) {
    if (comparePositions(position, until) > 0) break
    take(bytes, position)
    done += 1
    if (done % 512 !== 0) continue
    signal?.throwIfAborted()
    onProgress?.(done)
    await breathe()
  }
  const chosen = pages.chosen()
  return {
    pages: chosen,
    records,
    isTimed: comparePositions(chosen.at(-1)?.position ?? noPosition, times.at(-1) ?? noPosition) <= 0,
    log: [...openings, ...chooseTimes(times, chosen)].sort(comparePositions),
    streams,
  }
}

const damaged = ({ year, index }: Position, why: string) =>
  new IngestError('log_damaged', `entry ${year}/${index}: ${why}`)
