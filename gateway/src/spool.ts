import { existsSync, mkdirSync, renameSync } from 'node:fs'
import { dirname } from 'node:path'
import { DatabaseSync, type StatementSync } from 'node:sqlite'
import { DAY, type Millis, type SpoolState } from '@hours/protocol'

/** A sealed, signed page that waits for its receipt. */
export interface SpooledPage {
  readonly epoch: number
  readonly seq: number
  readonly bytes: Uint8Array
}

/** How much a spool may hold; when it is full the oldest page goes, and the drop is told in the next page. */
export interface SpoolBounds {
  readonly maxBytes: number
  readonly maxAgeDays: number
}

/** Everything a gateway must not lose, in one SQLite file (WAL, synchronous FULL). */
export interface Spool {
  /** Adds a page and the state that goes with it in one commit. */
  addPage(
    page: SpooledPage & { from: Millis; to: Millis },
    state: Readonly<Record<string, Uint8Array | string>>,
  ): void
  /** Pages after (epoch, seq), oldest first. */
  pagesAfter(epoch: number, seq: number, limit: number): readonly SpooledPage[]
  pageBytes(epoch: number, seq: number): Uint8Array | undefined
  /** Lets go of what a verified receipt lists. */
  release(epoch: number, seqs: readonly number[]): void
  /** Moves a refused page aside; it is kept 30 days. */
  refuse(page: { epoch: number; seq: number; at: Millis; code: string; reason: string }): void
  refused(): readonly { epoch: number; seq: number; code: string; reason: string }[]
  addPower(from: Millis, bytes: Uint8Array): void
  powerAfter(id: number, limit: number): readonly { id: number; bytes: Uint8Array }[]
  releasePower(id: number): void
  get(key: string): Uint8Array | undefined
  set(key: string, value: Uint8Array | string): void
  state(): SpoolState
  pages(): number
  /** Set when an unreadable file was moved aside at opening. */
  readonly damaged: string | undefined
  close(): void
}

/** 1-min power is worth less than pages: it may take at most this share of the bound. */
const powerShare = 0.2
const refusedDays = 30

/** Opens the spool at `path` (`:memory:` for tests), moving a damaged file aside instead of failing for ever. */
export function openSpool(path: string, bounds: SpoolBounds, now: () => Millis): Spool {
  if (path !== ':memory:') mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
  let damaged: string | undefined
  let db: DatabaseSync
  try {
    db = openDatabase(path)
  } catch (cause) {
    if (path === ':memory:' || !existsSync(path)) throw cause
    damaged = `${path}.damaged-${now()}`
    renameSync(path, damaged)
    for (const end of ['-wal', '-shm']) if (existsSync(path + end)) renameSync(path + end, damaged + end)
    db = openDatabase(path)
  }
  return spoolOf(db, bounds, now, damaged)
}

function openDatabase(path: string): DatabaseSync {
  const db = new DatabaseSync(path)
  db.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA auto_vacuum = INCREMENTAL')
  db.exec(`
    CREATE TABLE IF NOT EXISTS page (epoch INTEGER, seq INTEGER, ends INTEGER NOT NULL, begins INTEGER NOT NULL,
      bytes BLOB NOT NULL, PRIMARY KEY (epoch, seq)) STRICT, WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS power (id INTEGER PRIMARY KEY, begins INTEGER NOT NULL, bytes BLOB NOT NULL) STRICT;
    CREATE TABLE IF NOT EXISTS refused (epoch INTEGER, seq INTEGER, at INTEGER NOT NULL, code TEXT NOT NULL,
      reason TEXT NOT NULL, bytes BLOB, PRIMARY KEY (epoch, seq)) STRICT, WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS state (key TEXT PRIMARY KEY, value BLOB NOT NULL) STRICT, WITHOUT ROWID;`)
  const check = db.prepare('PRAGMA quick_check(1)').get() as { quick_check?: string } | undefined
  if (check?.quick_check !== 'ok') throw new Error(`quick_check: ${check?.quick_check ?? 'no answer'}`)
  return db
}

