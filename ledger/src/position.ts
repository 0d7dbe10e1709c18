/** Place of a record in the logs: the year of appending and the leaf index in that year's log (records.md, 5). */
export interface Position {
  readonly year: number
  readonly index: number
}

/** Negative when `a` comes first in the log. */
export const comparePositions = (a: Position, b: Position): number => a.year - b.year || a.index - b.index
