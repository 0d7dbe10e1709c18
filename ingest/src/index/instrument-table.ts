import type { DatabaseSync } from 'node:sqlite'
import type { InstrumentKey, Millis } from '@hours/protocol'

/** Small numbers for instruments, and the bounds of their pages. */
export interface InstrumentTable {
  /** The row of `key`; made when it is new and `make` says so. */
  find(key: InstrumentKey): InstrumentRow | undefined
  make(key: InstrumentKey): InstrumentRow
  /** Notes a page [from, to). */
  extend(row: InstrumentRow, from: Millis, to: Millis): void
  /** Writes what changed; inside the projection's transaction. */
  flush(): void
  all(): IterableIterator<InstrumentRow>
}

export interface InstrumentRow {
  readonly id: number
  readonly key: InstrumentKey
  /** End of the newest page, 0 before the first. */
  latest: Millis
  /** The longest page, ms: how far before a window a page may begin that reaches into it. */
  longest: Millis
}

export function createInstrumentTable(db: DatabaseSync): InstrumentTable {
  const rows = new Map<InstrumentKey, InstrumentRow>()
  for (const row of db.prepare('SELECT id, key, latest, longest FROM instruments').all())
    rows.set(row['key'] as InstrumentKey, { ...(row as unknown as InstrumentRow) })
  const upsert = db.prepare(
    'INSERT INTO instruments (id, key, latest, longest) VALUES (?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET latest = excluded.latest, longest = excluded.longest',
  )
  const changed = new Set<InstrumentRow>()
  return {
    find: (key) => rows.get(key),
    make(key) {
      const known = rows.get(key)
      if (known) return known
      const row: InstrumentRow = { id: rows.size + 1, key, latest: 0, longest: 0 }
      rows.set(key, row)
      changed.add(row)
      return row
    },
    extend(row, from, to) {
      row.latest = Math.max(row.latest, to)
      row.longest = Math.max(row.longest, to - from)
      changed.add(row)
    },
    flush() {
      for (const { id, key, latest, longest } of changed) upsert.run(id, key, latest, longest)
      changed.clear()
    },
    all: () => rows.values(),
  }
}
