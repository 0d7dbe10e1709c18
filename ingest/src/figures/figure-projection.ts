import type { DatabaseSync } from 'node:sqlite'
import { setImmediate as turn } from 'node:timers/promises'
import type { InstrumentKey, Millis } from '@hours/protocol'
import { civilMonths, type Interval } from '@hours/usage'
import type { AccountReader } from '../index/account-reader.ts'
import { inTransaction } from '../index/index-db.ts'
import type { InstrumentRow, InstrumentTable } from '../index/instrument-table.ts'
import type { UntoldDaysWriter } from '../index/untold-days.ts'
import type { RegistryWriter } from '../registry/registry.ts'
import { createInstrumentInputs } from '../series/instrument-inputs.ts'
import { type BatchChange, createChangedDays } from './changed-days.ts'
import { createFigureTable, type FigureTable } from './figure-table.ts'
import { makeDays } from './make-days.ts'

/** Keeps the rows of figures behind the log; what a batch has changed is made again soon after, and before it is read. */
export interface FigureProjection {
  readonly table: FigureTable
  /** Marks what the batch has changed; inside its transaction, so that nothing is forgotten by a kill. */
  project(change: Omit<BatchChange, 'before'>): void
  /** Until no day of these instruments (default: of any) is marked. */
  settled(keys?: Iterable<InstrumentKey>): Promise<void>
  /** Begins to make what is marked, in the background. */
  wake(): void
  /** Days that end by then have rows: the newest `time` record. */
  horizon(): Millis
  close(): Promise<void>
}

export interface FigureProjectionOptions {
  readonly db: DatabaseSync
  readonly accounts: AccountReader
  readonly instruments: InstrumentTable
  readonly untold: UntoldDaysWriter
  readonly registry: RegistryWriter
  readonly horizon: Millis
  readonly onError: (error: unknown) => void
}

/** Work in one transaction before others have their turn, ms. */
const sliceMs = 15
/**
 * Rows are made when no batch has come for so long, or the first has waited for the longest, ms of the machine's own clock:
 * while pages pour in, a day would be made again with each of them. Whoever asks for figures does not wait for this.
 */
const quietMs = 1_000
const longestMs = 30_000
/** Marked days further apart than this are made on their own: what lies between is not read for nothing. */
const apartMs = 3 * 86_400_000

export function createFigureProjection(options: FigureProjectionOptions): FigureProjection {
  const { db, accounts, instruments, untold, registry } = options
  const table = createFigureTable(db)
  const changed = createChangedDays({ table, untold, instruments, registry })
  const sources = { accounts, inputs: createInstrumentInputs(registry) }
  let horizon = options.horizon
  let working: Promise<void> | undefined
  let waiting: NodeJS.Timeout | undefined
  let due: number | undefined

  function begin(): void {
    due = undefined
    if (working || closed) return
    working = makeAll(marked())
      .catch(options.onError)
      .finally(() => {
        working = undefined
      })
  }
  let closed = false

  /** One group of marked days of the instrument; false = there is none left. */
  function makeSome(row: InstrumentRow): boolean {
    const dirty = table.dirty(row.id)
    if (dirty.length === 0) return false
    const entry = registry.instrument(row.key)
    const [group] = entry ? groups(entry.zone, dirty) : []
    if (!entry || !group) table.clear(row.id)
    else {
      table.put(row.id, makeDays(sources, entry, { row, days: group.days }))
      table.rollUp(row.id, group.month)
    }
    return true
  }

  async function makeAll(rows: Iterable<InstrumentRow>): Promise<void> {
    const source = rows[Symbol.iterator]()
    for (let row = nextOf(source); row && !closed; ) {
      const until = performance.now() + sliceMs
      row = inTransaction(db, () => {
        let at: InstrumentRow | undefined = row
        while (at && performance.now() < until) if (!makeSome(at)) at = nextOf(source)
        return at
      })
      if (row) await turn()
    }
  }

  function* marked(): Generator<InstrumentRow> {
    const ids = new Set(table.dirtyInstruments())
    for (const row of instruments.all()) if (ids.has(row.id)) yield row
  }

  async function settled(keys?: Iterable<InstrumentKey>): Promise<void> {
    for (;;) {
      const ids = new Set(table.dirtyInstruments())
      const wanted = keys ? [...keys].flatMap((key) => instruments.find(key) ?? []) : [...instruments.all()]
      const rows = wanted.filter(({ id }) => ids.has(id))
      if (rows.length === 0 || closed) return
      await makeAll(rows)
    }
  }

  return {
    table,
    project(change) {
      const before = horizon
      horizon = Math.max(horizon, change.horizon)
      changed.mark({ ...change, before, horizon })
    },
    settled,
    wake() {
      if (working || closed) return
      due ??= performance.now() + longestMs
      clearTimeout(waiting)
      waiting = setTimeout(begin, Math.min(quietMs, Math.max(0, due - performance.now()))).unref()
    },
    horizon: () => horizon,
    async close() {
      closed = true
      clearTimeout(waiting)
      await working
    },
  }
}

function nextOf<T>(source: Iterator<T>): T | undefined {
  const next = source.next()
  return next.done === true ? undefined : next.value
}

/** Marked days by civil month and nearness, so that each month is summed once. */
function groups(zone: string, dirty: readonly Interval[]): { days: Interval[]; month: Interval }[] {
  const made: { days: Interval[]; month: Interval }[] = []
  for (const day of dirty) {
    const last = made.at(-1)
    const end = last?.days.at(-1)?.to ?? 0
    if (last && day.from < last.month.to && day.from - end < apartMs) last.days.push(day)
    else {
      const [month] = civilMonths(zone, day.from, day.from + 1)
      if (month) made.push({ days: [day], month })
    }
  }
  return made
}
