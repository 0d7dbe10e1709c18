import type { Millis } from '@hours/protocol'
import { openProjection } from '../open-database.ts'
import type { SeriesPoint } from './series-ports.ts'
import { packPoints, unpackPoints } from './packed-points.ts'

const schema = `
CREATE TABLE IF NOT EXISTS waiting (id INTEGER PRIMARY KEY AUTOINCREMENT, points INTEGER NOT NULL, oldest INTEGER NOT NULL, bytes INTEGER NOT NULL, body TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS quarantined (id INTEGER PRIMARY KEY AUTOINCREMENT, at INTEGER NOT NULL, reason TEXT NOT NULL, point TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS counts (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS notes (name TEXT PRIMARY KEY, says TEXT NOT NULL) WITHOUT ROWID;
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
  quarantine(points: readonly SeriesPoint[], reason: string, at: Millis): void
  /** Counts points that are older than the store keeps. */
  expired(points: number): void
  quarantined(limit: number): { id: number; at: Millis; reason: string; point: SeriesPoint }[]
  counts(): {
    pending: number
    oldest: Millis | null
    quarantined: number
    dropped: number
    expired: number
    bytes: number
  }
  /** Why points are quarantined, the most frequent reasons first. */
  reasons(): { reason: string; points: number }[]
  /** Puts all that was quarantined behind what waits. */
  requeueQuarantined(at: Millis): void
  /** Nothing that was dropped is missing any more. */
  forgetDropped(): void
  /** What is remembered under a name; a text puts another in its place, null removes it. */
  note(name: 'rebuild' | 'store', says?: string | null): string | null
  close(): void
}

/** Points in one row: a row is read, sent and removed as a whole. */
const pointsPerRow = 1_000
/** Quarantined points kept, newest. */
const maxQuarantined = 10_000

/** Free pages kept for what comes next; beyond, the file is made smaller so many at a time. */
const freePages = 4_096

/**
 * Opens `path`; when more than `maxBytes` wait, the oldest are dropped and counted: the log can make them again. So it
 * can what a damaged file held, which is set aside.
 */
export function openOutboxFile(path: string, maxBytes: number): OutboxFile {
  const { db, setAside } = openProjection(path, (one) => {
    one.exec('PRAGMA auto_vacuum = INCREMENTAL; PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL')
    one.exec('PRAGMA journal_size_limit = 16777216')
    one.exec(schema)
  })
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
  const noted = db.prepare('SELECT says FROM notes WHERE name = ?')
  const putNote = db.prepare('INSERT OR REPLACE INTO notes VALUES (?, ?)')
  const removeNote = db.prepare('DELETE FROM notes WHERE name = ?')
  const free = db.prepare('PRAGMA freelist_count')
  const start = db
    .prepare('SELECT coalesce(sum(points), 0) AS points, coalesce(sum(bytes), 0) AS bytes FROM waiting')
    .get()
  let reasons: { reason: string; points: number }[] | undefined
  let pending = Number(start?.['points'])
  let bytes = Number(start?.['bytes'])
  const totals = new Map(known.all().map((row) => [String(row['name']), Number(row['value'])]))

  function tally(name: 'dropped' | 'quarantined' | 'expired', by: number): void {
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

  function addRows(points: readonly SeriesPoint[], at: Millis): void {
    for (let i = 0; i < points.length; i += pointsPerRow) addRow(points.slice(i, i + pointsPerRow), at)
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

  /** After a long outage the file is as long as all that waited. */
  function shrink(): void {
    if (Number(free.get()?.['freelist_count']) > freePages) db.exec(`PRAGMA incremental_vacuum(${freePages})`)
  }

  const readReasons = () =>
    db
      .prepare(
        'SELECT reason, count(*) AS points FROM quarantined GROUP BY reason ORDER BY points DESC, max(id) DESC LIMIT 5',
      )
      .all()
      .map((row) => ({ reason: String(row['reason']), points: Number(row['points']) }))

  function note(name: 'rebuild' | 'store', says?: string | null): string | null {
    if (says === null) removeNote.run(name)
    else if (says !== undefined) putNote.run(name, says)
    const text = noted.get(name)?.['says']
    return typeof text === 'string' ? text : null
  }

  function inTransaction(work: () => void): void {
    const before = { pending, bytes, totals: [...totals] }
    db.exec('BEGIN IMMEDIATE')
    try {
      work()
      db.exec('COMMIT')
    } catch (error) {
      if (db.isTransaction)
        db.exec('ROLLBACK')
        // A count of what is not there would have its owner look for it for ever.
      ;({ pending, bytes } = before)
      totals.clear()
      for (const [name, value] of before.totals) totals.set(name, value)
      throw error
    }
  }

  if (setAside !== undefined)
    note('rebuild', `${path} was damaged and lies in ${setAside} now; what waited in it was not brought.`)
  return {
    note,
    add(points, at) {
      inTransaction(() => {
        addRows(points, at)
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
    remove(through) {
      inTransaction(() => removeThrough(through))
      shrink()
    },
    quarantine(points, reason, at) {
      inTransaction(() => {
        for (const point of points) refuse.run(at, reason, JSON.stringify(point))
        forget.run(maxQuarantined)
        tally('quarantined', points.length)
      })
      reasons = undefined
    },
    expired: (points) => inTransaction(() => tally('expired', points)),
    reasons: () => (reasons ??= readReasons()),
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
    requeueQuarantined(at) {
      const points = db
        .prepare('SELECT point FROM quarantined ORDER BY id')
        .all()
        .map((row) => JSON.parse(String(row['point'])) as SeriesPoint)
      inTransaction(() => {
        addRows(points, at)
        db.exec("DELETE FROM quarantined; DELETE FROM counts WHERE name = 'quarantined'")
        totals.delete('quarantined')
      })
      reasons = undefined
    },
    forgetDropped() {
      db.exec("DELETE FROM counts WHERE name = 'dropped'")
      totals.delete('dropped')
    },
    counts() {
      const oldest = least.get()?.['oldest']
      return {
        pending,
        oldest: typeof oldest === 'number' ? oldest : null,
        quarantined: totals.get('quarantined') ?? 0,
        dropped: totals.get('dropped') ?? 0,
        expired: totals.get('expired') ?? 0,
        bytes,
      }
    },
    close: () => db.close(),
  }
}
