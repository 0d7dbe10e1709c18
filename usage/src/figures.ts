import type { StateDurations } from '@hours/protocol'
import type { Purpose } from './attribution.ts'
import { type Interval, type YearKind, yearParts } from './calendar.ts'
import { dailyRows } from './daily-rows.ts'
import { type Grade, gradeOf } from './grade.ts'
import type { InstrumentInput } from './instrument-input.ts'
import { ratio, type Rates, ratesOf } from './rates.ts'
import type { RegisterState } from './register-rates.ts'
import { type Totals, totalsOf } from './totals.ts'
import { type BookingRule, countingUse, type UseRow, useRows } from './use-rows.ts'

/** Hours of domain.md section 4.6 with their bounds, integer ms; rates by name, each with its denominator. */
export interface Figures {
  readonly enrolled: number
  readonly states: StateDurations
  /** Official P: observed and recovered; at most `onUpper`. */
  readonly on: number
  readonly onUpper: number
  readonly onRecovered: number
  readonly run: number
  readonly runUpper: number
  readonly effective: number
  readonly effectiveUpper: number
  readonly external: number
  readonly externalUpper: number
  readonly relation: {
    readonly ownUnit: number
    readonly sameEntity: number
    readonly external: number
  }
  readonly purpose: Readonly<Record<Purpose, number>>
  readonly unattributed: number
  readonly openUse: number
  readonly smeExternal: number
  readonly hkMacaoForeign: number
  readonly maintenance: number
  /** E and X by grade of their evidence (domain.md, 4.4.6); grade 2 has no place in time and is `onRecovered`. */
  readonly evidence: {
    readonly effective: EvidenceHours
    readonly external: EvidenceHours
  }
  /** Known time by arrival (records.md, section 5). */
  readonly live: number
  readonly late: number
  /** Absent = no schedule. */
  readonly idle?: number
  readonly offSchedule?: number
  readonly rates: Rates
  /** By coverage; attribution has a grade of its own: how much of E somebody is named for. */
  readonly grade: Grade
  readonly attributionGrade: Grade
}

/**
 * 1: a sensor saw it and a session says for whom. 3: a record says so while the sensor says no more than on, or a booking alone
 * says for whom. 4: a record alone, while nothing is known. Only 1 is verified.
 */
export interface EvidenceHours {
  readonly 1: number
  readonly 3: number
  readonly 4: number
}

/** Figures out of summed rows; `weight` is that of outside hours in `shareWeighted` (domain.md, 1.3). */
export function figuresFromTotals(totals: Totals, weight = outsideWeight): Figures {
  const m = totals.measures
  const observed = m.standby + m.run + m.fault
  const u = m.effectiveUpper - m.effective
  const rates = ratesOf(totals, weight)
  return {
    enrolled: m.enrolled,
    states: { off: m.off, standby: m.standby, run: m.run, fault: m.fault, unknown: m.unknown },
    on: observed + m.onRecovered,
    onUpper: observed + Math.max(m.unknown, m.onRecovered),
    onRecovered: m.onRecovered,
    run: m.run,
    runUpper: m.run + m.unknown,
    effective: m.effective,
    effectiveUpper: m.effectiveUpper,
    external: m.external,
    externalUpper: m.external + u,
    relation: { ownUnit: m.ownUnit, sameEntity: m.sameEntity, external: m.external },
    purpose: { research: m.research, teaching: m.teaching, service: m.service },
    unattributed: m.unattributed,
    openUse: m.openUse,
    smeExternal: m.smeExternal,
    hkMacaoForeign: m.hkMacaoForeign,
    maintenance: m.maintenance,
    evidence: {
      effective: { 1: m.effective, 3: m.recordedOn, 4: m.recordedUnknown },
      external: {
        1: m.external - (totals.bookingRule === 'claimed' ? m.bookedExternal : 0),
        3: m.recordedOnExternal + m.bookedExternal,
        4: m.recordedUnknownExternal,
      },
    },
    live: m.enrolled - m.unknown - m.late,
    late: m.late,
    ...(totals.scheduled > 0 ? { idle: m.idle, offSchedule: m.offSchedule } : {}),
    rates,
    grade: gradeOf(rates.coverage.value),
    attributionGrade: gradeOf(ratio(m.effective - m.unattributed, m.effective)),
  }
}

/** Weight of outside hours in `share_weighted` (a university's own sheet, domain.md 1.3). */
export const outsideWeight = 1.5

/** What one instrument's period comes to: figures, the sums that roll-ups add, and who used it. */
export interface InstrumentResult {
  readonly id: string
  readonly figures: Figures
  readonly totals: Totals
  readonly used: readonly UseRow[]
  /** The set that it counts as in a scope, with others of the same name; default its own. */
  readonly set?: string
  readonly register?: RegisterState
}

/**
 * Every figure of one instrument over one period; pure, integer ms. `year` = which years a quota is for; `during` = only
 * these parts of the period (ascending, disjoint), as when it belonged to a scope for a part of it.
 */
export function instrumentFigures(
  input: InstrumentInput,
  period: Interval,
  options: {
    readonly year?: YearKind
    readonly weight?: number
    readonly during?: readonly Interval[]
    readonly isListed?: boolean
    readonly bookingRule?: BookingRule
  } = {},
): InstrumentResult {
  const { year = 'calendar', weight = outsideWeight, during = [period], isListed = false } = options
  const { bookingRule = 'ignored' } = options
  const rows = dailyRows(
    input,
    during.flatMap(({ from, to }) => yearParts(input.zone, from, to, year)),
  )
  const scheduled = input.schedule !== undefined
  const totals = totalsOf(rows, { ...input, period, during, scheduled, year, isListed, bookingRule })
  const used = countingUse(useRows(input, during), bookingRule)
  return { id: input.id, figures: figuresFromTotals(totals, weight), totals, used }
}
