import type { DatabaseSync } from 'node:sqlite'
import type { EvidenceLogWriter } from './log/evidence-log.ts'
import type { KnownHead } from './log/rollback.ts'

/** Sizes and roots that the log has had, kept apart from it: what tells a restored backup from the newest copy. */
export function createHeads(db: DatabaseSync) {
  const upsert = db.prepare('INSERT OR REPLACE INTO heads VALUES (?, ?, ?)')
  let remembered = ''
  return {
    all: (): KnownHead[] =>
      db
        .prepare('SELECT origin, size, root FROM heads')
        .all()
        .map(({ origin, size, root }) => ({
          origin: String(origin),
          size: Number(size),
          root: String(root),
          by: 'operations.sqlite',
        })),
    remember(log: EvidenceLogWriter): void {
      const year = log.years().at(-1)
      if (year === undefined || log.size(year) === 0) return
      const name = `${year}/${log.size(year)}`
      if (name === remembered) return
      upsert.run(log.origin(year), log.size(year), log.root(year))
      remembered = name
    },
  }
}
