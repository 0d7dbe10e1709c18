import type { KnownState, Millis, State } from '@hours/protocol'
import type { PageClass } from './clock-rules.ts'

/** Why accounted time is unknown: the page has no sample there, two pages differ, the epoch is void, R5, R7. */
export type UnknownReason = 'unsampled' | 'conflict' | 'void' | 'time' | 'clock'

/** One state of one instrument over [from, to), Unix ms; `why` is there when it is unknown. */
export interface AccountedSpan {
  readonly from: Millis
  readonly to: Millis
  readonly state: State
  readonly class: PageClass
  readonly why?: UnknownReason
}

/** Growth of the gateway's own counters across a gap in the pages: `onRecovered` (records.md, section 8). */
export interface Recovery {
  readonly from: Millis
  readonly to: Millis
  readonly onMs: number
  readonly runMs: number
}

/** Ascending and disjoint; time that no span covers has no page at all and is unknown too. */
export interface InstrumentAccount {
  readonly spans: readonly AccountedSpan[]
  readonly recovered: readonly Recovery[]
}

/** One page's word for an instrument over [from, to). */
export interface Claim {
  readonly from: Millis
  readonly to: Millis
  readonly state: KnownState | undefined
  readonly why?: UnknownReason
  readonly class: PageClass
}
