import { noDurations, type Span, type State, type StateDurations } from '@hours/protocol'
import { type CivilSpan, civilDays, type Interval } from './calendar.ts'

/**
 * Spans that partition `window`: what no span covers is unknown; where two spans differ it is unknown too (records.md,
 * section 6), equal states count once. Order and repetition of the spans change nothing.
 */
export function timeline(spans: readonly Span[], window: Interval): Span[] {
  const own = spans.filter(({ from, to }) => to > from && to > window.from && from < window.to)
  const edges = [...new Set([window.from, window.to, ...own.flatMap(({ from, to }) => [from, to])])]
    .filter((at) => at >= window.from && at <= window.to)
    .sort((a, b) => a - b)
  const sorted = own.toSorted((a, b) => a.from - b.from)
  const out: Span[] = []
  let active: Span[] = []
  let next = 0
  for (let i = 0; i + 1 < edges.length; i++) {
    const from = edges[i] ?? 0
    const to = edges[i + 1] ?? 0
    active = active.filter((span) => span.to > from)
    for (let span = sorted[next]; span && span.from <= from; span = sorted[++next])
      if (span.to > from) active.push(span)
    add(out, { state: agreed(active), from, to })
  }
  return out
}

function agreed(active: readonly Span[]): State {
  const known = new Set(active.map(({ state }) => state).filter((state) => state !== 'unknown'))
  const [state] = known
  return known.size === 1 && state !== undefined ? state : 'unknown'
}

function add(out: Span[], span: Span): void {
  const last = out.at(-1)
  if (last?.state === span.state && last.to === span.from) out[out.length - 1] = { ...last, to: span.to }
  else out.push(span)
}

/** Milliseconds in each state over the whole of `spans`. */
export function durations(spans: readonly Span[]): StateDurations {
  const sum = noDurations()
  for (const { state, from, to } of spans) sum[state] += to - from
  return sum
}

/** States of each civil day of `zone` that overlaps `window`, clipped to it; they sum to the clipped day's length. */
export function statesByDay(
  spans: readonly Span[],
  window: Interval,
  zone: string,
): (CivilSpan & { readonly states: StateDurations })[] {
  return civilDays(zone, window.from, window.to).map((day) => {
    const part = { from: Math.max(day.from, window.from), to: Math.min(day.to, window.to) }
    return { label: day.label, ...part, states: durations(timeline(spans, part)) }
  })
}

/** The intervals in which one of `wanted` holds. */
export const inStates = (spans: readonly Span[], wanted: readonly State[]): Interval[] =>
  spans.filter(({ state }) => wanted.includes(state)).map(({ from, to }) => ({ from, to }))
