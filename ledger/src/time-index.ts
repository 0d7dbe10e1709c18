import type { Millis } from '@hours/protocol'
import { comparePositions, type Position } from './position.ts'

/** The log's `time` records, to ask when a position was reached. */
export interface TimeIndex {
  /** In log order. */
  add(at: Position, time: Millis): void
  /** `at` of the first `time` record after `position`: a page's arrival; undefined while there is none. */
  arrivalOf(position: Position): Millis | undefined
  /** `at` of the last `time` record among the first `size` leaves of that year, or before: no later was it seen. */
  timeWithin(year: number, size: number): Millis | undefined
  /** `at` of the last one. */
  newest(): Millis | undefined
}

export function createTimeIndex(): TimeIndex {
  const entries: { readonly at: Position; readonly time: Millis }[] = []

  /** How many entries stand before `position`. */
  function countBefore(position: Position): number {
    let low = 0
    let high = entries.length
    while (low < high) {
      const middle = Math.floor((low + high) / 2)
      const entry = entries[middle]
      if (entry && comparePositions(entry.at, position) < 0) low = middle + 1
      else high = middle
    }
    return low
  }

  return {
    add: (at, time) => void entries.push({ at, time }),
    arrivalOf: ({ year, index }) => entries[countBefore({ year, index: index + 1 })]?.time,
    timeWithin: (year, size) => entries[countBefore({ year, index: size }) - 1]?.time,
    newest: () => entries.at(-1)?.time,
  }
}
