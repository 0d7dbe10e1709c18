import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { type Clock, type InstrumentKey, type Millis, systemClock } from '@hours/protocol'
import type { Interval } from '@hours/usage'
import { hasTable } from './index/index-db.ts'
import type { Position } from './ports.ts'
import type { SeriesStore } from './series/series-ports.ts'
import { projectInto } from './rebuild.ts'
import { compareSeries } from './series/compare-series.ts'
import { type OutboxReport, readOutbox } from './series/outbox-report.ts'
import { openSiteSource } from './series/series-source.ts'

/** One difference, named: what, where, and what each side says. */
export interface Difference {
  readonly store: 'index' | 'series'
  /** Table of the index, or measurement of the series store. */
  readonly table: string
  /** Key of the row, such as `gz-gibh/sem-01 2026-01-05`. */
  readonly row: string
  readonly log: string
  readonly found: string
}

export interface Reconciled {
  readonly position: Position | null
  readonly entries: number
  /** Daily figures compared with the series store, and points of any kind. */
  readonly compared: number
  readonly points: number
  /** Points that wait in the outbox: until they are brought, what they say counts as a difference. */
  readonly waiting: number
  /** Days of instruments that the running system has yet to tell the series: what they differ in is no difference. */
  readonly untold: number
  /** Why points were refused by the store for ever, and how many; what others have in it. */
  readonly refused: OutboxReport['reasons']
  readonly foreign: readonly string[]
  /** The first thousand. */
  readonly differences: readonly Difference[]
}

const maxDifferences = 1_000
const tables = [
  'entries',
  'records',
  'times',
  'instruments',
  'chains',
  'pages',
  'accounts',
  'recoveries',
  'days',
  'usage_days',
  'usage_months',
  'usage_uses',
] as const

/**
 * Projects the log anew beside the running system, up to where its index stands, and names every row of the index and
 * every point of the series store that differs. Nothing is written to either.
 */
export async function reconcile(
  dataDir: string,
  options: {
    readonly series?: SeriesStore
    /** Points of the series before this are not looked at. */
    readonly since?: Millis
    readonly clock?: Clock
    readonly onProgress?: (done: number, total: number) => void
  } = {},
): Promise<Reconciled> {
  const folder = mkdtempSync(join(tmpdir(), 'hours-reconcile-'))
  const fresh = join(folder, 'index.sqlite')
  const db = new DatabaseSync(join(dataDir, 'index.sqlite'), { readOnly: true })
  try {
    // A read transaction is a snapshot: the index may go on meanwhile.
    db.exec('BEGIN')
    const position = positionOf(db)
    const directory = join(dataDir, 'log')
    const { onProgress } = options
    const until = position ?? { year: 0, index: -1 }
    const { entries } = await projectInto(fresh, directory, onProgress ? { until, onProgress } : { until })
    const differences = compareTables(db, fresh)
    const outbox = readOutbox(join(dataDir, 'outbox.sqlite'))
    const untold = untoldIn(db)
    const series = options.series
      ? await compareWith(options.series, { dataDir, fresh, options, untold })
      : { days: 0, points: 0, differences: [] }
    return {
      position,
      entries,
      compared: series.days,
      points: series.points,
      waiting: outbox?.waiting ?? 0,
      refused: outbox?.reasons ?? [],
      foreign: (await options.series?.foreign?.()) ?? [],
      untold: untold.days,
      differences: [...differences, ...series.differences].slice(0, maxDifferences),
    }
  } finally {
    db.close()
    rmSync(folder, { recursive: true, force: true })
  }
}

/** The log, projected anew into `fresh`, against the series store. */
async function compareWith(
  series: SeriesStore,
  of: {
    dataDir: string
    fresh: string
    options: { since?: Millis; clock?: Clock }
    untold: ReturnType<typeof untoldIn>
  },
): Promise<{ days: number; points: number; differences: Difference[] }> {
  const { dataDir, fresh, options, untold } = of
  const source = openSiteSource(dataDir, fresh, options.clock ?? systemClock)
  try {
    const { since = 0 } = options
    const { latest } = source
    const { isUntold } = untold
    const found = await compareSeries(source, { series, latest, since, isUntold, most: maxDifferences })
    return { ...found, differences: found.differences.map((one) => ({ store: 'series', ...one })) }
  } finally {
    await source.close()
  }
}

/**
 * Days that the series have yet to be told, as the index has them, and years whose hours of the week have; an index of
 * an older release has no list.
 */
