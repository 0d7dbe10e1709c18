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

/** The samples of one source in one row, as columns of differences: most of them are the same small number. */
interface Column {
  readonly id: string
  readonly source: number
  /** ms, the first after the row's begin. */
  readonly at: readonly number[]
  /** mW and mWh; null where a sample has none. */
  readonly mw: readonly (number | null)[]
  readonly mwh: readonly (number | null)[]
  /** What else samples say, by index. */
  readonly rest: readonly (readonly [number, Omit<Sample, 'at' | 'powerMw' | 'energyMwh'>])[]
  /** Readings that were refused, ms after the row's begin. */
  readonly refused: readonly number[]
}
interface Row {
  readonly now: Millis
  readonly time: TimeState
  readonly columns: readonly Column[]
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

function encode({ now, time, entries }: JournalChunk) {
  const begins = Math.min(...entries.map(({ at }) => at))
  const ends = Math.max(...entries.map(({ at }) => at))
  const groups = Map.groupBy(entries, ({ instrument, source }) => `${instrument}/${source}`)
  const columns = [...groups.values()].map((group) => columnOf(group, begins))
  const row: Row = { now, time, columns }
  return { begins, ends, bytes: deflateRawSync(JSON.stringify(row), { level: 6 }) }
}

function columnOf(group: readonly JournalEntry[], begins: Millis): Column {
  const samples = group.flatMap(({ sample }) => sample ?? [])
  const rest = samples.flatMap(({ at: _at, powerMw: _mw, energyMwh: _mwh, ...more }, i) =>
    Object.keys(more).length === 0 ? [] : [[i, more] as const],
  )
  return {
    id: group[0]?.instrument ?? '',
    source: group[0]?.source ?? 0,
    at: differences(samples.map(({ at }) => at - begins)).map(Number),
    mw: differences(samples.map(({ powerMw }) => powerMw)),
    mwh: differences(samples.map(({ energyMwh }) => energyMwh)),
    rest,
    refused: group.flatMap(({ sample, at }) => (sample ? [] : at - begins)),
  }
}

function decode(begins: Millis, bytes: Uint8Array): JournalChunk {
  // The row was written by this gateway and checked by SQLite's own integrity check at opening.
  const { now, time, columns } = JSON.parse(inflateRawSync(bytes).toString()) as Row
  return { now, time, entries: columns.flatMap((column) => entriesOf(column, begins)) }
}

function entriesOf({ id: instrument, source, refused, ...column }: Column, begins: Millis): JournalEntry[] {
  const [mw, mwh, rest] = [sums(column.mw), sums(column.mwh), new Map(column.rest)]
  const samples = sums(column.at).map((after, i): JournalEntry => {
    const at = begins + (after ?? 0)
    const [powerMw, energyMwh] = [mw[i], mwh[i]]
    const measured = {
      ...(powerMw === undefined ? {} : { powerMw }),
      ...(energyMwh === undefined ? {} : { energyMwh }),
    }
    return { instrument, source, at, sample: { at, ...measured, ...rest.get(i) } }
  })
  return [...samples, ...refused.map((after) => ({ instrument, source, at: begins + after }))]
}

/** Each value less the one before it; what is absent is null and changes nothing. */
function differences(values: readonly (number | undefined)[]): (number | null)[] {
  let last = 0
  return values.map((value) => {
    if (value === undefined) return null
    const difference = value - last
    last = value
    return difference
  })
}

function sums(values: readonly (number | null)[]): (number | undefined)[] {
  let last = 0
  return values.map((value) => (value === null ? undefined : (last += value)))
}
