import { clip, type Interval, union } from '@hours/usage'
import type { AccountedSpan } from '@hours/ledger'
import type { InstrumentEntry } from '../ports.ts'

/** A stretch of enrolled time that is unknown, and why: what pages say of it, or `no_page` where none covers it. */
export interface InstrumentGap extends Interval {
  readonly why: NonNullable<AccountedSpan['why']> | 'no_page'
}

/** Every unknown stretch in [from, to), ascending and disjoint; together they are the `unknown` of the figures. */
export function instrumentGaps(
  accounted: readonly AccountedSpan[],
  { enrolments }: Pick<InstrumentEntry, 'enrolments'>,
  { from, to }: Interval,
): InstrumentGap[] {
  const gaps: InstrumentGap[] = []
  const enrolled = union(enrolments.map((one) => ({ from: one.from, to: one.to ?? to })))
  for (const part of clip(enrolled, { from, to })) {
    let end = part.from
    const add = (why: InstrumentGap['why'], a: number, b: number) => {
      const last = gaps.at(-1)
      if (last?.why === why && last.to === a) gaps[gaps.length - 1] = { why, from: last.from, to: b }
      else if (b > a) gaps.push({ why, from: a, to: b })
    }
    for (const span of accounted) {
      if (span.to <= part.from || span.from >= part.to) continue
      const [a, b] = [Math.max(span.from, part.from), Math.min(span.to, part.to)]
      if (a > end) add('no_page', end, a)
      if (span.state === 'unknown') add(span.why ?? 'unsampled', a, b)
      end = b
    }
    if (end < part.to) add('no_page', end, part.to)
  }
  return gaps
}
