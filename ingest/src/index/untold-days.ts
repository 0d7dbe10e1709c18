import type { DatabaseSync } from 'node:sqlite'
import type { InstrumentKey, Millis } from '@hours/protocol'
import type { Interval } from '@hours/usage'
import type { UntoldDay, UntoldDays, UntoldYear } from '../ports.ts'
import { inTransaction } from './index-db.ts'
import type { InstrumentTable } from './instrument-table.ts'

/** The list with its writing side; `mark` belongs into the transaction that changes the days. */
export interface UntoldDaysWriter extends UntoldDays {
  mark(key: InstrumentKey, days: readonly Interval[]): void
}

export function createUntoldDays(db: DatabaseSync, instruments: InstrumentTable): UntoldDaysWriter {
  const put = db.prepare(
    'INSERT INTO series_days VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET stop = excluded.stop, mark = excluded.mark',
  )
  const newest = db.prepare(
    'SELECT * FROM series_days WHERE start < ?1 OR (start = ?1 AND instrument > ?2) ORDER BY start DESC, instrument LIMIT ?3',
  )
  const remove = db.prepare('DELETE FROM series_days WHERE start = ? AND instrument = ? AND mark <= ?')
  const any = db.prepare('SELECT 1 FROM series_days LIMIT 1')
  const putYear = db.prepare(
    'INSERT INTO series_years VALUES (?, ?, ?, 0, 1) ON CONFLICT DO UPDATE SET stop = excluded.stop, changed = 1',
  )
  const changedYears = db.prepare('SELECT * FROM series_years WHERE changed = 1 AND told <= ?')
  const tellYear = db.prepare(
    'UPDATE series_years SET told = ?, changed = 0 WHERE instrument = ? AND start = ?',
  )
  const last = db.prepare('SELECT coalesce(max(mark), 0) AS mark FROM series_days').get()
  let mark = Number(last?.['mark'])
  const listeners = new Set<() => void>()
  const numbers = new Map<number, InstrumentKey>()

  function keyOf(id: number): InstrumentKey | undefined {
    if (!numbers.has(id)) for (const row of instruments.all()) numbers.set(row.id, row.key)
    return numbers.get(id)
  }

  function* named<T extends object>(rows: readonly Record<string, unknown>[], more: (row: Row) => T) {
    for (const row of rows as unknown as readonly Row[]) {
      const key = keyOf(row.instrument)
      if (key) yield { key, from: row.start, to: row.stop, ...more(row) }
    }
  }

  function markDays(key: InstrumentKey, days: readonly Interval[]): void {
    const { id } = instruments.make(key)
    for (const { from, to } of days) put.run(from, id, to, (mark += 1))
  }

  return {
    mark(key, days) {
      if (days.length === 0) return
      markDays(key, days)
      for (const listener of listeners) listener()
    },
    markAll(items) {
      inTransaction(db, () => {
        for (const { key, days } of items) markDays(key, days)
      })
      for (const listener of listeners) listener()
    },
    onMarked(listener) {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
    any: () => any.get() !== undefined,
    next(most, after): UntoldDay[] {
      const id = after ? (instruments.find(after.key)?.id ?? 0) : 0
      const rows = newest.all(after?.from ?? Number.MAX_SAFE_INTEGER, id, most)
      return [...named(rows, (row) => ({ mark: row.mark }))]
    },
    told(days) {
      inTransaction(db, () => {
        for (const { key, from, mark: seen, year } of days) {
          const { id } = instruments.make(key)
          remove.run(from, id, seen)
          if (year) putYear.run(id, year.from, year.to)
        }
      })
    },
    years: (before): UntoldYear[] => [...named(changedYears.all(before), () => ({}))],
    toldYear({ key, from }, at) {
      tellYear.run(at, instruments.make(key).id, from)
    },
    newestMark: () => mark,
    clear(upTo) {
      db.prepare('DELETE FROM series_days WHERE mark <= ?').run(upTo)
    },
  }
}

interface Row {
  readonly instrument: number
  readonly start: Millis
  readonly stop: Millis
  readonly mark: number
}
