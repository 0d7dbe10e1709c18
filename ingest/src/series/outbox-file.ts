import { DatabaseSync } from 'node:sqlite'
import type { Millis } from '@hours/protocol'
import type { SeriesPoint } from './series-ports.ts'
import { packPoints, unpackPoints } from './packed-points.ts'

const schema = `
CREATE TABLE IF NOT EXISTS waiting (id INTEGER PRIMARY KEY AUTOINCREMENT, points INTEGER NOT NULL, oldest INTEGER NOT NULL, bytes INTEGER NOT NULL, body TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS quarantined (id INTEGER PRIMARY KEY AUTOINCREMENT, at INTEGER NOT NULL, reason TEXT NOT NULL, point TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS counts (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
`

export interface WaitingBatch {
  /** Rows that this batch holds: everything up to this id. */
  readonly through: number
  readonly points: readonly SeriesPoint[]
}

/** What the outbox keeps on disk. Every change is durable against the death of the process when the call returns. */
export interface OutboxFile {
  add(points: readonly SeriesPoint[], at: Millis): void
  /** The oldest rows behind `after` (0 = all), up to `most` points or one row; undefined = nothing waits. */
  oldest(most: number, after?: number): WaitingBatch | undefined
  remove(through: number): void
  quarantine(point: SeriesPoint, reason: string, at: Millis): void
  quarantined(limit: number): { id: number; at: Millis; reason: string; point: SeriesPoint }[]
  counts(): { pending: number; oldest: Millis | null; quarantined: number; dropped: number; bytes: number }
  close(): void
}

/** Points in one row: a row is read, sent and removed as a whole. */
const pointsPerRow = 1_000
/** Quarantined points kept, newest. */
const maxQuarantined = 10_000

/** Opens `path`; when more than `maxBytes` wait, the oldest are dropped and counted: the log can make them again. */
export function openOutboxFile(path: string, maxBytes: number): OutboxFile {
  const db = new DatabaseSync(path, { timeout: 5_000 })
  db.exec('PRAGMA auto_vacuum = INCREMENTAL; PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL')
  db.exec(schema)
  const insert = db.prepare('INSERT INTO waiting (points, oldest, bytes, body) VALUES (?, ?, ?, ?)')
  const head = db.prepare('SELECT id, points, oldest, bytes, body FROM waiting WHERE id > ? ORDER BY id')
  const remove = db.prepare('DELETE FROM waiting WHERE id <= ?')
  const removed = db.prepare(
    'SELECT coalesce(sum(points), 0) AS points, coalesce(sum(bytes), 0) AS bytes FROM waiting WHERE id <= ?',
  )
  const least = db.prepare('SELECT oldest FROM waiting ORDER BY id LIMIT 1')
  const refuse = db.prepare('INSERT INTO quarantined (at, reason, point) VALUES (?, ?, ?)')
  const forget = db.prepare('DELETE FROM quarantined WHERE id <= (SELECT max(id) FROM quarantined) - ?')
  const count = db.prepare(
    'INSERT INTO counts VALUES (?, ?) ON CONFLICT DO UPDATE SET value = value + excluded.value',
  )
  const known = db.prepare('SELECT name, value FROM counts')
  const start = db
    .prepare('SELECT coalesce(sum(points), 0) AS points, coalesce(sum(bytes), 0) AS bytes FROM waiting')
    .get()
  let pending = Number(start?.['points'])
  let bytes = Number(start?.['bytes'])
  const totals = new Map(known.all().map((row) => [String(row['name']), Number(row['value'])]))

  function tally(name: 'dropped' | 'quarantined', by: number): void {
    count.run(name, by)
    totals.set(name, (totals.get(name) ?? 0) + by)
  }

  /** `oldest` is when it came: how long it waits says how far the series is behind, whatever day it tells of. */
  function addRow(points: readonly SeriesPoint[], oldest: Millis): void {
    const body = packPoints(points)
    insert.run(points.length, oldest, body.length, body)
    pending += points.length
    bytes += body.length
  }

  function dropOldest(): void {
    while (bytes > maxBytes) {
      const row = head.get(0)
      if (!row) return
      tally('dropped', Number(row['points']))
      removeThrough(Number(row['id']))
    }
  }

  function removeThrough(id: number): void {
    const gone = removed.get(id)
    remove.run(id)
    pending -= Number(gone?.['points'])
    bytes -= Number(gone?.['bytes'])
  }

  function inTransaction(work: () => void): void {
    db.exec('BEGIN IMMEDIATE')
    try {
      work()
      db.exec('COMMIT')
    } catch (error) {
      if (db.isTransaction) db.exec('ROLLBACK')
      throw error
    }
  }

  return {
    add(points, at) {
      inTransaction(() => {
        for (let i = 0; i < points.length; i += pointsPerRow) addRow(points.slice(i, i + pointsPerRow), at)
        dropOldest()
      })
    },
    oldest(most, after = 0) {
      const points: SeriesPoint[] = []
      let through = 0
      for (const row of head.iterate(after)) {
        points.push(...unpackPoints(String(row['body'])))
        through = Number(row['id'])
        if (points.length + pointsPerRow > most) break
      }
      return through === 0 ? undefined : { through, points }
    },
    remove: (through) => inTransaction(() => removeThrough(through)),
    quarantine(point, reason, at) {
      inTransaction(() => {
        refuse.run(at, reason, JSON.stringify(point))
        forget.run(maxQuarantined)
        tally('quarantined', 1)
      })
    },
    quarantined: (limit) =>
      db
        .prepare('SELECT id, at, reason, point FROM quarantined ORDER BY id DESC LIMIT ?')
        .all(limit)
        .map((row) => ({
          id: Number(row['id']),
          at: Number(row['at']),
          reason: String(row['reason']),
          point: JSON.parse(String(row['point'])) as SeriesPoint,
        })),
    counts() {
      const oldest = least.get()?.['oldest']
      return {
        pending,
        oldest: typeof oldest === 'number' ? oldest : null,
        quarantined: totals.get('quarantined') ?? 0,
        dropped: totals.get('dropped') ?? 0,
        bytes,
      }
    },
    close: () => db.close(),
  }
}
