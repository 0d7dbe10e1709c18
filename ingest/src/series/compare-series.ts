import { DAY, HOUR, type InstrumentKey, type Millis } from '@hours/protocol'
import { type CivilSpan, civilDays, type Interval } from '@hours/usage'
import type { InstrumentEntry } from '../ports.ts'
import type { SeriesPoint, SeriesStore } from './series-ports.ts'
import { dayPoints, frontier } from './day-points.ts'
import { civilYears, type SeriesSource, storedPower, yearPoints } from './expected-series.ts'
import { createInstrumentInputs, type InstrumentInputs } from './instrument-inputs.ts'
import { comingPoints, isNeutral } from './rebuild-series.ts'
import { pointDifferences, type SeriesDifference } from './series-difference.ts'
import { createSlice } from './time-slice.ts'

export interface CompareOptions {
  readonly series: SeriesStore
  /** End of the newest page of an instrument: what comes after it is not settled yet. */
  readonly latest: (key: InstrumentKey) => Millis
  /** Nothing before this is compared; default everything. */
  readonly since?: Millis
  /** What the running system has yet to tell is not compared. */
  readonly isUntold?: Readonly<Record<'day' | 'year', (key: InstrumentKey, of: Interval) => boolean>>
  /** Differences after which it stops. */
  readonly most: number
  readonly onProgress?: (done: number, total: number) => void
}

export interface ComparedSeries {
  /** Daily figures, and points of any kind, that were held against the log. */
  readonly days: number
  readonly points: number
  readonly differences: readonly SeriesDifference[]
}

/** Days whose points are read at once. */
const chunkDays = 31
/** Hours of the week are told once a day: in the running year they may be this far behind in one hour of the week. */
const weekLag = 2 * HOUR

interface Work extends CompareOptions {
  readonly source: SeriesSource
  readonly inputs: InstrumentInputs
  readonly slice: () => Promise<void>
  /** From here on the store keeps power. */
  readonly powerFrom: Millis
}

/**
 * Holds every state, hour, day, hour of the week and minute of power that the store has against what the log (and, for
 * power, operations.sqlite) says, and names what is missing, different, or there without reason. Reads only.
 */
export async function compareSeries(source: SeriesSource, options: CompareOptions): Promise<ComparedSeries> {
  const { series, latest, most, onProgress } = options
  const all = source.registry.instruments()
  const newest = Math.max(0, ...all.map(({ key }) => latest(key)))
  const powerFrom = series.powerDays === undefined ? 0 : newest - (series.powerDays - 1) * DAY
  const work: Work = {
    ...options,
    source,
    inputs: createInstrumentInputs(source.registry),
    slice: createSlice(),
    powerFrom,
  }
  const differences = await strangers(source, series)
  let days = 0
  let points = 0
  for (const [i, entry] of all.entries()) {
    if (differences.length >= most) break
    const found = await compareInstrument(work, entry)
    days += found.days
    points += found.points
    differences.push(...found.differences)
    onProgress?.(i + 1, all.length)
  }
  return { days, points, differences: differences.slice(0, most) }
}

async function strangers({ registry }: SeriesSource, series: SeriesStore): Promise<SeriesDifference[]> {
  const keys = await series.keys()
  return keys
    .filter((key) => !registry.instrument(key))
    .map((key) => ({
      table: 'state, usage_daily',
      row: key,
      log: 'no such instrument was ever enrolled',
      found: 'points of it: somebody else writes here, or it is the database of another site',
    }))
}

async function compareInstrument(work: Work, entry: InstrumentEntry): Promise<ComparedSeries> {
  const { source, latest, since = 0, most } = work
  const { key, zone } = entry
  const newest = latest(key)
  const end = frontier(source.index.spans(key, newest - 2 * DAY, newest), newest)
  const first = Math.max(since, entry.enrolments[0]?.from ?? end)
  const coming = await comingPoints(work.series, key, Math.max(newest, source.clock.wall()))
  const differences = coming.flatMap((point) => pointDifferences(undefined, point))
  const days = civilDays(zone, first, end)
  let points = 0
  let whole = 0
  for (let i = 0; i < days.length && differences.length < most; i += chunkDays) {
    const chunk = days.slice(i, i + chunkDays)
    const stored = await storedChunk(work.series, key, chunk)
    for (const day of chunk.filter((one) => work.isUntold?.day(key, one) !== true)) {
      const expected = expectedDay(work, entry, { day, end, newest, stored })
      points += expected.length
      whole += day.to <= end ? 1 : 0
      differences.push(...dayDifferences(expected, { stored, day, end }))
      const power = await comparePower(work, entry, day)
      points += power.minutes
      differences.push(...power.differences)
      await work.slice()
    }
  }
  for (const year of civilYears(zone, first, end)) {
    const isUntold = work.isUntold?.year(key, year) === true
    // Those of the running year are told once a day, and compared with what that leaves.
    if (isUntold && year.to <= end) continue
    differences.push(...(await compareYear(work, entry, { year, newest, lag: isUntold ? weekLag : 0 })))
    points += 168
  }
  return { days: whole, points, differences }
}

