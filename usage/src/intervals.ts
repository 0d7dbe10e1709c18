import type { Interval } from './calendar.ts'

/** Interval algebra on half-open intervals, linear in the number of intervals; every result is ascending and disjoint. */

/** Sorted, with what overlaps or touches joined; empty and reversed intervals are dropped. */
export function union(intervals: readonly Interval[]): Interval[] {
  const sorted = intervals.filter(({ from, to }) => to > from).sort((a, b) => a.from - b.from)
  const out: { from: number; to: number }[] = []
  for (const { from, to } of sorted) {
    const last = out.at(-1)
    if (last && from <= last.to) last.to = Math.max(last.to, to)
    else out.push({ from, to })
  }
  return out
}

/** Where both are; both ascending and disjoint. */
export function intersect(a: readonly Interval[], b: readonly Interval[]): Interval[] {
  const out: Interval[] = []
  let i = 0
  let k = 0
  for (let x = a[i], y = b[k]; x && y; x = a[i], y = b[k]) {
    const from = Math.max(x.from, y.from)
    const to = Math.min(x.to, y.to)
    if (to > from) out.push({ from, to })
    if (x.to <= y.to) i += 1
    else k += 1
  }
  return out
}

/** Where `a` is and `b` is not; both ascending and disjoint. */
export function subtract(a: readonly Interval[], b: readonly Interval[]): Interval[] {
  const out: Interval[] = []
  let k = 0
  for (const { from, to } of a) {
    let at = from
    while (k > 0 && (b[k - 1]?.to ?? 0) > from) k -= 1
    for (let cut = b[k]; cut && cut.from < to; cut = b[++k]) {
      if (cut.from > at) out.push({ from: at, to: cut.from })
      at = Math.max(at, cut.to)
      if (cut.to >= to) break
    }
    if (at < to) out.push({ from: at, to })
  }
  return out
}

export const clip = (intervals: readonly Interval[], window: Interval): Interval[] =>
  intersect(intervals, [window])

/** Whether an instant is in one of them. */
export const isIn = (intervals: readonly Interval[], at: number): boolean =>
  intervals.some(({ from, to }) => from <= at && at < to)

/** Sum of lengths, ms. */
export const total = (intervals: readonly Interval[]): number =>
  intervals.reduce((sum, { from, to }) => sum + to - from, 0)
