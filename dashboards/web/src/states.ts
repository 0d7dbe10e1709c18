import type { State } from '@hours/protocol'

/** In the order in which bars, tables and legends list them (kept here: `protocol/` would bring zod along). */
export const states = ['run', 'standby', 'off', 'fault', 'unknown'] as const satisfies readonly State[]

export type Durations = Readonly<Record<State, number>>

export const sumOf = (durations: Durations): number =>
  states.reduce((sum, state) => sum + durations[state], 0)

/** P: standby, run and fault (domain.md, section 4.2). */
export const poweredOf = (durations: Durations): number => durations.standby + durations.run + durations.fault

export function addDurations(list: readonly Durations[]): Record<State, number> {
  const sum: Record<State, number> = { off: 0, standby: 0, run: 0, fault: 0, unknown: 0 }
  for (const one of list) for (const state of states) sum[state] += one[state]
  return sum
}
