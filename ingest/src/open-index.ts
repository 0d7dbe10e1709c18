import type { DatabaseSync } from 'node:sqlite'
import { parseBase64url } from '@hours/ledger'
import { type Clock, systemClock } from '@hours/protocol'
import { createFigureProjection, type FigureProjection } from './figures/figure-projection.ts'
import { createAccountReader } from './index/account-reader.ts'
import { createChainTable } from './index/chain-table.ts'
import { createDayTable, type DayScope } from './index/day-table.ts'
import { openIndexDb } from './index/index-db.ts'
import { createInstrumentTable } from './index/instrument-table.ts'
import type { Tables } from './index/page-projection.ts'
import { createProjector, type Projectable, type Projector } from './index/projector.ts'
import { createReadIndex } from './index/read-index.ts'
import { createRecoveryTable } from './index/recovery-table.ts'
import { createTimeTable } from './index/time-table.ts'
import { createUntoldDays } from './index/untold-days.ts'
import type { Index, Position, UntoldDays } from './ports.ts'
import type { BookRecord } from './registry/record-book.ts'
import { createRegistry, type RegistryWriter } from './registry/registry.ts'

/** The index and what is built on it. */
export interface OpenedIndex {
  readonly db: DatabaseSync
  readonly tables: Tables
  readonly registry: RegistryWriter
  readonly projector: Projector
  readonly index: Index
  readonly figures: FigureProjection
  readonly untold: UntoldDays
  /** Position of an entry by the digest of its bytes. */
  readonly find: (digest: string) => Position | undefined
  /** What SQLite has come upon in it, if anything: then it is to be made again. */
  damage(): string | undefined
  close(): Promise<void>
}

export interface OpenIndexOptions {
  readonly path: string
  readonly clock?: Clock
  /** False only where days of simulated history pass in seconds: it is not durable at each commit then. */
  readonly survivesPowerCut?: boolean
  /** How many entries are projected at once at the least, when nobody waits for them. */
  readonly projectAtLeast?: (() => number) | undefined
  readonly onRecord?: (record: BookRecord) => void
  readonly onBatch?: (items: readonly Projectable[]) => void
  readonly onError?: (error: unknown) => void
  readonly rejected?: (gateway: string) => number
}

/** Opens the index at `path`, with the registry as its rows have it; `projector.catchUp` brings it up to the log. */
export function openIndex(options: OpenIndexOptions): OpenedIndex {
  const { path, clock = systemClock } = options
  let damage: string | undefined
  const db = openIndexDb(path, ({ message }) => (damage ??= message))
  // What changes at every commit is copied from the journal once in 64 MiB then, not once in 4.
  if (options.survivesPowerCut === false)
    db.exec('PRAGMA synchronous = OFF; PRAGMA wal_autocheckpoint = 16384')
  const registry = createRegistry(clock)
  const instruments = createInstrumentTable(db)
  const accounts = createAccountReader(db)
  const tables: Tables = {
    accounts,
    instruments,
    chains: createChainTable(db),
    days: createDayTable(db, accounts),
    recoveries: createRecoveryTable(db, instruments),
    times: createTimeTable(db),
  }
  const untold = createUntoldDays(db, instruments)
  const onError = options.onError ?? (() => undefined)
  // The projector fills the registry, and this looks at what it has been filled with.
  let made: FigureProjection | undefined
  const figures = () =>
    (made ??= createFigureProjection({
      db,
      accounts,
      instruments,
      untold,
      registry,
      horizon: tables.times.newest()?.at ?? 0,
      onError,
    }))
  const projector = createProjector({
    db,
    tables,
    registry,
    figures,
    onRecord: options.onRecord ?? (() => undefined),
    onBatch: options.onBatch ?? (() => undefined),
    onError,
    atLeast: options.projectAtLeast,
  })
  const byHash = db.prepare('SELECT year, idx FROM entries WHERE hash = ?')
  const index = createReadIndex({
    db,
    tables,
    scope: (key): DayScope => {
      const entry = registry.instrument(key)
      const enrolled = (entry?.enrolments ?? []).map(({ from, to = Number.MAX_SAFE_INTEGER }) => ({
        from,
        to,
      }))
      return { zone: entry?.zone ?? 'UTC', enrolled }
    },
    position: () => projector.position(),
    rejected: options.rejected ?? (() => 0),
  })
  return {
    db,
    tables,
    registry,
    projector,
    index,
    figures: figures(),
    untold,
    find(digest) {
      const found = byHash.get(parseBase64url(digest) ?? null)
      return found && { year: Number(found['year']), index: Number(found['idx']) }
    },
    damage: () => damage,
    async close() {
      await figures().close()
      db.close()
    },
  }
}
