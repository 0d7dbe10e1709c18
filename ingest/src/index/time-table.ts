import type { DatabaseSync } from 'node:sqlite'
import type { Millis } from '@hours/protocol'
import type { Position } from '../ports.ts'

/** The log's `time` records: when a position was reached. */
export interface TimeTable {
  add(at: Position, time: Millis): void
  /** The `at` of the first `time` record after `position`: a page's arrival; null while there is none. */
  arrivalOf(position: Position): Millis | null
  /** The `at` of the last `time` record within the first `size` leaves of that year, or before. */
  timeWithin(year: number, size: number): Millis | undefined
  newest(): { position: Position; at: Millis } | undefined
}

export function createTimeTable(db: DatabaseSync): TimeTable {
  const insert = db.prepare('INSERT INTO times VALUES (?, ?, ?)')
  const after = db.prepare('SELECT at FROM times WHERE (year, idx) > (?, ?) ORDER BY year, idx LIMIT 1')
  const before = db.prepare(
    'SELECT year, idx, at FROM times WHERE (year, idx) < (?, ?) ORDER BY year DESC, idx DESC LIMIT 1',
  )
  const lastOf = before.get(9_999, Number.MAX_SAFE_INTEGER)
  let last = lastOf && {
    position: { year: Number(lastOf['year']), index: Number(lastOf['idx']) },
    at: Number(lastOf['at']),
  }
  /** Pages of one time name the same few checkpoints. */
  const within = new Map<string, Millis | undefined>()
  return {
    add(position, at) {
      insert.run(position.year, position.index, at)
      last = { position, at }
    },
    arrivalOf({ year, index }) {
      const at = after.get(year, index)?.['at']
      return typeof at === 'number' ? at : null
    },
    timeWithin(year, size) {
      const key = `${year}/${size}`
      if (within.has(key)) return within.get(key)
      const at = before.get(year, size)?.['at']
      const found = typeof at === 'number' ? at : undefined
      if (within.size > 1_024) within.clear()
      // A size beyond what has been read so far may still get its time.
      if (last && (year < last.position.year || (year === last.position.year && size <= last.position.index)))
        within.set(key, found)
      return found
    },
    newest: () => last,
  }
}
