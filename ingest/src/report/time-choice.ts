import { parseOrigin } from '@hours/ledger'
import type { Seen } from '@hours/protocol'
import type { Position } from '../ports.ts'
import { comparePositions, type PageMark } from './page-choice.ts'

/**
 * The `time` records that place `pages` in time (records.md, section 5): of each page the first one after it, its
 * arrival; of each `seen` the last one within that size, before which the page cannot begin (R5). `times` in log order.
 */
export function chooseTimes(times: readonly Position[], pages: readonly PageMark[]): Position[] {
  const chosen = new Set<Position>()
  const keep = (position: Position | undefined) => position && chosen.add(position)
  for (const { position, seen } of pages) {
    keep(times[countBefore(times, { ...position, index: position.index + 1 })])
    const within = seen && sizeOf(seen)
    if (within) keep(times[countBefore(times, within) - 1])
  }
  return [...chosen].sort(comparePositions)
}

function sizeOf({ origin, size }: Seen): Position | undefined {
  const year = parseOrigin(origin)?.year
  return year === undefined ? undefined : { year, index: size }
}

/** How many of `times` stand before `position`. */
function countBefore(times: readonly Position[], position: Position): number {
  let low = 0
  let high = times.length
  while (low < high) {
    const middle = Math.floor((low + high) / 2)
    const time = times[middle]
    if (time && comparePositions(time, position) < 0) low = middle + 1
    else high = middle
  }
  return low
}
