import { DAY, type Millis, MINUTE, type Span } from '@hours/protocol'
import { type CivilSpan, civilYear } from '@hours/usage'
import type { EvidenceLog, Ingest, InstrumentEntry } from '../ports.ts'
import type { SeriesPoint } from './series-ports.ts'
import { frontier } from './day-points.ts'
import { powerPoints, weekHourPoints } from './series-points.ts'

/** What the points are made from: a running ingest, or its folder while none runs. */
export interface SeriesSource extends Pick<Ingest, 'index' | 'clock' | 'registry' | 'power'> {
  readonly log: Pick<EvidenceLog, 'entry'>
}

/** Hours of the week of one civil year up to `end`; a month at a time, as a year of pages read at once holds up others. */
export async function yearPoints(
  { index }: Pick<SeriesSource, 'index'>,
  { key, zone }: InstrumentEntry,
  { year, now, slice }: { year: CivilSpan; now: Millis; slice: () => Promise<void> },
): Promise<SeriesPoint[]> {
  const end = Math.min(year.to, now)
  const spans: Span[] = []
  for (let from = year.from; from < end; from += 30 * DAY) {
    spans.push(...index.spans(key, from, Math.min(from + 30 * DAY, end)))
    await slice()
  }
  return weekHourPoints(key, { zone, year, spans, until: frontier(spans, end) })
}

/** The civil years of an instrument's zone that touch [from, to). */
export function civilYears(zone: string, from: Millis, to: Millis): CivilSpan[] {
  const years: CivilSpan[] = []
  for (let at = from; at < to; ) {
    const year = civilYear(zone, at)
    years.push(year)
    at = year.to
  }
  return years
}

/** Minutes of power of one civil day, as operations.sqlite has them. */
export function storedPower(
  { power }: Pick<SeriesSource, 'power'>,
  { key, site, enrolment }: InstrumentEntry,
  day: CivilSpan,
): SeriesPoint[] {
  return power.read(key, day.from, day.to, MINUTE).flatMap(({ at, min, mean, max }) =>
    powerPoints(site, {
      v: 1,
      from: at,
      stepMs: 60_000,
      instruments: [{ id: enrolment.instrument, mw: [[min, mean, max]], mwh: null }],
    }),
  )
}