function untoldIn(db: DatabaseSync) {
  if (!hasTable(db, 'series_days')) return { days: 0, isUntold: { day: () => false, year: () => false } }
  const listed = (table: string, where: string) => {
    const sql = `SELECT key, start FROM ${table} AS one JOIN instruments ON id = instrument WHERE ${where}`
    return Map.groupBy(db.prepare(sql).all(), (row) => String(row['key']))
  }
  const days = listed('series_days', 'true')
  const years = listed('series_years', 'changed = 1')
  const within =
    (list: typeof days) =>
    (key: InstrumentKey, { from, to }: Interval) =>
      list.get(key)?.some(({ start }) => Number(start) >= from && Number(start) < to) === true
  const [day, year] = [within(days), within(years)]
  return {
    days: [...days.values()].reduce((sum, { length }) => sum + length, 0),
    isUntold: { day, year: (key: InstrumentKey, of: Interval) => year(key, of) || day(key, of) },
  }
}

function positionOf(db: DatabaseSync): Position | null {
  const row = db.prepare("SELECT value FROM meta WHERE key = 'position'").get()
  return row ? (JSON.parse(String(row['value'])) as Position) : null
}

type Row = Record<string, unknown>

/** Rows of every table, both in the order of their keys. */
function compareTables(index: DatabaseSync, freshPath: string): Difference[] {
  const fresh = new DatabaseSync(freshPath, { readOnly: true })
  try {
    const names = new Map(
      fresh
        .prepare('SELECT id, key FROM instruments')
        .all()
        .map(({ id, key }) => [Number(id), String(key)]),
    )
    const isMarked = markedDays(index)
    return tables.flatMap((table) => {
      const key = keyOf(fresh, table)
      const sql = `SELECT * FROM ${table} ORDER BY ${key.join(', ')}`
      const differing = [...mergeRows(index.prepare(sql).iterate(), fresh.prepare(sql).iterate(), key)]
      return differing
        .filter(([found, log]) => !table.startsWith('usage_') || !isMarked(found ?? log ?? {}, table))
        .slice(0, maxDifferences)
        .map(([found, log]) => difference({ table, key, names, found, log }))
    })
  } finally {
    fresh.close()
  }
}

/** Days of figures that the running system has yet to make again are no difference, nor are their months. */
function markedDays(index: DatabaseSync): (row: Row, table: string) => boolean {
  const inMonth = index.prepare(
    'SELECT 1 FROM usage_dirty WHERE instrument = ? AND start >= ? AND start < ? LIMIT 1',
  )
  return ({ instrument, start, stop }, table) => {
    const from = Number(start)
    const to = table === 'usage_months' ? Number(stop) : from + 1
    return inMonth.get(Number(instrument), from, to) !== undefined
  }
}

function keyOf(db: DatabaseSync, table: string): string[] {
  const columns = db.prepare(`PRAGMA table_info(${table})`).all()
  return columns
    .filter((column) => Number(column['pk']) > 0)
    .sort((a, b) => Number(a['pk']) - Number(b['pk']))
    .map((column) => String(column['name']))
}

/** Pairs of rows with one key that differ; undefined where a side has none. */
function* mergeRows(
  left: Iterator<Row, undefined>,
  right: Iterator<Row, undefined>,
  key: readonly string[],
): Generator<[Row | undefined, Row | undefined]> {
  let a = left.next()
  let b = right.next()
  while (a.done !== true || b.done !== true) {
    const order = a.done === true ? 1 : b.done === true ? -1 : compareKeys(a.value, b.value, key)
    if (order < 0) yield [a.value, undefined]
    else if (order > 0) yield [undefined, b.value]
    else if (shown(a.value) !== shown(b.value)) yield [a.value, b.value]
    if (order <= 0) a = left.next()
    if (order >= 0) b = right.next()
  }
}

function compareKeys(a: Row, b: Row, key: readonly string[]): number {
  for (const name of key) {
    const [x, y] = [a[name], b[name]]
    const order =
      x instanceof Uint8Array && y instanceof Uint8Array ? Buffer.compare(x, y) : compareValues(x, y)
    if (order !== 0) return order
  }
  return 0
}

const compareValues = (x: unknown, y: unknown) =>
  typeof x === 'number' && typeof y === 'number'
    ? x - y
    : String(x) < String(y)
      ? -1
      : Number(String(x) > String(y))

const shown = (row: Row | undefined) =>
  row === undefined
    ? 'no such row'
    : JSON.stringify(row, (_, value: unknown) => (value instanceof Uint8Array ? value.toHex() : value))

function difference(of: {
  table: string
  key: readonly string[]
  names: ReadonlyMap<number, string>
  found: Row | undefined
  log: Row | undefined
}): Difference {
  const { table, key, names, found, log } = of
  const row = found ?? log ?? {}
  const named = key.map((name) => {
    const value = row[name]
    if (name === 'instrument') return names.get(Number(value)) ?? `instrument ${String(value)}`
    if (name === 'start') return `from ${new Date(Number(value)).toISOString()}`
    return `${name} ${value instanceof Uint8Array ? value.toHex() : String(value)}`
  })
  return { store: 'index', table, row: named.join(', '), log: shown(log), found: shown(found) }
}
