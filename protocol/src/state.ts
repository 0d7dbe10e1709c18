import { z } from 'zod'

/** What was observed (domain.md, section 4.2). */
export const KnownState = z.enum(['off', 'standby', 'run', 'fault'])
export type KnownState = z.infer<typeof KnownState>

/** Silence is `unknown`, never off and never on (domain.md, D4). */
export const State = z.enum(['off', 'standby', 'run', 'fault', 'unknown'])
export type State = z.infer<typeof State>

/** In the order in which pages, tables and legends list them. */
export const states = State.options

/** P counts these (domain.md, section 4.2). */
export const isPowered = (state: State): boolean =>
  state === 'standby' || state === 'run' || state === 'fault'

/** Milliseconds spent in each state; they sum to the length of the window they describe. */
export type StateDurations = Record<State, number>

export const noDurations = (): StateDurations => ({ off: 0, standby: 0, run: 0, fault: 0, unknown: 0 })

/** A state over the half-open interval [from, to), Unix ms. */
export interface Span {
  readonly state: State
  readonly from: number
  readonly to: number
}
