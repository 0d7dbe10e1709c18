import { SensingError } from './error.ts'
import type { KnownState, State, Thresholds } from '@hours/protocol'
import type { Flag } from './flag.ts'
import type { Contact } from './reading.ts'

/** What the detector needs of an instrument's settings (protocol `InstrumentSettings` fits). */
export interface DetectorSettings {
  readonly thresholds: Thresholds
  readonly dwellMs: number
  /** A dip out of run shorter than this stays run; default dwellMs. */
  readonly holdMs?: number | undefined
  readonly maxGapMs: number
  /** Readings outside are rejected, mW; default -1 kW to 1 MW. */
  readonly plausibleMw?: readonly [number, number] | undefined
}

/**
 * Why a sample was left out; `late`: the time it speaks of is sealed. `negative_power`: more is fed back than a meter's
 * own error: its clamp sits the wrong way round, and nobody knows what the instrument does.
 */
export type RejectReason =
  | 'bad_time'
  | 'implausible'
  | 'negative_power'
  | 'duplicate_time'
  | 'out_of_order'
  | 'late'

/** A known state over [from, to), Unix ms; what spans leave out is unknown. */
export interface KnownSpan {
  readonly state: KnownState
  readonly from: number
  readonly to: number
}

/** A change of the live view; `since` is back-dated over the dwell. */
export interface Transition {
  readonly state: State
  readonly since: number
  readonly at: number
  readonly mw?: number
  readonly why: string
}

/** One stretch of evidence without a hole. */
export interface Stretch {
  powered: Flag
  run: Flag
  fault: Flag
  /** Spans are made up to here. */
  emitted: number
}

/** Everything a detector knows: plain JSON, for checkpoints. */
export interface DetectorState {
  v: 1
  last: number | null
  stretch: Stretch | null
  /** Samples before this moment come too late. */
  horizon: number
  spans: KnownSpan[]
  contact: Contact
  powerBased: boolean
  mw: number | null
  live: { state: State; since: number }
  samples: number
  rejected: Partial<Record<RejectReason, number>>
}

export const emptyDetectorState = (): DetectorState => ({
  v: 1,
  last: null,
  stretch: null,
  horizon: 0,
  spans: [],
  contact: {},
  powerBased: false,
  mw: null,
  live: { state: 'unknown', since: 0 },
  samples: 0,
  rejected: {},
})

export const defaultPlausibleMw: readonly [number, number] = [-1_000_000, 1_000_000_000]

/** The lowest power that can still be a meter's error at no load, mW: 5 W below zero, or 1 % of where run begins. */
export const lowestCredibleMw = ({ runStartMw }: Thresholds): number => -Math.max(5_000, runStartMw / 100)

/** How long after a page's end its spans are final: max(dwell, hold, maxGap), ms (records.md, section 4). */
export const sealDelayMs = (s: DetectorSettings): number =>
  Math.max(s.dwellMs, s.holdMs ?? s.dwellMs, s.maxGapMs)

/** Refuses settings that no page could be sealed under. */
export function checkSettings(s: DetectorSettings): void {
  const fields = { dwellMs: s.dwellMs, holdMs: s.holdMs ?? s.dwellMs, maxGapMs: s.maxGapMs }
  for (const [name, value] of Object.entries(fields)) {
    if (!Number.isSafeInteger(value) || value < 0)
      throw new SensingError('bad_settings', `${name}: ${value}: must be whole milliseconds, 0 or more`)
  }
  const t = s.thresholds
  if (t.onStopMw > t.onStartMw || t.runStopMw > t.runStartMw || t.onStartMw > t.runStartMw)
    throw new SensingError(
      'bad_settings',
      `thresholds: ${JSON.stringify(t)}: need onStop <= onStart <= runStart and runStop <= runStart`,
    )
}
