import { parseRecord } from '@hours/ledger'
import { DAY, decodePage, type Millis, MINUTE, type Span } from '@hours/protocol'
import { type CivilSpan, dailyRows, measuresOf, rowColumns } from '@hours/usage'
import type { InstrumentEntry, PageRow } from '../ports.ts'
import type { SeriesPoint } from './series-ports.ts'
import type { SeriesSource } from './expected-series.ts'
import type { InstrumentInputs } from './instrument-inputs.ts'
import { civilHours, statePoints, usagePoint } from './series-points.ts'

/** A page is late after this (records.md, section 5); until then the time since the last one is not called unknown. */
const lateAfter = 20 * MINUTE

export interface DaySource {
  readonly ingest: Pick<SeriesSource, 'index' | 'log' | 'clock'>
  readonly inputs: InstrumentInputs
}

/**
 * Everything of `state`, `usage_hourly` and `usage_daily` that lies in one civil day of one instrument; `starts` = more
 * instants to say the state of, where something else may stand in the store.
 */
export function dayPoints(
  { ingest, inputs }: DaySource,
  entry: InstrumentEntry,
  {
    day,
    now = ingest.clock.wall(),
    starts = [],
  }: { day: CivilSpan; now?: Millis; starts?: readonly Millis[] },
): SeriesPoint[] {
  const { key, zone, enrolments } = entry
  // Warm-up, after-treatment and runs over midnight reach this far on either side.
  const reach = DAY + Math.max(0, ...enrolments.map(({ prepMs, postMs }) => Math.max(prepMs, postMs)))
  const spans = ingest.index.spans(key, day.from - reach, day.to + reach)
  const pages = ingest.index.pages(key, day.from, day.to)
  const until = Math.min(day.to, frontier(spans, now))
  if (until <= day.from) return []
  const own = cut(spans, day.from, day.to)
  const hours = civilHours(zone, day.from, day.to)
    .map(({ from, to }) => ({ label: '', from, to: Math.min(to, until) }))
    .filter(({ from, to }) => to > from)
  const input = inputs.of(entry, day, spans)
  const revision = ingest.index.position()?.index ?? 0
  const point = (measurement: 'usage_hourly' | 'usage_daily', slots: readonly CivilSpan[]) =>
    dailyRows(input, slots).map((row) =>
      usagePoint(measurement, key, { at: row.from, rollup: rollupOf(row.values), revision }),
    )
  return [
    ...statePoints(key, { spans: own, pages, until, starts: [...voidStarts(ingest, pages), ...starts] }),
    ...point('usage_hourly', hours),
    ...point('usage_daily', [{ label: day.label, from: day.from, to: until }]),
  ]
}

/** Up to where time is accounted for: the last known instant, or now when nothing came for longer than pages may take. */
export function frontier(spans: readonly Span[], now: Millis): Millis {
  const last = spans.findLast(({ state }) => state !== 'unknown')
  return last && now - last.to <= lateAfter ? Math.min(last.to, now) : now
}

function cut(spans: readonly Span[], from: Millis, to: Millis): Span[] {
  return spans
    .filter((span) => span.to > from && span.from < to)
    .map((span) => ({ ...span, from: Math.max(span.from, from), to: Math.min(span.to, to) }))
}

function rollupOf(values: readonly number[]) {
  if (values.length !== rowColumns.length) throw new RangeError(`${values.length} columns of a daily row`)
  const { off, standby, run, fault, unknown, effective, external } = measuresOf(values)
  return { states: { off, standby, run, fault, unknown }, effective, external }
}

/** Where spans of pages began that do not stand any more: their points have to be overwritten. */
function voidStarts({ log }: Pick<SeriesSource, 'log'>, pages: readonly PageRow[]): Millis[] {
  return pages
    .filter(({ standing }) => standing === 'void')
    .flatMap(({ position }) => {
      const record = parseRecord(log.entry(position))
      const page = record.ok ? decodePage(record.value.payload) : record
      if (!page.ok) return []
      return page.value.instruments.flatMap(({ spans }) => spans.map(([, from]) => page.value.from + from))
    })
}
