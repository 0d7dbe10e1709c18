import {
  type Commit,
  DAY,
  decodePowerReport,
  every,
  HOUR,
  type InstrumentKey,
  type Millis,
  MINUTE,
  parseTopic,
  type UpMessage,
} from '@hours/protocol'
import { civilDays, type CivilSpan, civilYear } from '@hours/usage'
import type { Ingest, InstrumentEntry } from '../ports.ts'
import type { SeriesOutbox, SeriesPoint } from './series-ports.ts'
import { type DaySource, dayPoints } from './day-points.ts'
import { yearPoints } from './expected-series.ts'
import { createInstrumentInputs } from './instrument-inputs.ts'
import { rebuildSeries } from './rebuild-series.ts'
import { gatewayPoint, powerPoints } from './series-points.ts'
import { createSlice } from './time-slice.ts'
import { createToldPoints } from './told-points.ts'

export interface SeriesFeedOptions {
  readonly ingest: Ingest
  readonly outbox: Pick<SeriesOutbox, 'put' | 'gather'>
  readonly onError: (error: unknown) => void
  /** How long a changed day waits for more of its pages, ms; default by the number of instruments. */
  readonly delayMs?: number
}

/** Keeps the series store fed from what is projected; the outbox does the bringing. */
export interface SeriesFeed {
  /** Put between broker and ingest: power reports that ingest has taken go to the series as well. */
  readonly commit: Commit
  /** Until everything that is known to have changed has been put into the outbox, hours of the week included. */
  settled(): Promise<void>
  /** Everything again, of all instruments from their enrolment on: for a new or a lost series store. */
  rebuild(onProgress?: (done: number, total: number) => void): Promise<void>
  close(): Promise<void>
}

/** A changed day waits this long for more of its pages: 6 ms of work for each of 9,900 instruments is a minute. */
const leastDelayMs = 5_000
const longestDelayMs = 900_000
/** Looked at again at a start: what was projected when the process was killed. */
const againDays = 3
/** So many days of an instrument are compared with what was fed instead of being fed again. */
const comparedDays = 2

