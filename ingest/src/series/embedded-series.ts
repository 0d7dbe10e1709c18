import type { DatabaseSync, StatementSync } from 'node:sqlite'
import { DAY, type InstrumentKey, type State } from '@hours/protocol'
import { openProjection } from '../open-database.ts'
import type { SeriesPoint, SeriesStore } from './series-ports.ts'
import { faultOf, type MeasurementShape, measurements, pointOf } from './measurements.ts'
import { SeriesError } from './series-error.ts'

const types = { i: 'INTEGER', f: 'REAL', s: 'TEXT' } as const
/** 1-min power kept here, days: the whole of it stands compressed in operations.sqlite. */
const powerDays = 40

/**
 * The series store of an installation that has no InfluxDB: one SQLite table for each measurement, tags and time as its
 * key. Like InfluxDB, a second point of the same series and time overwrites field by field. A damaged file is set aside.
 */
export function createEmbeddedSeries(path: string): SeriesStore {
  const { db, setAside } = openProjection(path, (one) => {
    one.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL')
    for (const [name, shape] of Object.entries(measurements)) one.exec(tableOf(name, shape))
  })
  const upserts = new Map<string, StatementSync>()
  const trim = db.prepare('DELETE FROM power WHERE at < ?')
  let trimmed = 0

  function put(point: SeriesPoint): void {
    const { tags: tagNames } = measurements[point.measurement]
    const fields = Object.keys(point.fields)
    const kind = `${point.measurement} ${fields.join(' ')}`
    let statement = upserts.get(kind)
    if (!statement) {
      statement = db.prepare(upsertOf(point.measurement, tagNames, fields))
      upserts.set(kind, statement)
    }
    const values = Object.values(point.fields).map((value) =>
      'i' in value ? value.i : 'f' in value ? value.f : value.s,
    )
    statement.run(...tagNames.map((name) => point.tags[name] ?? ''), point.at, ...values)
  }

  function trimPower(points: readonly SeriesPoint[]): void {
    const newest = points.reduce(
      (at, point) => (point.measurement === 'power' ? Math.max(at, point.at) : at),
      0,
    )
    if (newest - trimmed < DAY) return
    trimmed = newest
    trim.run(newest - powerDays * DAY)
  }

  return {
    write(points) {
      const fault = points.map(faultOf).find((one) => one !== undefined)
      if (fault !== undefined) return Promise.reject(new SeriesError('bad_point', fault))
      db.exec('BEGIN')
      try {
        for (const point of points) put(point)
        trimPower(points)
        db.exec('COMMIT')
      } catch (cause) {
        if (db.isTransaction) db.exec('ROLLBACK')
        const why = cause instanceof Error ? cause.message : String(cause)
        return Promise.reject(
          new SeriesError('away', `the series file ${path} takes nothing: ${why}`, { cause }),
        )
      }
      return Promise.resolve()
    },
    ...readers(db),
    ...rawReaders(db),
    powerDays,
    name: 'the embedded store',
    ...(setAside === undefined
      ? {}
      : { begunAnew: `${path} was damaged and lies in ${setAside} now; the new one is empty.` }),
    close() {
      db.close()
      return Promise.resolve()
    },
  }
}

function tableOf(name: string, { tags, fields }: MeasurementShape): string {
  const columns = [
    ...tags.map((tag) => `"${tag}" TEXT NOT NULL`),
    'at INTEGER NOT NULL',
    ...Object.entries(fields).map(([field, type]) => `"${field}" ${types[type]}`),
  ]
  const key = [...tags.map((tag) => `"${tag}"`), 'at'].join(', ')
  return `CREATE TABLE IF NOT EXISTS "${name}" (${columns.join(', ')}, PRIMARY KEY (${key})) WITHOUT ROWID`
}

