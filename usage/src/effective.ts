import type { Span } from '@hours/protocol'
import type { Interval } from './calendar.ts'
import { intersect, subtract, union } from './intervals.ts'

/** Necessary warm-up and after-treatment around runs, ms; each is bounded by the standby that is really there. */
export interface Allowance {
  readonly prepMs: number
  readonly postMs: number
}

/** The allowance in force at an instant: a changed one counts from its date on (records.md, section 8). */
export type AllowanceAt = (at: number) => Allowance

/**
 * Effective time (domain.md, section 4.5): each run block, begun earlier by at most `prepMs` of the standby right before
 * it and ended later by at most `postMs` of the standby right after it, without maintenance. Not clipped: the period
 * cuts afterwards, so that a block over its edge contributes its own side. `spans` partition their window.
 */
export function effective(
  spans: readonly Span[],
  allowance: Allowance | AllowanceAt,
  maintenance: readonly Interval[],
): Interval[] {
  const at = typeof allowance === 'function' ? allowance : () => allowance
  const blocks = spans.flatMap((span, i): Interval[] => {
    if (span.state !== 'run') return []
    const before = spans[i - 1]
    const after = spans[i + 1]
    const lead = before?.state === 'standby' && before.to === span.from ? before.to - before.from : 0
    const tail = after?.state === 'standby' && after.from === span.to ? after.to - after.from : 0
    const from = span.from - Math.min(at(span.from).prepMs, lead)
    return [{ from, to: span.to + Math.min(at(span.to - 1).postMs, tail) }]
  })
  return subtract(union(blocks), union(maintenance))
}

/**
 * The same with unknown taken as run where the instrument is enrolled: nothing that may turn up later can exceed it
 * (records.md, section 9). Time outside of its enrolment is nobody's, not unknown.
 */
export function effectiveUpper(
  spans: readonly Span[],
  allowance: Allowance | AllowanceAt,
  maintenance: readonly Interval[],
  enrolled: readonly Interval[],
): Interval[] {
  const asRun: Span[] = []
  for (const span of unknownAsRun(spans, enrolled)) {
    const last = asRun.at(-1)
    if (last?.state === span.state && last.to === span.from)
      asRun[asRun.length - 1] = { ...last, to: span.to }
    else asRun.push(span)
  }
  // Together with E: where an allowance changes inside unknown time, the longer of the two stands.
  return union([...effective(asRun, allowance, maintenance), ...effective(spans, allowance, maintenance)])
}

function unknownAsRun(spans: readonly Span[], enrolled: readonly Interval[]): Span[] {
  const unknown = spans.filter(({ state }) => state === 'unknown')
  const inside = intersect(unknown, enrolled).map((part): Span => ({ state: 'run', ...part }))
  const outside = subtract(unknown, enrolled).map((part): Span => ({ state: 'unknown', ...part }))
  const known = spans.filter(({ state }) => state !== 'unknown')
  return [...known, ...inside, ...outside].sort((a, b) => a.from - b.from)
}
