import type { Decoded, Millis, Usage } from '@hours/protocol'
import {
  type CivilSpan,
  civilDays,
  civilMonths,
  civilYear,
  parsePeriod,
  type YearKind,
  yearParts,
} from '@hours/usage'
import type { InstrumentEntry, StateDay } from '../ports.ts'
import type { ApiContext } from './context.ts'
import { enrolledLength, powered, sumDays } from './month-figures.ts'
import { badField, Problem } from './problem.ts'

export type UsageLine = Usage['rows'][number]

export const usageCuts = ['day', 'month', 'year', 'academic-year', 'period'] as const
type Cut = (typeof usageCuts)[number]

/** Rows that one answer may have; a year of days of 270 instruments. */
const maxRows = 100_000

/** Where a period of records.md section 10 ends in this zone. */
export function periodEnd(period: string, zone: string): Decoded<Millis, 'bad_period'> {
  const parsed = parsePeriod(period, zone)
  return parsed.ok ? { ok: true, value: parsed.value.to } : parsed
}

/** One row for each instrument and day, month or period in which it was enrolled, up to now. */
export function usageRows(
  context: ApiContext,
  entries: readonly InstrumentEntry[],
  { period, by }: { period: string; by: Cut },
): UsageLine[] {
  const now = context.ingest.clock.wall()
  const rows: UsageLine[] = []
  for (const entry of entries) {
    for (const row of rowsOf(context, entry, { period, by, now })) rows.push(row)
    if (rows.length > maxRows)
      throw new Problem(400, 'too many rows', {
        field: 'by',
        value: by,
        fix: `at most ${maxRows} rows: ask for a smaller scope, a shorter period, or by=month or by=period`,
      })
  }
  return rows
}

interface Wanted {
  readonly period: string
  readonly by: Cut
  readonly now: Millis
}

function rowsOf(context: ApiContext, entry: InstrumentEntry, { period, by, now }: Wanted): UsageLine[] {
  const parsed = parsePeriod(period, entry.zone)
  if (!parsed.ok) throw badField('period', period, parsed.error.message)
  const { from, to } = parsed.value
  // Before the first enrolment and after now there are no rows: nobody makes us walk centuries of days.
  const lived = { from: Math.max(from, entry.enrolments[0]?.from ?? now), to: Math.min(to, now) }
  if (lived.from >= lived.to) return []
  const days = context.ingest.index.days([entry.key], lived.from, lived.to)
  const cuts = by === 'period' ? [parsed.value] : cutsOf[by](entry.zone, { label: period, ...lived })
  return cuts.flatMap((span) => {
    const clipped = { label: span.label, from: Math.max(span.from, from), to: Math.min(span.to, to) }
    const own = days.filter((day) => day.from >= clipped.from && day.from < clipped.to)
    return rowOf(entry, clipped, { days: own, now })
  })
}

const cutsOf: Readonly<Record<Cut, (zone: string, period: CivilSpan) => readonly CivilSpan[]>> = {
  day: (zone, { from, to }) => civilDays(zone, from, to),
  month: (zone, { from, to }) => civilMonths(zone, from, to),
  year: (zone, period) => wholeYears(zone, period, 'calendar'),
  'academic-year': (zone, period) => wholeYears(zone, period, 'academic'),
  period: (_zone, period) => [period],
}

const wholeYears = (zone: string, { from, to }: CivilSpan, kind: YearKind) =>
  yearParts(zone, civilYear(zone, from, kind).from, civilYear(zone, to - 1, kind).to, kind)

/** Enrolled time that no daily row knows is unknown: that is what coverage is about. What is to come is neither. */
function rowOf(
  entry: InstrumentEntry,
  span: CivilSpan,
  { days, now }: { days: readonly StateDay[]; now: Millis },
): UsageLine[] {
  const sum = sumDays(days)
  const known = sum.off + sum.standby + sum.run + sum.fault
  // A page may end up to 60 s ahead of our clock (wire.md, section 3): nothing is less than not known.
  const length = Math.max(known, enrolledLength(entry, span.from, Math.min(span.to, now)))
  if (length === 0) return []
  const { onRecovered: _, ...states } = { ...sum, unknown: length - known }
  return [
    {
      key: entry.key,
      label: span.label,
      from: span.from,
      to: span.to,
      states,
      on: powered(sum),
      coverage: known / length,
    },
  ]
}

/** Rows of one label in one: sums of integers, coverage as the ratio of sums (domain.md, D3 and 4.6). */
export function totalsOf(scope: string, rows: readonly UsageLine[]): UsageLine[] {
  const byLabel = new Map<string, UsageLine>()
  for (const row of rows) {
    const sum = byLabel.get(row.label)
    byLabel.set(row.label, sum ? added(sum, row) : { ...row, key: scope })
  }
  return [...byLabel.values()].map((row) => {
    const length = Object.values(row.states).reduce((sum, ms) => sum + ms, 0)
    return { ...row, coverage: length > 0 ? (length - row.states.unknown) / length : null }
  })
}

/** Rows of instruments summed for each `org:ID` that stands above them, label by label. */
export function atLevel(rows: readonly UsageLine[], above: ReadonlyMap<string, string>): UsageLine[] {
  const groups = Map.groupBy(rows, ({ key }) => above.get(key) ?? key)
  return [...groups].flatMap(([name, own]) => totalsOf(name, own))
}

function added(a: UsageLine, b: UsageLine): UsageLine {
  const states = {
    off: a.states.off + b.states.off,
    standby: a.states.standby + b.states.standby,
    run: a.states.run + b.states.run,
    fault: a.states.fault + b.states.fault,
    unknown: a.states.unknown + b.states.unknown,
  }
  return { ...a, from: Math.min(a.from, b.from), to: Math.max(a.to, b.to), states, on: a.on + b.on }
}
