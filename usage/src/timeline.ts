import { noDurations, type Span, type State, type StateDurations } from '@hours/protocol'
import { type CivilSpan, civilDays, type Interval } from './calendar.ts'

/**
 * Spans that partition `window`: what no span covers is unknown; where two spans differ it is unknown too (records.md,
 * section 6), equal states count once. Order and repetition of the spans change nothing.
 */
export function timeline(spans: readonly Span[], window: Interval): Span[] {
  const own = spans
    .filter(({ from, to }) => to > from && to > window.from && from < window.to)
    .sort((a, b) => a.from - b.from)
  const disjoint = own.every((span, i) => i === 0 || (own[i - 1]?.to ?? 0) <= span.from)
  return disjoint ? filled(own, window) : swept(own, window)
}

/** Spans in order and apart: only the holes have to be named. */
function filled(ordered: readonly Span[], window: Interval): Span[] {
  const out: Span[] = []
  let at = window.from
  for (const { state, from, to } of ordered) {
    if (from > at) add(out, { state: 'unknown', from: at, to: from })
    add(out, { state, from: Math.max(from, at), to: Math.min(to, window.to) })
    at = Math.min(to, window.to)
  }
  if (at < window.to) add(out, { state: 'unknown', from: at, to: window.to })
  return out
}

function swept(ordered: readonly Span[], window: Interval): Span[] {
  const edges = [...new Set([window.from, window.to, ...ordered.flatMap(({ from, to }) => [from, to])])]
    .filter((at) => at >= window.from && at <= window.to)
    .sort((a, b) => a - b)
  const out: Span[] = []
  let active: Span[] = []
  let next = 0
  for (let i = 0; i + 1 < edges.length; i++) {
    const from = edges[i] ?? 0
    const to = edges[i + 1] ?? 0
    active = active.filter((span) => span.to > from)
    for (let span = ordered[next]; span && span.from <= from; span = ordered[++next])
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
  const line = timeline(spans, window)
  let first = 0
  return civilDays(zone, window.from, window.to).map((day) => {
    const from = Math.max(day.from, window.from)
    const to = Math.min(day.to, window.to)
    const states = noDurations()
    while ((line[first]?.to ?? Infinity) <= from) first += 1
    for (let i = first, span = line[i]; span && span.from < to; span = line[++i])
      states[span.state] += Math.min(span.to, to) - Math.max(span.from, from)
    return { label: day.label, from, to, states }
  })
}

/** The intervals in which one of `wanted` holds. */
export const inStates = (spans: readonly Span[], wanted: readonly State[]): Interval[] =>
  spans.filter(({ state }) => wanted.includes(state)).map(({ from, to }) => ({ from, to }))
