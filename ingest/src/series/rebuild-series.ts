import { DAY, type InstrumentKey, type Millis, MINUTE } from '@hours/protocol'
import { civilDays, type CivilSpan } from '@hours/usage'
import type { SeriesOutbox, SeriesPoint, SeriesStore } from './series-ports.ts'
import { dayPoints } from './day-points.ts'
import { civilYears, type SeriesSource, storedPower, yearPoints } from './expected-series.ts'
import { createInstrumentInputs } from './instrument-inputs.ts'
import { createSlice } from './time-slice.ts'

export interface RebuildSeriesOptions {
  readonly outbox: Pick<SeriesOutbox, 'put'> & Partial<Pick<SeriesOutbox, 'flush'>>
  /** Looked into for points that nothing in the log accounts for; these are overwritten. Absent = the store is new. */
  readonly store?: Pick<SeriesStore, 'points'>
  readonly onProgress?: (done: number, total: number) => void
}

/** With a `flush`, no more than about this many points wait at a time. */
const mostWaiting = 50_000

/**
 * Puts every point of every instrument into the outbox, from its enrolment on: behind what waits there, as the later
 * point of one series and time stands. Resolves to the number of points.
 */
export async function rebuildSeries(source: SeriesSource, options: RebuildSeriesOptions): Promise<number> {
  const { outbox, store, onProgress } = options
  const { clock, registry } = source
  const inputs = createInstrumentInputs(registry)
  const all = registry.instruments()
  const slice = createSlice()
  const now = clock.wall()
  let waiting = 0
  let total = 0

  async function put(points: readonly SeriesPoint[]): Promise<void> {
    if (points.length > 0) outbox.put(points)
    total += points.length
    waiting += points.length
    if (outbox.flush && waiting > mostWaiting) {
      await outbox.flush()
      waiting = 0
    }
    await slice()
  }

  for (const [i, entry] of all.entries()) {
    const first = entry.enrolments[0]?.from ?? now
    for (const day of civilDays(entry.zone, first, now)) {
      const stored = store ? await storedDay(store, entry.key, day) : nothingStored
      const points = dayPoints({ ingest: source, inputs }, entry, { day, now, starts: stored.states })
      await put([...points, ...blanks(stored.usage, points)])
      await put(storedPower(source, entry, day))
    }
    for (const year of civilYears(entry.zone, first, now))
      await put(await measuredHours(await yearPoints(source, entry, { year, now, slice }), store, entry.key))
    if (store) await put(neutral(await comingPoints(store, entry.key, now)))
    onProgress?.(i + 1, all.length)
  }
  await outbox.flush?.()
  return total
}

const nothingStored: { states: readonly Millis[]; usage: readonly SeriesPoint[] } = { states: [], usage: [] }

async function storedDay(store: Pick<SeriesStore, 'points'>, key: InstrumentKey, day: CivilSpan) {
  const [states, hourly, daily] = await Promise.all(
    (['state', 'usage_hourly', 'usage_daily'] as const).map((name) =>
      store.points(name, key, day.from, day.to),
    ),
  )
  return { states: (states ?? []).map(({ at }) => at), usage: [...(hourly ?? []), ...(daily ?? [])] }
}

/** Hours of the week that were measured, or that the store has: 9,900 instruments make 1.7 million series of them. */
async function measuredHours(
  points: readonly SeriesPoint[],
  store: Pick<SeriesStore, 'points'> | undefined,
  key: InstrumentKey,
): Promise<SeriesPoint[]> {
  const at = points[0]?.at ?? 0
  const stored = (await store?.points('usage_week_hour', key, at, at + 1)) ?? []
  const there = new Set(stored.map(({ tags }) => tags['how']))
  return points.filter((point) => !isNeutral(point) || there.has(point.tags['how']))
}

/** Figures at times that have none; they are made neutral. */
function blanks(stored: readonly SeriesPoint[], made: readonly SeriesPoint[]): SeriesPoint[] {
  const known = new Set(made.map(({ measurement, at }) => `${measurement} ${at}`))
  return neutral(stored.filter(({ measurement, at }) => !known.has(`${measurement} ${at}`)))
}

/** States and figures that lie in the time to come: nothing in the log can account for them. */
export async function comingPoints(
  store: Pick<SeriesStore, 'points'>,
  key: InstrumentKey,
  now: Millis,
): Promise<SeriesPoint[]> {
  const found = await Promise.all(
    (['state', 'usage_hourly', 'usage_daily'] as const).map((name) =>
      store.points(name, key, now + MINUTE, now + 36_500 * DAY),
    ),
  )
  return found.flat().filter((point) => !isNeutral(point))
}

/** InfluxDB 3 has no delete: figures become zeros, which sum to nothing, and states unknown. */
const neutral = (points: readonly SeriesPoint[]): SeriesPoint[] =>
  points.map((point) => ({
    ...point,
    fields:
      point.measurement === 'state'
        ? { state: { s: 'unknown' }, seq: { i: -1 }, gateway: { s: '' } }
        : Object.fromEntries(Object.keys(point.fields).map((name) => [name, { i: 0 }])),
  }))

/** Whether a point says nothing, as those do that a rebuild found without reason. */
export const isNeutral = ({ fields }: SeriesPoint): boolean =>
  Object.entries(fields).every(([name, value]) =>
    name === 'state' ? 's' in value && value.s === 'unknown' : !('i' in value) || value.i <= 0,
  )
