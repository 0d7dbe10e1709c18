import { existsSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { hasTable } from '../index/index-db.ts'

/** What an outbox holds, read beside whoever runs on it. */
export interface OutboxReport {
  readonly waiting: number
  readonly dropped: number
  readonly quarantined: number
  /** Why, the most frequent reasons first. */
  readonly reasons: readonly { readonly reason: string; readonly points: number }[]
  /** Why the series lack what came before. */
  readonly lacking: string | null
}

/** Reads `path` (outbox.sqlite), and changes nothing; undefined = there is none. */
export function readOutbox(path: string): OutboxReport | undefined {
  if (!existsSync(path)) return undefined
  const db = new DatabaseSync(path, { readOnly: true, timeout: 5_000 })
  try {
    const number = (sql: string) => Number(Object.values(db.prepare(sql).get() ?? {})[0] ?? 0)
    const count = (name: string) => number(`SELECT value FROM counts WHERE name = '${name}'`)
    const reasons = db
      .prepare(
        'SELECT reason, count(*) AS points FROM quarantined GROUP BY reason ORDER BY points DESC LIMIT 5',
      )
      .all()
      .map((row) => ({ reason: String(row['reason']), points: Number(row['points']) }))
    const noted = hasTable(db, 'notes')
      ? db.prepare("SELECT says FROM notes WHERE name = 'rebuild'").get()?.['says']
      : undefined
    return {
      waiting: number('SELECT coalesce(sum(points), 0) FROM waiting'),
      dropped: count('dropped'),
      quarantined: count('quarantined'),
      reasons,
      lacking: typeof noted === 'string' ? noted : null,
    }
  } finally {
    db.close()
  }
}
