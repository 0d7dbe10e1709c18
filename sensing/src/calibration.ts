import type { Thresholds } from '@hours/protocol'
import type { DetectorSettings } from './detector-state.ts'
import type { PowerHistogram, PowerLevel } from './power-levels.ts'

/**
 * Why nothing is proposed. `too_short`: under an hour known; `never_on`; `one_level`: standby and run are not both seen
 * (never run, or only ever run); `overlap`: their levels are not apart; `drift`: they move until they meet; `unsettled`:
 * no dwell and hold tell pulses in standby from dips in run; `sensitive`: run hours hang on the exact threshold.
 */
export type RefusalCode =
  | 'too_short'
  | 'never_on'
  | 'one_level'
  | 'overlap'
  | 'drift'
  | 'unsettled'
  | 'sensitive'

/** Thresholds in mW and times in ms, as `InstrumentSettings` takes them. */
export interface Proposal extends Thresholds {
  readonly dwellMs: number
  readonly holdMs: number
  readonly maxGapMs: number
  readonly plausibleMw: readonly [number, number]
}

export interface Evidence {
  readonly samples: number
  readonly dropped: number
  readonly intervalMs: number
  readonly knownHours: number
  /** Hours by state under the proposed thresholds. */
  readonly hours?: { readonly off: number; readonly standby: number; readonly run: number }
  readonly runs?: number
  /** Lowest run level over highest standby level (5 % and 95 % quantiles). */
  readonly separation?: number
  /** Share by which run hours change when both run levels are 10 % lower and higher. */
  readonly sensitivity?: { readonly minus10: number; readonly plus10: number }
  /** Highest over lowest median of an eighth of the time, of standby and of run. */
  readonly drift?: { readonly standby: number; readonly run: number }
  /** Pulses out of standby and dips out of run: how many, and the longest in ms. */
  readonly pulses?: { readonly count: number; readonly longestMs: number }
  readonly dips?: { readonly count: number; readonly longestMs: number }
  readonly histogram?: PowerHistogram
}

export interface Calibration {
  readonly accepted: boolean
  readonly code?: RefusalCode
  /** One sentence for people. */
  readonly reason: string
  readonly thresholds: Proposal | null
  readonly levels: readonly (PowerLevel & { readonly means: 'off' | 'standby' | 'run' | 'powered' })[]
  readonly evidence: Evidence
}

/** The settings that a proposal means. */
export const proposalSettings = (p: Proposal): DetectorSettings => ({
  thresholds: {
    onStartMw: p.onStartMw,
    onStopMw: p.onStopMw,
    runStartMw: p.runStartMw,
    runStopMw: p.runStopMw,
  },
  dwellMs: p.dwellMs,
  holdMs: p.holdMs,
  maxGapMs: p.maxGapMs,
  plausibleMw: p.plausibleMw,
})
