import type { InstrumentKey, Millis, State } from '@hours/protocol'
import { parseInstrumentKey } from '@hours/protocol'
import type { SeriesStore } from './series-ports.ts'
import { milliwatts } from './embedded-series.ts'
import { detectGeneration, type Generation } from './influx-generation.ts'
import { completed, type InfluxOptions } from './influx-options.ts'
import { createInfluxQuery, type InfluxQuery, type InfluxRow } from './influx-query.ts'
import { foreignIn, setUpInflux } from './influx-setup.ts'
import { createInfluxWriter } from './influx-writer.ts'
import { faultOf, measurements, pointOf } from './measurements.ts'
import { SeriesError } from './series-error.ts'

/** The series store on InfluxDB, with what only a server has. */
export interface InfluxSeries extends SeriesStore {
  /** Detects the generation and makes database or bucket where absent; called by the first write as well. */
  setUp(): Promise<{ generation: Generation; version: string }>
  /** What others have in this database, in plain words; empty = nothing. */
  foreign(): Promise<readonly string[]>
  /** InfluxQL as it stands; for dashboards' tests and diagnosis. */
  readonly query: InfluxQuery
}

/** Keys asked for in one query: its text stays below what proxies take in an address. */
const keysPerQuery = 40

/** InfluxDB 1.x, 2.x or 3: line protocol in, InfluxQL out (stores.md). Nothing is asked before the first use. */
export function createInfluxSeries(options: InfluxOptions): InfluxSeries {
  const target = completed(options)
  const query = createInfluxQuery(target)
  const write = createInfluxWriter(target)
  let ready: ReturnType<typeof prepare> | undefined

  async function prepare() {
    const found = await detectGeneration(target)
    const organisation = await setUpInflux(target, found.generation, query)
    return { ...found, organisation }
  }

  /** A failed set-up is tried again at the next use. */
  function setUp() {
    ready ??= prepare().catch((error: unknown) => {
      ready = undefined
      throw error
    })
    return ready
  }

  return {
    setUp,
    query,
    async foreign() {
      await setUp()
      return foreignIn(target, query)
    },
    async write(points) {
      const fault = points.map(faultOf).find((one) => one !== undefined)
      if (fault !== undefined) throw new SeriesError('bad_point', fault)
      const server = await setUp()
      try {
        await write(points, server)
      } catch (error) {
        // The database may have been dropped, or the server replaced by another generation.
        if (error instanceof SeriesError && (error.code === 'away' || error.code === 'refused'))
          ready = undefined
        throw error
      }
    },
    ...readers(query),
    name: `InfluxDB at ${target.url}, ${target.database}`,
    close: () => Promise.resolve(),
  }
}

function readers(
  query: InfluxQuery,
): Pick<SeriesStore, 'states' | 'power' | 'daily' | 'latest' | 'points' | 'keys'> {
  return {
    async states(key, from, to) {
      const where = whereKey(key)
      const [before, within] = await Promise.all([
        query(`SELECT last("state") AS "state" FROM "state" WHERE ${where} AND time <= ${from}ms`),
        query(`SELECT "state" FROM "state" WHERE ${where} AND time > ${from}ms AND time < ${to}ms`),
      ])
      return [...before, ...within].map((row) => ({ at: timeOf(row), state: String(row['state']) as State }))
    },
    async power(key, from, to, stepMs) {
      const rows = await query(
        `SELECT mean("w") AS "mean", min("wmin") AS "min", max("wmax") AS "max" FROM "power" WHERE ${whereKey(key)} AND time >= ${from}ms AND time < ${to}ms GROUP BY time(${stepMs}ms, ${from % stepMs}ms) fill(none)`,
      )
      return rows.map((row) => ({
        at: timeOf(row),
        mean: milliwatts(row['mean']),
        min: milliwatts(row['min']),
        max: milliwatts(row['max']),
      }))
    },
    async daily(keys, from, to) {
      const days: { key: InstrumentKey; at: Millis; fields: Record<string, number> }[] = []
      for (let i = 0; i < keys.length; i += keysPerQuery) {
        const some = keys.slice(i, i + keysPerQuery).map((key) => `(${whereKey(key)})`)
        const rows = await query(
          `SELECT * FROM "usage_daily" WHERE (${some.join(' OR ')}) AND time >= ${from}ms AND time < ${to}ms`,
        )
        for (const row of rows) days.push(dayOf(row))
      }
      return days
    },
    async latest() {
      const rows = await query('SELECT last("state") AS "state" FROM "state" GROUP BY "site", "instrument"')
      return rows.map((row) => ({ key: keyOf(row), at: timeOf(row), state: String(row['state']) as State }))
    },
    async points(measurement, key, from, to) {
      const rows = await query(
        `SELECT * FROM "${measurement}" WHERE ${whereKey(key)} AND time >= ${from}ms AND time < ${to}ms`,
      )
      return rows.map((row) => pointOf(measurement, row, timeOf(row)))
    },
    async keys() {
      const found = await Promise.all(
        ['last("state") FROM "state"', 'last("run_ms") FROM "usage_daily"'].map((what) =>
          query(`SELECT ${what} GROUP BY "site", "instrument"`),
        ),
      )
      return [...new Set(found.flat().map(keyOf))]
    },
  }
}

/** Both are ids, which hold no quote and no backslash; anything else is refused, never escaped. */
function whereKey(key: InstrumentKey): string {
  const parsed = parseInstrumentKey(key)
  if (!parsed.ok) throw new SeriesError('bad_point', parsed.error.message)
  return `"site" = '${parsed.value.site}' AND "instrument" = '${parsed.value.instrument}'`
}

const timeOf = (row: InfluxRow): Millis => Number(row['time'])
const keyOf = (row: InfluxRow) => `${String(row['site'])}/${String(row['instrument'])}` as InstrumentKey

function dayOf(row: InfluxRow) {
  const fields: Record<string, number> = {}
  for (const name of Object.keys(measurements.usage_daily.fields))
    if (typeof row[name] === 'number') fields[name] = row[name]
  return { key: keyOf(row), at: timeOf(row), fields }
}
