import type { DatabaseSync } from 'node:sqlite'
import { setImmediate as turn } from 'node:timers/promises'
import { type OpenedRecord, parseBase64url, parseRecord } from '@hours/ledger'
import { nodeCrypto } from '@hours/ledger/node'
import { decodePage, type InstrumentKey, type Millis, type RecordKind } from '@hours/protocol'
import type { FigureProjection } from '../figures/figure-projection.ts'
import { numberEnrolled } from '../figures/changed-days.ts'
import { IngestError } from '../ingest-error.ts'
import type { EvidenceLog, Position } from '../ports.ts'
import type { BookRecord } from '../registry/record-book.ts'
import type { RegistryWriter } from '../registry/registry.ts'
import { createEntryReader } from './entry-reader.ts'
import { inTransaction } from './index-db.ts'
import type { InstrumentRow } from './instrument-table.ts'
import {
  createPageProjection,
  type LoggedVerdict,
  type PageProjection,
  type Tables,
} from './page-projection.ts'
import { createRecordTable } from './record-table.ts'
import { widenTouched } from './touched.ts'

/** An entry of the log to be projected; `page` when it has been judged on its way in. */
export interface Projectable {
  readonly position: Position
  readonly bytes: Uint8Array
  readonly digest: string
  readonly page?: Omit<LoggedVerdict, 'position'> | undefined
}

export interface Touched {
  readonly key: InstrumentKey
  readonly from: Millis
  readonly to: Millis
}

/** Follows the log: rows and the log position in one transaction (records.md, section 8). */
export interface Projector {
  put(entries: readonly Projectable[]): void
  /** Projects what the log has and the index has not; for the start and for a rebuild. */
  catchUp(log: Pick<EvidenceLog, 'entries'>, onProgress?: (position: Position) => void): Promise<void>
  /** Until everything put so far is projected. */
  settled(): Promise<void>
  backlog(): number
  position(): Position | null
  readonly onProjected: (listener: (touched: readonly Touched[]) => void) => () => void
  /** Why it has stopped, if it has. */
  failure(): string | undefined
}

const usualBatch = 500

export interface ProjectorOptions {
  readonly db: DatabaseSync
  readonly tables: Tables
  readonly registry: RegistryWriter
  /** Made after the registry has its rows. */
  readonly figures: () => FigureProjection
  readonly onRecord: (record: BookRecord) => void
  /** These entries are in the index now. */
  readonly onBatch: (items: readonly Projectable[]) => void
  readonly onError: (error: unknown) => void
  /** Waits for so many entries, or until somebody waits for it; default 1. */
  readonly atLeast?: (() => number) | undefined
}