function upsertOf(name: string, tags: readonly string[], fields: readonly string[]): string {
  const columns = [...tags, 'at', ...fields]
  const set = fields.map((field) => `"${field}" = excluded."${field}"`).join(', ')
  const key = [...tags, 'at'].map((one) => `"${one}"`).join(', ')
  return `INSERT INTO "${name}" (${columns.map((one) => `"${one}"`).join(', ')}) VALUES (${columns.map(() => '?').join(', ')}) ON CONFLICT (${key}) DO UPDATE SET ${set}`
}

function readers(db: DatabaseSync): Pick<SeriesStore, 'states' | 'power' | 'daily' | 'latest'> {
  const before = db.prepare(
    'SELECT at, state FROM state WHERE site = ? AND instrument = ? AND at <= ? ORDER BY at DESC LIMIT 1',
  )
  const within = db.prepare(
    'SELECT at, state FROM state WHERE site = ? AND instrument = ? AND at > ? AND at < ? ORDER BY at',
  )
  const power = db.prepare(
    `SELECT ?1 + CAST((at - ?1) / ?5 AS INTEGER) * ?5 AS slot, avg(w) AS mean, min(wmin) AS least, max(wmax) AS most FROM power
     WHERE site = ?2 AND instrument = ?3 AND at >= ?1 AND at < ?4 GROUP BY slot ORDER BY slot`,
  )
  const daily = db.prepare(
    'SELECT * FROM usage_daily WHERE site = ? AND instrument = ? AND at >= ? AND at < ? ORDER BY at',
  )
  const latest = db.prepare(
    'SELECT site, instrument, max(at) AS at, state FROM state GROUP BY site, instrument',
  )
  return {
    states(key, from, to) {
      const [site, instrument] = partsOf(key)
      const rows = [...before.all(site, instrument, from), ...within.all(site, instrument, from, to)]
      return Promise.resolve(
        rows.map((row) => ({ at: Number(row['at']), state: String(row['state']) as State })),
      )
    },
    power(key, from, to, stepMs) {
      const [site, instrument] = partsOf(key)
      const rows = power.all(from, site, instrument, to, stepMs)
      return Promise.resolve(
        rows.map((row) => ({
          at: Number(row['slot']),
          mean: milliwatts(row['mean']),
          min: milliwatts(row['least']),
          max: milliwatts(row['most']),
        })),
      )
    },
    daily(keys, from, to) {
      const rows = keys.flatMap((key) => daily.all(...partsOf(key), from, to).map((row) => dayOf(key, row)))
      return Promise.resolve(rows)
    },
    latest() {
      const rows = latest.all().map((row) => ({
        key: `${String(row['site'])}/${String(row['instrument'])}` as InstrumentKey,
        at: Number(row['at']),
        state: String(row['state']) as State,
      }))
      return Promise.resolve(rows)
    },
  }
}

function rawReaders(db: DatabaseSync): Pick<SeriesStore, 'points' | 'keys'> {
  const keys = db.prepare(
    'SELECT DISTINCT site, instrument FROM state UNION SELECT DISTINCT site, instrument FROM usage_daily',
  )
  return {
    points(measurement, key, from, to) {
      const rows = db
        .prepare(
          `SELECT * FROM "${measurement}" WHERE site = ? AND instrument = ? AND at >= ? AND at < ? ORDER BY at`,
        )
        .all(...partsOf(key), from, to)
      return Promise.resolve(rows.map((row) => pointOf(measurement, row, Number(row['at']))))
    },
    keys: () =>
      Promise.resolve(
        keys.all().map((row) => `${String(row['site'])}/${String(row['instrument'])}` as InstrumentKey),
      ),
  }
}

/** W of the series store as mW of the API. */
export const milliwatts = (watts: unknown): number => Math.round(Number(watts) * 1_000)

export function partsOf(key: InstrumentKey): [string, string] {
  const [site = '', instrument = ''] = key.split('/')
  return [site, instrument]
}

function dayOf(key: InstrumentKey, row: Record<string, unknown>) {
  const fields: Record<string, number> = {}
  for (const name of Object.keys(measurements.usage_daily.fields))
    if (typeof row[name] === 'number') fields[name] = row[name]
  return { key, at: Number(row['at']), fields }
}
