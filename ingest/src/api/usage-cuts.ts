import {
  type CivilSpan,
  civilDays,
  civilMonths,
  civilYear,
  type Interval,
  type YearKind,
  yearParts,
} from '@hours/usage'
import type { AskedPeriod } from './asked-period.ts'
import { Problem } from './problem.ts'
import type { Named } from './usage-level.ts'

export const usageCuts = ['day', 'month', 'year', 'academic-year', 'period'] as const
export type Cut = (typeof usageCuts)[number]

/** The civil days, months or years of the period that `lived` touches; labels of whole ones, cut at the period's edges. */
function cutsOf(
  zone: string,
  by: Cut,
  { period, lived }: { period: CivilSpan; lived: Interval },
): CivilSpan[] {
  if (lived.from >= lived.to) return []
  return civilCuts[by](zone, lived, period).map(({ label, from, to }) => ({
    label,
    from: Math.max(from, period.from),
    to: Math.min(to, period.to),
  }))
}

const civilCuts: Readonly<
  Record<Cut, (zone: string, lived: Interval, period: CivilSpan) => readonly CivilSpan[]>
> = {
  day: (zone, { from, to }) => civilDays(zone, from, to),
  month: (zone, { from, to }) => civilMonths(zone, from, to),
  year: (zone, lived) => wholeYears(zone, lived, 'calendar'),
  'academic-year': (zone, lived) => wholeYears(zone, lived, 'academic'),
  period: (_zone, _lived, period) => [period],
}

const wholeYears = (zone: string, { from, to }: Interval, kind: YearKind) =>
  yearParts(zone, civilYear(zone, from, kind).from, civilYear(zone, to - 1, kind).to, kind)

/** Rows that one answer may have, a year of days of 270 instruments; and rows of instruments that it is summed up from. */
const maxRows = 100_000
const maxAdded = 400_000

const since = ({ entry }: Named) => entry.enrolments[0]?.from ?? 0

/** Cuts of each zone, from the first enrolment there to now: nobody makes us walk decades without an instrument. */
export function cutsIn(
  named: readonly Named[],
  { asked, period: label, by, now }: { asked: AskedPeriod; period: string; by: Cut; now: number },
): ReadonlyMap<string, CivilSpan[]> {
  const zones = Map.groupBy(named, ({ entry }) => entry.zone)
  return new Map(
    [...zones].map(([zone, own]) => {
      const period = { ...asked.in(zone), label }
      const first = own.reduce((at, one) => Math.min(at, since(one)), now)
      const lived = { from: Math.max(period.from, first), to: Math.min(period.to, now) }
      return [zone, cutsOf(zone, by, { period, lived })]
    }),
  )
}

/** Before anything is read; of an instrument there are rows from its first enrolment on. */
export function refuseTooMany(
  named: readonly Named[],
  cuts: ReadonlyMap<string, readonly CivilSpan[]>,
  { by, level }: { by: Cut; level: string },
): void {
  const most = level === 'instrument' ? maxRows : maxAdded
  let rows = 0
  for (const one of named) {
    const own = cuts.get(one.entry.zone) ?? []
    const first = own.findIndex(({ to }) => to > since(one))
    rows += first < 0 ? 0 : own.length - first
    if (rows <= most) continue
    throw new Problem(400, 'too many rows', {
      field: 'by',
      value: by,
      fix: `at most ${maxRows} rows of instruments, or organisations out of ${maxAdded}: ask for a smaller scope, a shorter period, or by=month or by=period`,
    })
  }
}
