import type { State } from '@hours/protocol'
import type { CombineMode } from '@hours/sensing'

/** What one source says now. */
export interface LiveState {
  readonly state: State
  readonly since: number
  readonly mw: number | null
}

const rank: Readonly<Record<State, number>> = { unknown: -1, off: 0, standby: 1, run: 2, fault: 3 }

/**
 * The live view of an instrument with several sources: `primary` the first that knows, `any` the highest, `all` the
 * lowest that is known by all. Shown only; what counts is combined from spans when the page is sealed.
 */
export function combineLive(mode: CombineMode, sources: readonly LiveState[]): LiveState {
  const [first] = sources
  if (!first) return { state: 'unknown', since: 0, mw: null }
  if (sources.length === 1) return first
  const mw = sources.find((one) => one.mw !== null)?.mw ?? null
  const sorted = [...sources].sort((a, b) => rank[a.state] - rank[b.state])
  const chosen =
    mode === 'primary'
      ? (sources.find(({ state }) => state !== 'unknown') ?? first)
      : ((mode === 'any' ? sorted.at(-1) : sorted[0]) ?? first)
  return { ...chosen, mw }
}
