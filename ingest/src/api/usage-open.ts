import { noDurations, type StateDurations } from '@hours/protocol'
import {
  civilDays,
  clip,
  intersect,
  type Interval,
  type RowColumn,
  rowColumns,
  type StoredRow,
} from '@hours/usage'
import type { Index } from '../ports.ts'
import { enrolledLength } from './month-figures.ts'
import type { ScopedEntry } from './scope.ts'

/**
 * Days of an instrument that are not over, where there are too many instruments to work out who used them: nothing is
 * attributed, and at most all of what may have run is effective.
 */
export const openRows = (
  index: Pick<Index, 'days' | 'spans'>,
  entry: ScopedEntry,
  open: Interval,
): StoredRow[] =>
  intersect(civilDays(entry.zone, open.from, open.to), [open]).flatMap((day) => {
    const values = openValues(index, entry, day)
    return values ? [{ from: day.from, values }] : []
  })

/** Undefined = it was not in the scope. */
function openValues(
  index: Pick<Index, 'days' | 'spans'>,
  entry: ScopedEntry,
  open: Interval,
): readonly number[] | undefined {
  const during = clip(entry.during, open)
  const [only] = during
  if (!only) return undefined
  const isWhole = during.length === 1 && only.from === open.from && only.to === open.to
  const states = isWhole ? dayStates(index, entry, open) : spanStates(index, entry, during)
  const on = states.standby + states.run + states.fault
  const columns: Partial<Record<RowColumn, number>> = {
    ...states,
    enrolled: on + states.off + states.unknown,
    effectiveUpper: on + states.unknown,
  }
  return rowColumns.map((column) => columns[column] ?? 0)
}

function dayStates(index: Pick<Index, 'days'>, entry: ScopedEntry, open: Interval): StateDurations {
  const sum = noDurations()
  for (const { from, states } of index.days([entry.key], open.from, open.to))
    if (from >= open.from) add(sum, states)
  // A page may end up to 60 s ahead of our clock (wire.md, section 3): nothing is less than not known.
  const known = sum.off + sum.standby + sum.run + sum.fault
  return { ...sum, unknown: Math.max(0, enrolledLength(entry, open.from, open.to) - known) }
}

/** In the part of a day in which it came into the scope or left it. */
function spanStates(
  index: Pick<Index, 'spans'>,
  entry: ScopedEntry,
  during: readonly Interval[],
): StateDurations {
  const sum = noDurations()
  for (const part of during)
    for (const { from: begin, to: end } of entry.enrolments.map(({ from, to = part.to }) => ({ from, to })))
      for (const { from, to } of clip([{ from: begin, to: end }], part))
        for (const span of index.spans(entry.key, from, to)) sum[span.state] += span.to - span.from
  return sum
}

function add(sum: StateDurations, states: StateDurations): void {
  for (const state of ['off', 'standby', 'run', 'fault'] as const) sum[state] += states[state]
}
