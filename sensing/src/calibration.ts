import type { Thresholds } from '@hours/protocol'
import type { DetectorSettings } from './detector-state.ts'
import type { PowerHistogram, PowerLevel } from './power-levels.ts'

/**
 * Why nothing is proposed. `too_short`: under an hour known; `unreadable`: more than a fifth of the rows gave no reading;
 * `too_slow`: readings more than five minutes apart; `reversed`: power is negative, the meter is the wrong way round;
 * `never_on`; `one_level`: standby and run are not both seen (never run, or only ever run); `overlap`: their levels are
 * not apart; `drift`: they move until they meet; `ambiguous`: two places for the line between standby and run, and
 * nothing to choose by; `unsettled`: short peaks that may be runs in cycles or pulses of a waiting machine;
 * `sensitive`: run hours hang on the exact threshold.
 */
export type RefusalCode =
  | 'too_short'
  | 'unreadable'
  | 'too_slow'
  | 'reversed'
  | 'never_on'
  | 'one_level'
  | 'overlap'
  | 'drift'
  | 'ambiguous'
  | 'unsettled'
  | 'sensitive'

/** One of the readings between which nothing decides: run from here on (null: nothing was a run), and hours of it. */
export interface Alternative {
  readonly runStartMw: number | null
  readonly hours: number
}

export interface Refusal {
  readonly code: RefusalCode
  readonly reason: string
  readonly alternatives?: readonly Alternative[]
}

/** Thresholds in mW and times in ms, as `InstrumentSettings` takes them. */
export interface Proposal extends Thresholds {
  readonly dwellMs: number
  readonly holdMs: number
  readonly maxGapMs: number
  readonly plausibleMw: readonly [number, number]
}

export interface Evidence {
  readonly samples: number
  /** Rows and samples left out, in all and by reason. */
  readonly dropped: number
  readonly rejected: readonly { readonly reason: string; readonly count: number }[]
  readonly intervalMs: number
  readonly knownHours: number
  /** From the first to the last reading, what lies in gaps. */
  readonly unknownHours: number
  /** Hours by state under the proposed thresholds. */
  readonly hours?: { readonly off: number; readonly standby: number; readonly run: number }
  readonly runs?: number
  /** Lowest run level over highest standby level (5 % and 95 % quantiles). */
  readonly separation?: number
  /** Share by which run hours change when both run levels are 10 % lower and higher. */
  readonly sensitivity?: { readonly minus10: number; readonly plus10: number }
  /** Highest over lowest median of an eighth of the time, of standby and of run. */
  readonly drift?: { readonly standby: number; readonly run: number }
  /** What short crossings of the run level were taken for, and how many peaks and pauses there were, longest in ms. */
  readonly flicker?: 'none' | 'run' | 'standby' | 'unclear'
  readonly pulses?: { readonly count: number; readonly longestMs: number }
  readonly dips?: { readonly count: number; readonly longestMs: number }
  /** With `ambiguous` and `unsettled`: the readings, each with its hours. */
  readonly alternatives?: readonly Alternative[]
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
