import type { KnownState, Millis, Span } from '@hours/protocol'

/** A sample as the simulator emitted it, with the nominal state. */
export interface Emitted {
  readonly at: Millis
  readonly state: KnownState
}

/** What faults may have taken from one gateway, in true time. */
export interface Losses {
  /** Samples in [from, to) may never have come to disk. */
  readonly windows: readonly { readonly from: Millis; readonly to: Millis }[]
  /** Time took another base here: nothing holds across it. */
  readonly breaks: readonly Millis[]
}

/** ms of one instrument's timeline against the simulator. */
export interface Judgement {
  readonly unknown: Millis
  /** Unknown although records.md, section 4 allows no fault of this schedule to take it. */
  readonly lost: Millis
  /** Called known where the simulator says otherwise, and no fault lies near. */
  readonly invented: Millis
  /** An edge that moved because samples around it were taken: left-hold over what was left says so (at most maxGap each). */
  readonly edge: Millis
  /** Where something was lost or invented. */
  readonly places: readonly {
    readonly kind: 'lost' | 'invented'
    readonly from: Millis
    readonly to: Millis
  }[]
}

/** Known time of the samples that certainly survive: left-hold, but over no break and no missing sample's gap. */
export function certain(emitted: readonly Emitted[], losses: Losses, maxGapMs: Millis): Span[] {
  const kept = emitted.filter(({ at }) => !losses.windows.some(({ from, to }) => at >= from && at < to))
  const spans: Span[] = []
  for (const [i, { at, state }] of kept.entries()) {
    const to = kept[i + 1]?.at ?? at
    const broken = losses.breaks.some((one) => one > at && one <= to)
    if (to > at && to - at <= maxGapMs && !broken) spans.push({ state, from: at, to })
  }
  return spans
}

/** Compares a timeline with the truth; `truth` and `found` cover the same period, `floor` is what `certain` gave. */
export function judge(
  { truth, floor, found }: { truth: readonly Span[]; floor: readonly Span[]; found: readonly Span[] },
  emitted: readonly Emitted[],
  losses: Losses,
  maxGapMs: Millis,
): Judgement {
  const sum = { unknown: 0, lost: 0, invented: 0, edge: 0 }
  const places: { kind: 'lost' | 'invented'; from: Millis; to: Millis }[] = []
  const edges = [...truth, ...floor, ...found].flatMap(({ from, to }) => [from, to])
  const cuts = [...new Set(edges)].sort((a, b) => a - b)
  const at = [finder(truth), finder(floor), finder(found)] as const
  const [first = 0, last = 0] = [truth[0]?.from, truth.at(-1)?.to]
  for (let i = 0; i + 1 < cuts.length; i++) {
    const [from = 0, to = 0] = [cuts[i], cuts[i + 1]]
    if (from < first || to > last) continue
    const [real, sure, said] = [at[0](from), at[1](from) ?? 'unknown', at[2](from) ?? 'unknown']
    if (said === 'unknown') {
      if (real !== 'unknown') sum.unknown += to - from
      if (sure !== 'unknown') {
        sum.lost += to - from
        places.push({ kind: 'lost', from, to })
      }
    } else if (said !== real) {
      const near = losses.windows.some((one) => from < one.to + maxGapMs && to > one.from - maxGapMs)
      const held = emitted.some((one) => one.at <= from && one.at > from - maxGapMs && one.state === said)
      const isEdge = near && held && to - from <= maxGapMs
      sum[isEdge ? 'edge' : 'invented'] += to - from
      if (!isEdge) places.push({ kind: 'invented', from, to })
    }
  }
  return { ...sum, places }
}

/** State at an instant, for instants asked in ascending order. */
function finder(spans: readonly Span[]): (at: Millis) => Span['state'] | undefined {
  let k = 0
  return (at) => {
    while (k < spans.length && (spans[k]?.to ?? 0) <= at) k++
    const span = spans[k]
    return span && span.from <= at ? span.state : undefined
  }
}

/** ms that more than one of these intervals covers. */
export function overlapMs(intervals: readonly { readonly from: Millis; readonly to: Millis }[]): Millis {
  let end = Number.NEGATIVE_INFINITY
  let sum = 0
  for (const { from, to } of [...intervals].sort((a, b) => a.from - b.from)) {
    sum += Math.max(0, Math.min(end, to) - from)
    end = Math.max(end, to)
  }
  return sum
}
