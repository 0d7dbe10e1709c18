import type { DatabaseSync } from 'node:sqlite'
import type { RecordKind } from '@hours/protocol'
import type { BookRecord } from '../registry/record-book.ts'

/** The records of operator and service that the registry is filled from at the next start. */
export interface RecordTable {
  add(record: BookRecord): void
  /** In log order. */
  all(): IterableIterator<BookRecord>
}

export function createRecordTable(db: DatabaseSync): RecordTable {
  const insert = db.prepare('INSERT INTO records VALUES (?, ?, ?, ?, ?)')
  return {
    add: ({ kind, record, hash, position: { year, index } }) =>
      void insert.run(year, index, kind, hash, JSON.stringify(record)),
    *all() {
      for (const row of db.prepare('SELECT * FROM records ORDER BY year, idx').iterate()) {
        const position = { year: Number(row['year']), index: Number(row['idx']) }
        // Written above from records that their schema had accepted.
        const record = JSON.parse(String(row['body'])) as BookRecord['record']
        yield { kind: row['kind'] as RecordKind, record, hash: String(row['hash']), position }
      }
    },
  }
}