async function storedChunk(series: SeriesStore, key: InstrumentKey, chunk: readonly CivilSpan[]) {
  const [from, to] = [chunk[0]?.from ?? 0, chunk.at(-1)?.to ?? 0]
  const found = await Promise.all(
    (['state', 'usage_hourly', 'usage_daily'] as const).map((name) => series.points(name, key, from, to)),
  )
  return found.flat()
}

interface DayOf {
  readonly day: CivilSpan
  readonly end: Millis
  readonly stored: readonly SeriesPoint[]
}

/** Points of one day that are settled: states before `end`, hours and days that are over by then. */
function expectedDay(
  { source, inputs }: Work,
  entry: InstrumentEntry,
  { day, end, newest, stored }: DayOf & { newest: Millis },
): SeriesPoint[] {
  const starts = stored
    .filter(({ measurement, at }) => measurement === 'state' && at >= day.from && at < day.to)
    .map(({ at }) => at)
  const points = dayPoints({ ingest: source, inputs }, entry, { day, now: newest, starts })
  return points.filter((point) => isSettled(point, day, end))
}

function isSettled({ measurement, at }: SeriesPoint, day: CivilSpan, end: Millis): boolean {
  if (measurement === 'state') return at < end
  return (measurement === 'usage_daily' ? day.to : Math.min(at + HOUR, day.to)) <= end
}

function dayDifferences(expected: readonly SeriesPoint[], { stored, day, end }: DayOf): SeriesDifference[] {
  const name = ({ measurement, at }: SeriesPoint) => `${measurement} ${at}`
  const found = new Map(
    stored.filter(({ at }) => at >= day.from && at < day.to).map((point) => [name(point), point]),
  )
  const known = new Set(expected.map(name))
  const extra = [...found.values()].filter(
    (point) => !known.has(name(point)) && isSettled(point, day, end) && !isNeutral(point),
  )
  return [
    ...expected.flatMap((point) => pointDifferences(point, found.get(name(point)), day.label)),
    ...extra.flatMap((point) => pointDifferences(undefined, point)),
  ]
}

/** Minutes that the store lacks or has otherwise; it may have more: power is written down here once a minute only. */
async function comparePower(
  { source, series, powerFrom }: Work,
  entry: InstrumentEntry,
  day: CivilSpan,
): Promise<{ minutes: number; differences: SeriesDifference[] }> {
  if (day.from < powerFrom) return { minutes: 0, differences: [] }
  const expected = storedPower(source, entry, day)
  if (expected.length === 0) return { minutes: 0, differences: [] }
  const stored = await series.points('power', entry.key, day.from, day.to)
  const byTime = new Map(stored.map((point) => [point.at, point]))
  const all = expected.flatMap((point) => pointDifferences(point, byTime.get(point.at)))
  const [one] = all
  if (!one) return { minutes: expected.length, differences: [] }
  const missing = expected.filter(({ at }) => !byTime.has(at)).length
  // A day without its power would be 1,440 lines: the first stands for it.
  const row = `${entry.key} ${day.label}, ${missing} of ${expected.length} minutes missing, ${all.length} values differ, first ${one.row}`
  return { minutes: expected.length, differences: [{ ...one, row }] }
}

const unmeasured = (point: SeriesPoint): SeriesPoint => ({
  ...point,
  fields: { run_ms: { i: 0 }, known_ms: { i: 0 } },
})

async function compareYear(
  { source, series, slice }: Work,
  entry: InstrumentEntry,
  { year, newest, lag }: { year: CivilSpan; newest: Millis; lag: Millis },
): Promise<SeriesDifference[]> {
  const expected = await yearPoints(source, entry, { year, now: newest, slice })
  const stored = await series.points('usage_week_hour', entry.key, year.from, year.from + 1)
  const byHour = new Map(stored.map((point) => [point.tags['how'], point]))
  return expected.flatMap((point) => {
    const found = byHour.get(point.tags['how'] ?? '')
    // An hour of the week that nobody has measured yet need not be there, nor one that was measured since it was told last.
    if (!found && isNeutral(point)) return []
    return pointDifferences(point, found ?? (lag > 0 ? unmeasured(point) : undefined), undefined, lag)
  })
}
