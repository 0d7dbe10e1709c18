import {
  HOUR,
  type InstrumentKey,
  type Millis,
  MINUTE,
  type PowerReport,
  type Span,
  type State,
  type StateDurations,
  type Status,
} from '@hours/protocol'
import { civilDays, type WeekHour, weekHours } from '@hours/usage'
import type { PageRow } from '../ports.ts'
import type { SeriesPoint } from './series-ports.ts'
import { partsOf } from './embedded-series.ts'

const tagsOf = (key: InstrumentKey) => {
  const [site, instrument] = partsOf(key)
  return { site, instrument }
}

/** Durations of one hour or day, ms; E and X of domain.md 4.5 stand beside the sensor's states. */
export interface Rollup {
  readonly states: StateDurations
  readonly effective: number
  readonly external: number
}

export interface StateSource {
  /** Partition the stretch that is written. */
  readonly spans: readonly Span[]
  readonly pages: readonly PageRow[]
  /** Later instants get no point. */
  readonly until: Millis
  /** More instants to say the state of. */
  readonly starts?: readonly Millis[]
}

/**
 * Points of `state`: one at each begin of a span of an accepted page, and one `unknown` where an account ends and none
 * follows. A page that fills a gap later begins where the gap begins, so its points overwrite what was said before.
 * Time after the last page is not over and gets no point.
 */
export function statePoints(
  key: InstrumentKey,
  { spans, pages, until, starts: more = [] }: StateSource,
): SeriesPoint[] {
  const first = spans[0]?.from ?? 0
  const edges = [...spans.map(({ from }) => from), ...pages.map(({ from }) => from), ...more]
  const starts = new Set(edges.filter((edge) => edge >= first && edge < until))
  const standing = pages.filter(({ standing: is }) => is === 'accepted').sort((a, b) => a.from - b.from)
  const tags = tagsOf(key)
  let s = 0
  let p = 0
  return [...starts]
    .sort((a, b) => a - b)
    .map((at): SeriesPoint => {
      while (s + 1 < spans.length && (spans[s]?.to ?? 0) <= at) s += 1
      while (p + 1 < standing.length && (standing[p + 1]?.from ?? Infinity) <= at) p += 1
      const page = standing[p]
      return {
        measurement: 'state',
        tags,
        fields: {
          state: { s: spans[s]?.state ?? 'unknown' },
          seq: { i: page && page.from <= at ? page.seq : -1 },
          gateway: { s: page && page.from <= at ? page.gateway : '' },
        },
        at,
      }
    })
}

/** Hours of a zone's civil days: whole ones from local midnight on, the last as long as the day leaves it. */
export function civilHours(zone: string, from: Millis, to: Millis): { from: Millis; to: Millis }[] {
  return civilDays(zone, from, to).flatMap((day) => {
    const hours: { from: Millis; to: Millis }[] = []
    for (let at = day.from; at < day.to; at += HOUR) hours.push({ from: at, to: Math.min(at + HOUR, day.to) })
    return hours
  })
}

/** Cuts ascending, disjoint spans into the given ascending slots and sums the states of each. */
export function durationsIn(
  spans: readonly { state: State; from: Millis; to: Millis }[],
  slots: readonly { from: Millis; to: Millis }[],
): StateDurations[] {
  let first = 0
  return slots.map((slot) => {
    const sum = { off: 0, standby: 0, run: 0, fault: 0, unknown: 0 }
    while (first < spans.length && (spans[first]?.to ?? 0) <= slot.from) first += 1
    for (let i = first; i < spans.length; i++) {
      const span = spans[i]
      if (!span || span.from >= slot.to) break
      sum[span.state] += Math.min(span.to, slot.to) - Math.max(span.from, slot.from)
    }
    return sum
  })
}

/** A point of `usage_hourly` or `usage_daily`; all fields always, zeros too, as fields overwrite one by one. */
export function usagePoint(
  measurement: 'usage_hourly' | 'usage_daily',
  key: InstrumentKey,
  { at, rollup, revision }: { at: Millis; rollup: Rollup; revision: number },
): SeriesPoint {
  const { states, effective, external } = rollup
  return {
    measurement,
    tags: tagsOf(key),
    fields: {
      off_ms: { i: states.off },
      standby_ms: { i: states.standby },
      run_ms: { i: states.run },
      fault_ms: { i: states.fault },
      unknown_ms: { i: states.unknown },
      effective_ms: { i: effective },
      external_ms: { i: external },
      revision: { i: revision },
    },
    at,
  }
}

/** All 168 points of a year, at its first instant: run and known time by hour of the week. */
export function weekHourPoints(
  key: InstrumentKey,
  {
    zone,
    year,
    spans,
    until,
  }: { zone: string; year: { from: Millis; to: Millis }; spans: readonly Span[]; until: Millis },
): SeriesPoint[] {
  const run = new Array<number>(168).fill(0)
  const known = new Array<number>(168).fill(0)
  const slots = hoursOfYear(zone, year).filter(({ from }) => from < until)
  for (const [i, sum] of durationsIn(spans, slots).entries()) {
    const slot = slots[i]
    if (!slot) continue
    run[slot.how] = (run[slot.how] ?? 0) + sum.run
    known[slot.how] = (known[slot.how] ?? 0) + sum.off + sum.standby + sum.run + sum.fault
  }
  return run.map((ms, how) => ({
    measurement: 'usage_week_hour',
    tags: { ...tagsOf(key), how: String(how) },
    fields: { run_ms: { i: ms }, known_ms: { i: known[how] ?? 0 } },
    at: year.from,
  }))
}

const years = new Map<string, WeekHour[]>()

/** Those of a whole year: all instruments of a zone have the same. */
function hoursOfYear(zone: string, { from, to }: { from: Millis; to: Millis }): WeekHour[] {
  const name = `${zone} ${from}`
  const known = years.get(name) ?? weekHours(zone, from, to)
  years.delete(name)
  years.set(name, known)
  for (const oldest of years.keys()) if (years.size > 8) years.delete(oldest)
  return known
}

/** Points of `power`: mean, least and most of each sampled minute in W, its energy in Wh. */
export function powerPoints(site: string, report: PowerReport): SeriesPoint[] {
  return report.instruments.flatMap(({ id, mw }) =>
    mw.flatMap((minute, i): SeriesPoint[] => {
      if (minute === null) return []
      const [min, mean, max] = minute
      const fields = {
        w: { f: mean / 1_000 },
        wmin: { f: min / 1_000 },
        wmax: { f: max / 1_000 },
        wh: { f: (mean / 1_000) * (MINUTE / HOUR) },
      }
      return [{ measurement: 'power', tags: { site, instrument: id }, fields, at: report.from + i * MINUTE }]
    }),
  )
}

/** A point of `gateway`: whether it was heard, what waits in its spool, its clock, what was taken and refused. */
export function gatewayPoint(
  of: { site: string; gateway: string; at: Millis },
  health: {
    online: boolean
    status: Status | undefined
    counts: { received: number; rejected: number }
  },
): SeriesPoint {
  const { online, status, counts } = health
  return {
    measurement: 'gateway',
    tags: { site: of.site, gateway: of.gateway },
    fields: {
      online: { i: online ? 1 : 0 },
      spool: { i: status?.spool?.pages ?? 0 },
      oldest: { i: status?.spool?.oldest ?? 0 },
      offset_ms: { i: status?.clock?.offsetMs ?? 0 },
      received: { i: counts.received },
      rejected: { i: counts.rejected },
    },
    at: of.at,
  }
}