/** Listens to projections and turns each changed civil day into points. */
export function feedSeries({ ingest, outbox, onError, delayMs }: SeriesFeedOptions): SeriesFeed {
  const { clock, index, registry, live } = ingest
  const inputs = createInstrumentInputs(registry)
  const source: DaySource = { ingest, inputs }
  const dirty = new Map<InstrumentKey, Map<Millis, CivilSpan>>()
  const told = createToldPoints()
  const fed = new Map<InstrumentKey, Map<Millis, string>>()
  const weeks = new Map<InstrumentKey, Millis>()
  const dirtyWeeks = new Map<InstrumentKey, Map<Millis, CivilSpan>>()
  let working: Promise<void> | undefined
  let timer: ReturnType<typeof setTimeout> | undefined
  let closed = false

  /** Marks the civil days of [from, to) that differ from what was fed. */
  function mark(key: InstrumentKey, since: Millis, to: Millis, always = false): void {
    const entry = registry.instrument(key)
    const from = Math.max(since, entry?.enrolments[0]?.from ?? since)
    const end = Math.min(to, clock.wall() + MINUTE)
    if (!entry || end <= from) return
    const days = civilDays(entry.zone, from, end)
    const changed = always || days.length <= comparedDays ? days : days.filter(differs(key, from, end))
    if (changed.length === 0) return
    const known = dirty.get(key) ?? new Map<Millis, CivilSpan>()
    for (const day of changed) known.set(day.from, day)
    dirty.set(key, known)
    schedule()
  }

  /** A run of weeks makes each of its pages touch weeks: their daily rows tell which days changed at all. */
  function differs(key: InstrumentKey, from: Millis, to: Millis): (day: CivilSpan) => boolean {
    const rows = new Map(index.days([key], from, to).map((row) => [row.from, signature(row)]))
    const known = fed.get(key)
    return (day) => known?.get(day.from) !== rows.get(day.from)
  }

  function feedDay(entry: InstrumentEntry, day: CivilSpan): void {
    outbox.put(told.news(entry.key, dayPoints(source, entry, { day })))
    const known = fed.get(entry.key) ?? new Map<Millis, string>()
    const [row] = index.days([entry.key], day.from, Math.min(day.to, clock.wall() + MINUTE))
    if (row) known.set(day.from, signature(row))
    for (const at of known.keys()) if (known.size > 45) known.delete(at)
    fed.set(entry.key, known)
    const year = civilYear(entry.zone, day.from)
    dirtyWeeks.set(
      entry.key,
      (dirtyWeeks.get(entry.key) ?? new Map<Millis, CivilSpan>()).set(year.from, year),
    )
  }

  async function work(): Promise<void> {
    const slice = createSlice()
    for (const { key, from, to } of inputs.restated()) mark(key, from - DAY, to + DAY, true)
    const changed = [...dirty]
    dirty.clear()
    for (const [key, days] of changed) {
      const entry = registry.instrument(key)
      for (const day of days.values()) {
        if (closed) return
        if (entry) feedDay(entry, day)
        await slice()
      }
    }
    // Hours of the week sum a whole year: once a day is enough.
    for (const key of dirtyWeeks.keys())
      if (clock.wall() - (weeks.get(key) ?? Number.NEGATIVE_INFINITY) >= DAY) await feedWeek(key, slice)
  }

  /** Hours of the week of the years that have changed days: a late page may lie in a year that is over. */
  async function feedWeek(key: InstrumentKey, slice: () => Promise<void>): Promise<void> {
    const years = dirtyWeeks.get(key)
    dirtyWeeks.delete(key)
    const entry = registry.instrument(key)
    if (!entry || !years || closed) return
    const now = clock.wall()
    weeks.set(key, now)
    for (const year of years.values())
      outbox.put(told.weekNews(key, await yearPoints(ingest, entry, { year, now, slice })))
  }

  /** By the real clock, whatever the injected one does: this only keeps a day from being made for each of its pages. */
  function schedule(): void {
    if (timer || working || closed) return
    const usual = Math.min(longestDelayMs, Math.max(leastDelayMs, registry.instruments().length * 100))
    timer = setTimeout(() => void begin(), delayMs ?? usual)
    timer.unref()
  }

  function begin(): Promise<void> {
    clearTimeout(timer)
    timer = undefined
    working ??= work()
      .catch(onError)
      .finally(() => {
        working = undefined
        if (dirty.size > 0) schedule()
      })
    return working
  }

  async function settled(): Promise<void> {
    await ingest.settled()
    do await begin()
    while (dirty.size > 0 && !closed)
    const slice = createSlice()
    for (const key of dirtyWeeks.keys()) await feedWeek(key, slice)
  }

  function feedGateways(): void {
    const at = clock.wall() - (clock.wall() % MINUTE)
    const points = registry.gateways().map(({ site, gateway }): SeriesPoint => {
      const { online, status } = live.gateway(site, gateway)
      return gatewayPoint({ site, gateway, at }, { online, status, counts: index.gatewayCounts(gateway) })
    })
    if (points.length > 0) outbox.put(points)
  }

  /** Today and yesterday of everybody: time that nobody accounts for must show even if no page ever comes. */
  function sweep(days = 1): void {
    const now = clock.wall()
    for (const { key } of registry.instruments()) mark(key, now - days * DAY, now, true)
  }

  async function feedPower({ topic, payload, client }: UpMessage): Promise<void> {
    const parsed = parseTopic(topic)
    if (!parsed.ok || parsed.value.kind !== 'power') return
    const { site, gateway } = parsed.value
    if (client !== undefined && client !== gateway) return
    const report = decodePowerReport(payload)
    if (!report.ok) return
    // As ingest judged it: only instruments that stand at this gateway.
    const instruments = report.value.instruments.filter(
      ({ id }) => registry.instrument(`${site}/${id}` as InstrumentKey)?.enrolment.gateway === gateway,
    )
    const points = powerPoints(site, { ...report.value, instruments })
    if (points.length > 0) await outbox.gather(points)
  }

  inputs.restated()
  const stops = [
    ingest.onProjected((touched) => {
      for (const { key, from, to } of touched) mark(key, from, to)
    }),
    every(clock, HOUR, () => sweep()),
    every(clock, MINUTE, feedGateways),
  ]
  sweep(againDays)

  return {
    async commit(message) {
      await ingest.commit(message)
      try {
        await feedPower(message)
      } catch (error) {
        // Durable already: the series must not make the broker refuse it.
        onError(error)
      }
    },
    settled,
    async rebuild(onProgress) {
      await ingest.settled()
      await rebuildSeries(ingest, { outbox, ...(onProgress ? { onProgress } : {}) })
    },
    async close() {
      closed = true
      clearTimeout(timer)
      for (const stop of stops) stop()
      await working
    },
  }
}

function signature(row: ReturnType<Ingest['index']['days']>[number]): string {
  const { off, standby, run, fault, unknown } = row.states
  return [off, standby, run, fault, unknown, row.late, row.onRecovered].join(' ')
}
