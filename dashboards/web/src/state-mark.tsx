import type { State } from '@hours/protocol'
import type { ComponentChildren } from 'preact'
import { fillOf } from './charts/patterns.tsx'
import { states } from './states.ts'
import { text } from './text/text.ts'

/** The small patterned square of a state. */
export function Swatch({ state, size = 14 }: { state: State; size?: number }) {
  return (
    <svg class="swatch" width={size} height={size} aria-hidden="true">
      <rect x="0.5" y="0.5" width={size - 1} height={size - 1} rx="3" fill={fillOf(state)} />
    </svg>
  )
}

/** Square and word. */
export function StateMark({ state, size }: { state: State; size?: number }) {
  return (
    <span class="state" title={text.value.stateHelp[state]}>
      <Swatch state={state} {...(size === undefined ? {} : { size })} />
      {text.value.states[state]}
    </span>
  )
}

/** The states, and what else a chart shows (`li`). */
export function Legend({ children }: { children?: ComponentChildren }) {
  return (
    <ul class="legend" aria-label={text.value.chart.legend}>
      {states.map((state) => (
        <li key={state}>
          <StateMark state={state} />
        </li>
      ))}
      {children}
    </ul>
  )
}
