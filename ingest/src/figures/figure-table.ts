import type { DatabaseSync } from 'node:sqlite'
import type { Millis } from '@hours/protocol'
import { type DailyRow, type Interval, rowColumns, type UseRow } from '@hours/usage'

/** One day's row with who used the instrument on it. */
export interface FigureDay extends Interval {
  readonly values: readonly number[]
  readonly uses: readonly Omit<UseRow, 'instrument'>[]
}

export type StoredDay = Pick<DailyRow, 'from' | 'to' | 'values'>

/** Daily and monthly rows of figures by the index's number of the instrument; written inside a transaction. */
export interface FigureTable {
  /** Replaces these days; one without enrolled time has no row. They are clean afterwards. */
  put(instrument: number, days: readonly FigureDay[]): void
  /** Sums the days of the month again. */
  rollUp(instrument: number, month: Interval): void
  clear(instrument: number): void
  /** Days, or sums of months, that begin in the span, ascending. */
  rows(instrument: number, span: Interval, of: 'days' | 'months'): StoredDay[]
  /** Sums over the days (or the months) that begin in the span, in the order of `rowColumns`. */
  sum(instrument: number, span: Interval, of: 'days' | 'months'): number[]
  uses(instrument: number, span: Interval): Omit<UseRow, 'instrument'>[]
  /** The same with one row for each user, beneficiary, relation and project: enough to count them. */
  users(instrument: number, span: Interval): Omit<UseRow, 'instrument'>[]
  mark(instrument: number, days: readonly Interval[]): void
  /** Days to be made again, of one instrument, ascending. */
  dirty(instrument: number): { from: Millis; to: Millis }[]
  /** Instruments with such days. */
  dirtyInstruments(): number[]
}

const columns = rowColumns.map((column) => `"${column}"`).join(', ')
const sums = rowColumns.map((column) => `coalesce(sum("${column}"), 0)`).join(', ')
const marks = (count: number) => Array.from({ length: count }, () => '?').join(', ')
const own = 'WHERE instrument = ? AND start >= ? AND start < ?'
const tables = ['usage_days', 'usage_months', 'usage_uses', 'usage_dirty'] as const

export function createFigureTable(db: DatabaseSync): FigureTable {
  const width = rowColumns.length
  const insert = db.prepare(`INSERT OR REPLACE INTO usage_days VALUES (${marks(width + 3)})`)
  const removeDay = db.prepare('DELETE FROM usage_days WHERE instrument = ? AND start = ?')
  const removeUses = db.prepare('DELETE FROM usage_uses WHERE instrument = ? AND start = ?')
  const insertUse = db.prepare(`INSERT INTO usage_uses VALUES (${marks(13)})`)
  const clean = db.prepare('DELETE FROM usage_dirty WHERE instrument = ? AND start = ?')
  const markDay = db.prepare('INSERT OR IGNORE INTO usage_dirty VALUES (?, ?, ?)')
  const dirtyOf = db.prepare('SELECT start, stop FROM usage_dirty WHERE instrument = ? ORDER BY start')
  const dirtyAll = db.prepare('SELECT DISTINCT instrument FROM usage_dirty')
  const removeMonth = db.prepare('DELETE FROM usage_months WHERE instrument = ? AND start = ?')
  const insertMonth = db.prepare(
    `INSERT INTO usage_months SELECT instrument, ?, ?, ${sums} FROM usage_days ${own} GROUP BY instrument`,
  )
  const clearing = tables.map((table) => db.prepare(`DELETE FROM ${table} WHERE instrument = ?`))
  const rowsIn = {
    days: db.prepare(`SELECT start, stop, ${columns} FROM usage_days ${own} ORDER BY start`),
    months: db.prepare(`SELECT start, stop, ${columns} FROM usage_months ${own} ORDER BY start`),
  }
  const usesIn = db.prepare(`SELECT * FROM usage_uses ${own} ORDER BY start, n`)
  const usersIn = db.prepare(
    `SELECT session, min(at) AS at, beneficiary, user, relation, purpose, project, max(sme) AS sme, sum(ms) AS ms, booked FROM usage_uses
     ${own} GROUP BY booked, beneficiary, user, relation, project, sme ORDER BY min(start), min(n)`,
  )
  const sumIn = {
    days: db.prepare(`SELECT ${sums} FROM usage_days ${own}`),
    months: db.prepare(`SELECT ${sums} FROM usage_months ${own}`),
  }
  // Arrays, not objects: thousands of instruments are summed in one answer.
  for (const statement of [...Object.values(rowsIn), ...Object.values(sumIn)]) statement.setReturnArrays(true)

  function put(instrument: number, { from, to, values, uses }: FigureDay): void {
    clean.run(instrument, from)
    removeUses.run(instrument, from)
    if ((values[0] ?? 0) === 0) {
      removeDay.run(instrument, from)
      return
    }
    insert.run(instrument, from, to, ...values)
    for (const [n, use] of uses.entries()) {
      const {
        session,
        at,
        beneficiary,
        user,
        relation,
        purpose,
        project = null,
        sme,
        ms,
        booked = false,
      } = use
      const who = [session, at, beneficiary, user, relation, purpose, project] as const
      insertUse.run(instrument, from, n, ...who, Number(sme), ms, Number(booked))
    }
  }

  return {
    put(instrument, days) {
      for (const day of days) put(instrument, day)
    },
    rollUp(instrument, { from, to }) {
      removeMonth.run(instrument, from)
      insertMonth.run(from, to, instrument, from, to)
    },
    clear(instrument) {
      for (const statement of clearing) statement.run(instrument)
    },
    rows: (instrument, { from, to }, of) =>
      rowsIn[of].all(instrument, from, to).map((row) => {
        const [start = 0, stop = 0, ...values] = row as unknown as number[]
        return { from: start, to: stop, values }
      }),
    sum: (instrument, { from, to }, of) => sumIn[of].get(instrument, from, to) as unknown as number[],
    uses: (instrument, { from, to }) => usesIn.all(instrument, from, to).map(useOf),
    users: (instrument, { from, to }) => usersIn.all(instrument, from, to).map(useOf),
    mark(instrument, days) {
      for (const { from, to } of days) markDay.run(instrument, from, to)
    },
    dirty: (instrument) =>
      dirtyOf.all(instrument).map((row) => ({ from: Number(row['start']), to: Number(row['stop']) })),
    dirtyInstruments: () => dirtyAll.all().map((row) => Number(row['instrument'])),
  }
}

function useOf(row: Record<string, unknown>): Omit<UseRow, 'instrument'> {
  const project = row['project']
  return {
    session: String(row['session']),
    at: Number(row['at']),
    beneficiary: String(row['beneficiary']),
    user: String(row['user']),
    // Written above from rows of these types.
    relation: row['relation'] as UseRow['relation'],
    purpose: row['purpose'] as UseRow['purpose'],
    ...(typeof project === 'string' ? { project } : {}),
    sme: row['sme'] === 1,
    ms: Number(row['ms']),
    ...(row['booked'] === 1 ? { booked: true as const } : {}),
  }
}