function spoolOf(
  db: DatabaseSync,
  bounds: SpoolBounds,
  now: () => Millis,
  damaged: string | undefined,
): Spool {
  const run = (sql: string): StatementSync => db.prepare(sql)
  const insertPage = run(
    'INSERT OR IGNORE INTO page (epoch, seq, begins, ends, bytes) VALUES (?, ?, ?, ?, ?)',
  )
  const selectAfter = run(
    'SELECT epoch, seq, bytes FROM page WHERE (epoch, seq) > (?, ?) ORDER BY epoch, seq LIMIT ?',
  )
  const selectPage = run('SELECT bytes FROM page WHERE epoch = ? AND seq = ?')
  const deletePage = run('DELETE FROM page WHERE epoch = ? AND seq = ?')
  const sums = run('SELECT count(*) AS pages, min(begins) AS oldest, total(length(bytes)) AS size FROM page')
  const oldest = run('SELECT epoch, seq, ends, length(bytes) AS size FROM page ORDER BY epoch, seq LIMIT 1')
  const setState = run('INSERT OR REPLACE INTO state (key, value) VALUES (?, ?)')
  const getState = run('SELECT value FROM state WHERE key = ?')
  const addPowerRow = run('INSERT INTO power (begins, bytes) VALUES (?, ?)')
  const powerSize = run('SELECT total(length(bytes)) AS size FROM power')
  const dropPower = run('DELETE FROM power WHERE id = (SELECT min(id) FROM power)')
  const first = sums.get() as { pages: number; oldest: number | null; size: number }
  let count = first.pages
  let bytes = first.size
  let dropped = Number(text(read('dropped')) ?? 0)

  function read(key: string): Uint8Array | undefined {
    return (getState.get(key) as { value: Uint8Array } | undefined)?.value
  }
  const blob = (value: Uint8Array | string) => (typeof value === 'string' ? Buffer.from(value) : value)

  function together(work: () => void): void {
    db.exec('BEGIN IMMEDIATE')
    try {
      work()
      db.exec('COMMIT')
    } catch (error) {
      db.exec('ROLLBACK')
      throw error
    }
  }

  function makeRoom(): void {
    const limit = now() - bounds.maxAgeDays * DAY
    for (;;) {
      const row = oldest.get() as { epoch: number; seq: number; ends: number; size: number } | undefined
      if (!row || (bytes <= bounds.maxBytes && row.ends >= limit)) return
      deletePage.run(row.epoch, row.seq)
      bytes -= row.size
      count -= 1
      dropped += 1
      setState.run('dropped', Buffer.from(String(dropped)))
    }
  }

  return {
    damaged,
    addPage(page, state) {
      together(() => {
        insertPage.run(page.epoch, page.seq, page.from, page.to, page.bytes)
        bytes += page.bytes.length
        count += 1
        for (const [key, value] of Object.entries(state)) setState.run(key, blob(value))
        makeRoom()
      })
    },
    pagesAfter: (epoch, seq, limit) => selectAfter.all(epoch, seq, limit) as unknown as SpooledPage[],
    pageBytes: (epoch, seq) => (selectPage.get(epoch, seq) as { bytes: Uint8Array } | undefined)?.bytes,
    release(epoch, seqs) {
      together(() => {
        for (const seq of seqs) {
          const row = selectPage.get(epoch, seq) as { bytes: Uint8Array } | undefined
          if (!row) continue
          deletePage.run(epoch, seq)
          bytes -= row.bytes.length
          count -= 1
        }
      })
    },
    refuse({ epoch, seq, at, code, reason }) {
      together(() => {
        const row = selectPage.get(epoch, seq) as { bytes: Uint8Array } | undefined
        run('INSERT OR REPLACE INTO refused VALUES (?, ?, ?, ?, ?, ?)').run(
          epoch,
          seq,
          at,
          code,
          reason,
          row?.bytes ?? null,
        )
        run('DELETE FROM refused WHERE at < ?').run(at - refusedDays * DAY)
        if (!row) return
        deletePage.run(epoch, seq)
        bytes -= row.bytes.length
        count -= 1
      })
    },
    refused: () =>
      run('SELECT epoch, seq, code, reason FROM refused ORDER BY epoch, seq').all() as unknown as {
        epoch: number
        seq: number
        code: string
        reason: string
      }[],
    addPower(from, report) {
      addPowerRow.run(from, report)
      const { size } = powerSize.get() as { size: number }
      for (let over = size - bounds.maxBytes * powerShare; over > 0; over -= report.length) dropPower.run()
    },
    powerAfter: (id, limit) =>
      run('SELECT id, bytes FROM power WHERE id > ? ORDER BY id LIMIT ?').all(id, limit) as unknown as {
        id: number
        bytes: Uint8Array
      }[],
    releasePower: (id) => void run('DELETE FROM power WHERE id = ?').run(id),
    get: read,
    set: (key, value) => void setState.run(key, blob(value)),
    state() {
      const row = sums.get() as { pages: number; oldest: number | null }
      return { pages: row.pages, oldest: row.oldest, dropped }
    },
    pages: () => count,
    close: () => db.close(),
  }
}

const text = (value: Uint8Array | undefined) =>
  value === undefined ? undefined : Buffer.from(value).toString()
