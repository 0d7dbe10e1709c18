import type { KnownState } from '@hours/protocol'
import type { KnownSpan } from './detector-state.ts'

/** How several sources on one instrument make one state; they are never summed (domain.md, section 4.2). */
export type CombineMode = 'primary' | 'any' | 'all'

export interface Combined {
  /** Known spans; what they leave out is unknown. */
  readonly spans: readonly KnownSpan[]
  /** Where sources contradict each other: visible, and unknown in `primary`. */
  readonly conflicts: readonly { readonly from: number; readonly to: number }[]
}

/** Ranks for any (the highest) and all (the lowest). */
const rank: Readonly<Record<KnownState, number>> = { off: 0, standby: 1, run: 2, fault: 3 }

/**
 * Known spans of each source, the primary first, over [from, to), Unix ms.
 * - `primary`: the first source that knows, in order; where one that knows says off and another run or fault for at
 *   least `toleranceMs` (edges never meet exactly), nobody knows: a conflict.
 * - `any`: the highest state of all, for machines with several supplies or a plug and a run contact. With a source
 *   unknown only run and fault stand, because more cannot be said.
 * - `all`: the lowest state of all; with a source unknown only off stands.
 *
 * `any` and `all` are there for sources that differ; what no rule makes possible is a machine that is said to run while
 * each of `meters` (whether a source measures power) says off: a conflict that is shown, and counted by the rule.
 */
export function combineSources(
  mode: CombineMode,
  sources: readonly (readonly KnownSpan[])[],
  window: {
    readonly from: number
    readonly to: number
    readonly toleranceMs: number
    readonly meters?: readonly boolean[]
  },
): Combined {
  const pieces = elementary(sources, window.from, window.to)
  const judged = pieces.map((piece) => ({ ...piece, state: judge(mode, piece.states) }))
  const differ = mode === 'primary' ? contradict : (states: States) => runsUnpowered(states, window.meters)
  const conflicts = joined(judged.filter(({ states }) => differ(states)))
  const serious = conflicts.filter((one) => one.to - one.from >= window.toleranceMs)
  const inConflict = (from: number) =>
    mode === 'primary' && serious.some((one) => from >= one.from && from < one.to)
  const spans: KnownSpan[] = []
  for (const { from, to, state } of judged) {
    if (state === undefined || inConflict(from)) continue
    const last = spans.at(-1)
    if (last?.to === from && last.state === state) spans[spans.length - 1] = { ...last, to }
    else spans.push({ state, from, to })
  }
  return { spans, conflicts: serious }
}

type States = readonly (KnownState | undefined)[]
interface Piece {
  readonly from: number
  readonly to: number
  readonly states: States
}

/** The window cut at every edge of every source, with what each says in between. */
function elementary(sources: readonly (readonly KnownSpan[])[], from: number, to: number): Piece[] {
  const edges = new Set([from, to])
  for (const span of sources.flat())
    for (const at of [span.from, span.to]) if (at > from && at < to) edges.add(at)
  const sorted = [...edges].sort((a, b) => a - b)
  const next = sources.map(() => 0)
  return sorted.slice(0, -1).map((start, i) => {
    const states = sources.map((spans, k) => {
      let at = next[k] ?? 0
      while ((spans[at]?.to ?? Infinity) <= start) at += 1
      next[k] = at
      const span = spans[at]
      return span && span.from <= start ? span.state : undefined
    })
    return { from: start, to: sorted[i + 1] ?? to, states }
  })
}

function judge(mode: CombineMode, states: States): KnownState | undefined {
  const known = states.filter((state) => state !== undefined)
  if (mode === 'primary') return known[0]
  const sorted = [...known].sort((a, b) => rank[a] - rank[b])
  const complete = known.length === states.length
  const one = mode === 'any' ? sorted.at(-1) : sorted[0]
  if (complete || one === undefined) return one
  return mode === 'any' ? (rank[one] >= rank.run ? one : undefined) : one === 'off' ? one : undefined
}

const contradict = (states: States): boolean =>
  states.includes('off') && (states.includes('run') || states.includes('fault'))

function runsUnpowered(states: States, meters: readonly boolean[] = []): boolean {
  const measured = states.filter((_, i) => meters[i] === true)
  const stated = states.filter((_, i) => meters[i] !== true)
  const isUnpowered = measured.length > 0 && measured.every((state) => state === 'off')
  return isUnpowered && stated.some((state) => state === 'run' || state === 'fault')
}

function joined(pieces: readonly Piece[]): { from: number; to: number }[] {
  const all: { from: number; to: number }[] = []
  for (const { from, to } of pieces) {
    const last = all.at(-1)
    if (last?.to === from) last.to = to
    else all.push({ from, to })
  }
  return all
}
