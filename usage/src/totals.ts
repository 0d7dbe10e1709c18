import { HOUR } from '@hours/protocol'
import { civilYear, type Interval, type YearKind } from './calendar.ts'
import { type DailyRow, type Measures, measuresOf, rowColumns, withBookings } from './daily-rows.ts'
import type { Recovery } from './instrument-input.ts'
import type { BookingRule } from './use-rows.ts'

/** Rows of one instrument summed up, with what its rates need beside them; totals of several instruments add up too. */
export interface Totals {
  readonly measures: Measures
  /** Instruments with a schedule. */
  readonly scheduled: number
  /** Due by quota, ms; each year's share of Q (records.md, section 9). Null = no quota. */
  readonly quota: { readonly due: number; readonly effective: number; readonly effectiveUpper: number } | null
  /** Which quota, such as `1400`; several = `mixed`. */
  readonly quotaName: string | null
  /** Sum over instruments of len(W)/len(period). */
  readonly setPeriods: number
  /** Sum over instruments and years of len(W in year)/len(year): how many set-years a quota is due for. */
  readonly setYears: number
  /** Instruments that were enrolled at some time of it: one that was retired before, or comes later, is no head. */
  readonly sets: number
  /** `claimed` = the measures have bookings taken for sessions. */
  readonly bookingRule?: BookingRule
}

/** What rows do not say about their instrument. */
export interface RowContext {
  readonly zone: string
  readonly period: Interval
  /** The parts of the period that the rows are of; default all of it. */
  readonly during?: readonly Interval[]
  readonly quotaHours?: number | undefined
  readonly scheduled?: boolean
  /** Which years a quota is for; default calendar years. */
  readonly year?: YearKind
  /** All gaps with counter growth: those wholly in one of its parts count, also where they cross midnight. */
  readonly recoveries?: readonly Recovery[] | undefined
  /** Growth that is known to belong to the period as a whole, ms. */
  readonly recoveredMs?: number | undefined
  /** Counts as a set in any case: whoever lists a cohort by hand has said so. */
  readonly isListed?: boolean
  /** Whether bookings attribute hours where no session does; default not. */
  readonly bookingRule?: BookingRule
}

/** A row as an index keeps it: where it lies, and its columns. */
export type StoredRow = Pick<DailyRow, 'from' | 'values'>

/**
 * Sums the rows of one instrument. Rows may be days, months or years, in any order, but none may cross a year of the zone;
 * one pass, so that years of thousands of instruments can be read as they come out of an index.
 */
export function totalsOf(rows: Iterable<StoredRow>, context: RowContext): Totals {
  const columns = rowColumns.length
  const sum: number[] = new Array<number>(columns).fill(0)
  const enrolledIn = new Map<number, number>()
  let year = { from: Infinity, to: Infinity }
  let enrolled = 0
  for (const { from, values } of rows) {
    if (from < year.from || from >= year.to) {
      enrolled = keep(enrolledIn, year, enrolled)
      year = civilYear(context.zone, from, context.year)
    }
    for (let i = 0; i < columns; i++) sum[i] = (sum[i] ?? 0) + (values[i] ?? 0)
    enrolled += values[0] ?? 0
  }
  keep(enrolledIn, year, enrolled)
  const summed = context.bookingRule === 'claimed' ? withBookings(measuresOf(sum)) : measuresOf(sum)
  // No counter proves more than is unknown: a gap may have begun before the instrument was enrolled.
  const onRecovered = Math.min(recovered(summed, context), summed.unknown)
  const measures = { ...summed, onRecovered }
  return {
    measures,
    scheduled: context.scheduled === false ? 0 : 1,
    ...quotaOf(context.quotaHours, enrolledIn, measures),
    setPeriods: measures.enrolled / (context.period.to - context.period.from),
    setYears: [...enrolledIn].reduce((sum, [length, ms]) => sum + ms / length, 0),
    sets: measures.enrolled > 0 || context.isListed === true ? 1 : 0,
    ...(context.bookingRule === undefined ? {} : { bookingRule: context.bookingRule }),
  }
}

/** Enrolled time by length of its year: a quota is for a whole one. */
function keep(enrolledIn: Map<number, number>, year: Interval, enrolled: number): number {
  const length = year.to - year.from
  if (enrolled > 0) enrolledIn.set(length, (enrolledIn.get(length) ?? 0) + enrolled)
  return 0
}

function recovered(measures: Measures, context: RowContext): number {
  const { period, during = [period], recoveries, recoveredMs = 0 } = context
  if (!recoveries) return measures.onRecovered + recoveredMs
  const inside = recoveries.filter(({ from, to }) =>
    during.some((part) => part.from <= from && to <= part.to),
  )
  return inside.reduce((sum, { onMs }) => sum + onMs, recoveredMs)
}

function quotaOf(
  hours: number | undefined,
  enrolledIn: ReadonlyMap<number, number>,
  { effective, effectiveUpper }: Measures,
): Pick<Totals, 'quota' | 'quotaName'> {
  if (hours === undefined) return { quota: null, quotaName: null }
  let due = 0
  for (const [length, enrolled] of enrolledIn) due += (hours * HOUR * enrolled) / length
  return { quota: { due, effective, effectiveUpper }, quotaName: String(hours) }
}

/** Roll-up: integer ms are summed, and rates are taken of the sums, never a mean of rates (domain.md, section 4.6). */
export function addTotals(all: readonly Totals[]): Totals {
  const sum = rowColumns.map(() => 0)
  let [scheduled, setPeriods, setYears, sets] = [0, 0, 0, 0]
  const names = new Set<string>()
  let bookingRule: BookingRule = 'ignored'
  let quota: { due: number; effective: number; effectiveUpper: number } | null = null
  for (const one of all) {
    for (const [i, column] of rowColumns.entries()) sum[i] = (sum[i] ?? 0) + one.measures[column]
    scheduled += one.scheduled
    setPeriods += one.setPeriods
    setYears += one.setYears
    sets += one.sets
    if (one.bookingRule === 'claimed') bookingRule = 'claimed'
    if (one.quotaName !== null) names.add(one.quotaName)
    if (one.quota) {
      quota ??= { due: 0, effective: 0, effectiveUpper: 0 }
      quota.due += one.quota.due
      quota.effective += one.quota.effective
      quota.effectiveUpper += one.quota.effectiveUpper
    }
  }
  const [name = null] = names
  const quotaName = names.size > 1 ? 'mixed' : name
  return { measures: measuresOf(sum), scheduled, quota, quotaName, setPeriods, setYears, sets, bookingRule }
}
