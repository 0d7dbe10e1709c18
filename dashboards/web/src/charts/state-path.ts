import type { State } from '@hours/protocol'
import type { Window } from './time-axis.tsx'

interface Span {
  readonly state: State
  readonly from: number
  readonly to: number
}

/** Silence and faults must stay visible however far one zooms out; the other states shrink as they are. */
const leastWidth: Readonly<Record<State, number>> = { off: 0, standby: 0, run: 0, fault: 1, unknown: 1 }

/** One SVG path per state: thousands of spans draw as five elements. */
export function statePaths(
  spans: readonly Span[],
  window: Window,
  width: number,
  height: number,
): Map<State, string> {
  const paths = new Map<State, string>()
  const scale = width / (window.to - window.from)
  for (const { state, from, to } of spans) {
    if (to <= window.from || from >= window.to) continue
    const a = (Math.max(from, window.from) - window.from) * scale
    const b = (Math.min(to, window.to) - window.from) * scale
    const w = Math.max(leastWidth[state], b - a)
    paths.set(
      state,
      `${paths.get(state) ?? ''}M${a.toFixed(2)} 0h${w.toFixed(2)}v${height}h${(-w).toFixed(2)}z`,
    )
  }
  return paths
}