export function createProjector(options: ProjectorOptions): Projector {
  const { db, tables, registry, atLeast = () => 1 } = options
  // Who waits for so many wants them in one commit.
  const batchSize = () => Math.max(usualBatch, atLeast())
  const pages = createPageProjection(db, tables, registry)
  const statements = {
    entry: db.prepare('INSERT OR IGNORE INTO entries VALUES (?, ?, ?)'),
    position: db.prepare("INSERT OR REPLACE INTO meta VALUES ('position', ?)"),
  }
  const read = createEntryReader({ registry, chains: tables.chains })
  const records = createRecordTable(db)
  const listeners = new Set<(touched: readonly Touched[]) => void>()
  let queue: Projectable[] = []
  let running: Promise<void> | undefined
  let failure: string | undefined
  /** As they were before the first record of the batch that can change them. */
  let scopes: Map<InstrumentRow, string> | undefined
  for (const record of records.all()) registry.apply(record)
  let position = storedPosition(db)

  function batch(items: readonly Projectable[]): void {
    const taken: BookRecord[] = []
    const changed = inTransaction(db, () => {
      for (const item of items) {
        const record = project(item, pages)
        if (record) taken.push(record)
        statements.entry.run(parseBase64url(item.digest) ?? null, item.position.year, item.position.index)
        position = item.position
      }
      rescopeChanged()
      tables.days.flush()
      tables.instruments.flush()
      tables.chains.flush()
      if (position) statements.position.run(JSON.stringify(position))
      const touched = pages.touched()
      options.figures().project({ touched, records: taken, horizon: tables.times.newest()?.at ?? 0 })
      return touched
    })
    options.onBatch(items)
    for (const record of taken) options.onRecord(record)
    if (listeners.size === 0) return
    const touched = widenTouched(changed, tables.accounts, registry)
    if (touched.length > 0) for (const listener of listeners) listener(touched)
  }

  function project(item: Projectable, into: PageProjection): BookRecord | undefined {
    if (item.page) {
      into.page({ ...item.page, position: item.position })
      return undefined
    }
    const { page, record } = read(item.bytes, item.position)
    if (page) into.page(page)
    return record && takeRecord(record, item.position)
  }

  function takeRecord(opened: OpenedRecord, at: Position): BookRecord {
    const record: BookRecord = {
      kind: opened.kind,
      record: opened.body,
      hash: opened.digest,
      position: at,
    }
    if (opened.kind === 'time') {
      pages.time(at, opened.body.at)
      return record
    }
    if (scopeInput.has(opened.kind)) scopes ??= scopesOf()
    registry.apply(record)
    numberEnrolled(tables.instruments, record)
    records.add(record)
    return record
  }

  const scopesOf = () =>
    new Map([...tables.instruments.all()].map((row) => [row, JSON.stringify(pages.scope(row.key))]))

  /**
   * A dated registry change makes the days again that it touches (records.md, section 8): once a batch, as looking at
   * every instrument for every record takes minutes where thousands are enrolled.
   */
  function rescopeChanged(): void {
    if (!scopes) return
    for (const row of tables.instruments.all())
      if (JSON.stringify(pages.scope(row.key)) !== scopes.get(row) && row.latest > 0) pages.rescope(row)
    scopes = undefined
  }

  async function run(): Promise<void> {
    while (queue.length > 0 && failure === undefined) {
      const items = queue.slice(0, batchSize())
      try {
        batch(items)
      } catch (error) {
        failure = failureAt(position, error)
        options.onError(new IngestError('log_halted', failure, { cause: error }))
        return
      }
      queue = queue.slice(items.length)
      await turn()
    }
    options.figures().wake()
  }

  function start(least = atLeast()): void {
    // A stopped index takes nothing more: whoever waits for it must hear that, not wait for ever.
    if (queue.length < least || failure !== undefined) return
    running ??= turn()
      .then(run)
      .finally(() => {
        running = undefined
        if (failure === undefined) start()
      })
  }

  return {
    put(entries) {
      queue.push(...entries)
      start()
    },
    async catchUp(log, onProgress) {
      resume(log)
      let items: Projectable[] = []
      for (const { position: at, bytes } of log.entries(position ?? undefined)) {
        items.push({ position: at, bytes, digest: digestOf(bytes) })
        if (items.length < batchSize()) continue
        batch(items)
        items = []
        onProgress?.(at)
        await turn()
      }
      if (items.length > 0) batch(items)
    },
    async settled() {
      start(1)
      while (running) {
        await running
        start(1)
      }
      if (failure !== undefined) throw new IngestError('log_halted', failure)
    },
    backlog: () => queue.length,
    position: () => position,
    onProjected(listener) {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
    failure: () => failure,
  }

  /** Pages that are projected, but whose arrival no `time` record has told yet. */
  function resume(log: Pick<EvidenceLog, 'entries'>): void {
    if (!position) return
    for (const { position: at, bytes } of log.entries(tables.times.newest()?.position)) {
      if (at.year > position.year || (at.year === position.year && at.index > position.index)) return
      const parsed = parseRecord(bytes)
      const page = parsed.ok && parsed.value.kind === 'page' ? decodePage(parsed.value.payload) : undefined
      if (page?.ok) pages.resume(page.value, at)
    }
  }
}

function failureAt(position: Position | null, error: unknown): string {
  const at = `the index stopped at ${position?.year ?? 0}/${position?.index ?? 0}`
  if (error instanceof IngestError) return `${at}: ${error.message}`
  const said = error instanceof Error ? error.message : String(error)
  return `${at}: ${said}. Fix: mend the disk and start again, or hours rebuild.`
}

const digestOf = (bytes: Uint8Array) =>
  nodeCrypto.sha256(bytes).toBase64({ alphabet: 'base64url', omitPadding: true })

/** Kinds that can change an instrument's zone or enrolment. */
const scopeInput = new Set<RecordKind>(['enrolment', 'organisation', 'correction', 'approval'])

/** The position projected last. */
function storedPosition(db: DatabaseSync): Position | null {
  const stored = db.prepare("SELECT value FROM meta WHERE key = 'position'").get()
  return stored ? (JSON.parse(String(stored['value'])) as Position) : null
}
