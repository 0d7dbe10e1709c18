import type { Interval } from './calendar.ts'

/** A state from `from` on, until the next entry of the history. */
export interface Change {
  readonly at: number
  readonly state: string
}

/** Time in some states inside a window that is asked for at a moment; null = nothing is known of it. */
export interface WindowFigure {
  readonly ms: number
  /** Entries into the states inside the window; a state already held at its start counts 1. */
  readonly count: number
  /** Share of the whole window, also of the part that lies ahead. */
  readonly ratio: number
}

/**
 * The history-window question that people ask of any home system ("how long was it on today?"), with its traps: a
 * window that lies ahead or before all history is unknown, not 0; a closed window never changes.
 */
export function windowFigure(
  history: readonly Change[],
  wanted: readonly string[],
  window: Interval,
  now: number,
): WindowFigure | null {
  const until = Math.min(window.to, now)
  const ordered = history.toSorted((a, b) => a.at - b.at)
  const [first] = ordered
  if (!first || first.at >= until || window.from >= until) return null
  let ms = 0
  let count = 0
  let before = false
  for (const [i, { at, state }] of ordered.entries()) {
    const from = Math.max(at, window.from)
    const to = Math.min(ordered[i + 1]?.at ?? until, until)
    const on = wanted.includes(state)
    if (to > from) {
      if (on) ms += to - from
      if (on && !before) count += 1
      before = on
    } else if (to <= window.from) before = false
  }
  return { ms, count, ratio: ms / (window.to - window.from) }
}
