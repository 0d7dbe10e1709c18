import type { Millis, Span } from '@hours/protocol'
import type { UseSession } from './attribution.ts'
import type { Interval } from './calendar.ts'

/** Power-on time that counters prove for a gap, without a position in it (domain.md, section 4.4). */
export interface Recovery extends Interval {
  readonly onMs: number
}

/** Everything one instrument's figures come from; intervals half-open, Unix ms. */
export interface InstrumentInput {
  readonly id: string
  readonly zone: string
  /** May reach beyond the period: a run over its edge contributes its own side. */
  readonly spans: readonly Span[]
  readonly enrolled: readonly Interval[]
  readonly prepMs: number
  readonly postMs: number
  /** Where prep and post have changed: each stands from its date on. */
  readonly allowances?: readonly {
    readonly from: number
    readonly prepMs: number
    readonly postMs: number
  }[]
  readonly maintenance: readonly Interval[]
  readonly sessions: readonly UseSession[]
  /** Bookings that say for whom and what for; they attribute hours only where a rule set says so. */
  readonly bookings?: readonly UseSession[]
  /** Opening hours as instants; absent = the instrument has no schedule. */
  readonly schedule?: readonly Interval[]
  /** Quota of effective hours a year; absent = no quota. */
  readonly quotaHours?: number
  /** Counter growth over gaps, each with its place; counts where the gap lies wholly in the period asked for. */
  readonly recoveries?: readonly Recovery[]
  /** Counter growth over gaps that are known to lie wholly in the period, ms; stands beside `recoveries`. */
  readonly recoveredMs?: number
  /** Where pages came late (records.md, section 5). */
  readonly late?: readonly Interval[]
  /** Instead of `spans` and `late`, where a period has more than memory should hold: those that touch a window. */
  readonly within?: (from: Millis, to: Millis) => Heard
}

/** What pages say over some time. */
export interface Heard {
  readonly spans: readonly Span[]
  readonly late: readonly Interval[]
}
