import { deflateRawSync, inflateRawSync } from 'node:zlib'
import type { Millis } from '@hours/protocol'
import type { Sample } from '@hours/sensing'
import type { Spool } from './spool.ts'
import type { TimeState } from './time-keeper.ts'

/** A sample as the logbook took it, or a reading that was refused (`sample` absent). */
export interface JournalEntry {
  readonly instrument: string
  readonly source: number
  readonly at: Millis
  readonly sample?: Sample
}

/** What one row holds. */
export interface JournalChunk {
  /** When it was written, and by which anchor. */
  readonly now: Millis
  readonly time: TimeState
  readonly entries: readonly JournalEntry[]
}

/**
 * Raw samples on disk: what the open page is rebuilt from after a kill, and a ring of the last days for calibration
 * (issue 7). Samples are kept in memory until `flush`.
 */
export interface Journal {
  add(entry: JournalEntry): void
  /** Writes what has come since; returns the id of the last row. */
  flush(now: Millis, time: TimeState): number
  /** As `flush`, for when the state that is about to be written holds these samples already: never throws. */
  settle(now: Millis, time: TimeState): number
}

/** A compact line: index of the instrument in the row, source, ms after the row's begin, then what was measured. */
type Line = [
  instrument: number,
  source: number,
  after: number,
  mw?: number | null,
  rest?: Omit<Sample, 'at' | 'powerMw'>,
]
interface Row {
  readonly now: Millis
  readonly time: TimeState
  readonly ids: readonly string[]
  readonly lines: readonly Line[]
}

export function createJournal(spool: Spool, lastId: number): Journal {
  let entries: JournalEntry[] = []
  let last = lastId
  function flush(now: Millis, time: TimeState): number {
    if (entries.length === 0) return last
    last = spool.addJournal(encode({ now, time, entries }))
    entries = []
    return last
  }
  return {
    add: (entry) => void entries.push(entry),
    flush,
    settle(now, time) {
      try {
        return flush(now, time)
      } catch {
        // The ring has a hole then; the evidence has none. A disk that takes nothing is told when the page is written.
        entries = []
        return last
      }
    },
  }
}

/** Rows after `id`, oldest first; a row that cannot be read ends the reading. */
export function* readJournal(spool: Spool, id: number): Generator<JournalChunk & { readonly id: number }> {
  for (const row of spool.journalAfter(id)) yield { id: row.id, ...decode(row.begins, row.bytes) }
}

function encode(chunk: JournalChunk) {
  const begins = Math.min(...chunk.entries.map(({ at }) => at))
  const ends = Math.max(...chunk.entries.map(({ at }) => at))
  const ids = [...new Set(chunk.entries.map(({ instrument }) => instrument))]
  const lines = chunk.entries.map(({ instrument, source, at, sample }): Line => {
    const head = [ids.indexOf(instrument), source, at - begins] as const
    if (!sample) return [...head]
    const { at: _at, powerMw, ...rest } = sample
    return Object.keys(rest).length === 0 ? [...head, powerMw ?? null] : [...head, powerMw ?? null, rest]
  })
  const row: Row = { now: chunk.now, time: chunk.time, ids, lines }
  return { begins, ends, bytes: deflateRawSync(JSON.stringify(row), { level: 1 }) }
}

function decode(begins: Millis, bytes: Uint8Array): JournalChunk {
  // The row was written by this gateway and checked by SQLite's own integrity check at opening.
  const row = JSON.parse(inflateRawSync(bytes).toString()) as Row
  const entries = row.lines.map(([index, source, after, mw, rest]): JournalEntry => {
    const at = begins + after
    const instrument = row.ids[index] ?? ''
    if (mw === undefined) return { instrument, source, at }
    return { instrument, source, at, sample: { at, ...(mw === null ? {} : { powerMw: mw }), ...rest } }
  })
  return { now: row.now, time: row.time, entries }
}
