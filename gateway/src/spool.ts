import type { DatabaseSync } from 'node:sqlite'
import { DAY, type Millis, type SpoolState } from '@hours/protocol'
import { openSpoolDatabase } from './spool-database.ts'
import { createSpoolSide, type SpoolSide } from './spool-side.ts'

/** A sealed, signed page that waits for its receipt. */
export interface SpooledPage {
  readonly epoch: number
  readonly seq: number
  readonly bytes: Uint8Array
}

export type PageName = Pick<SpooledPage, 'epoch' | 'seq'>

/** How much a spool may hold; when it is full the oldest page goes, and the drop is told in the next page. */
export interface SpoolBounds {
  readonly maxBytes: number
  readonly maxAgeDays: number
}

/** Everything a gateway must not lose, in one SQLite file (WAL, synchronous FULL). */
export interface Spool extends SpoolSide {
  /** Adds a page and the state that goes with it in one commit. */
  addPage(
    page: SpooledPage & { from: Millis; to: Millis },
    state: Readonly<Record<string, Uint8Array | string>>,
  ): void
  /** The page after (epoch, seq), oldest first. */
  pageAfter(after: PageName): PageName | undefined
  pageBytes(epoch: number, seq: number): Uint8Array | undefined
  /** Lets go of what a verified receipt lists. */
  release(epoch: number, seqs: readonly number[]): void
  /** Moves a refused page aside; it is kept 30 days. */
  refuse(page: PageName & { at: Millis; code: string; reason: string }): void
  refused(): readonly (PageName & { code: string; reason: string })[]
  get(key: string): Uint8Array | undefined
  set(key: string, value: Uint8Array | string): void
  /** Several values in one commit. */
  setAll(values: Readonly<Record<string, Uint8Array | string>>): void
  state(): SpoolState
  pages(): number
  /** The epoch a chain begins with. */
  readonly epoch: number
  /** An earlier spool of this gateway is gone; the operator has to open `epoch`. */
  readonly lost: boolean
  /** Set when an unreadable file was moved aside at opening. */
  readonly damaged: string | undefined
  close(): void
}

const refusedDays = 30

/** Opens the spool at `path` (`:memory:` for tests), moving a damaged file aside instead of failing for ever. */
export function openSpool(
  path: string,
  bounds: SpoolBounds,
  now: () => Millis,
  options: SpoolOptions = {},
): Spool {
  const { db, ...opened } = openSpoolDatabase(path, now)
  if (options.survivesPowerCut === false) db.exec('PRAGMA synchronous = NORMAL')
  return { ...spoolOf(db, bounds, now), ...createSpoolSide(db, bounds), ...opened }
}

export interface SpoolOptions {
  /** False only where days of simulated history pass in seconds: then a kill loses nothing, but a power cut may. */
  readonly survivesPowerCut?: boolean
}

type PageRow = SpooledPage & { readonly ends: number; readonly size: number }

function spoolOf(db: DatabaseSync, bounds: SpoolBounds, now: () => Millis) {
  const insertPage = db.prepare(
    'INSERT OR IGNORE INTO page (epoch, seq, begins, ends, bytes) VALUES (?, ?, ?, ?, ?)',
  )
  const selectAfter = db.prepare(
    'SELECT epoch, seq FROM page WHERE (epoch, seq) > (?, ?) ORDER BY epoch, seq LIMIT 1',
  )
  const selectPage = db.prepare('SELECT bytes FROM page WHERE epoch = ? AND seq = ?')
  const deletePage = db.prepare(
    'DELETE FROM page WHERE epoch = ? AND seq = ? RETURNING length(bytes) AS size',
  )
  const oldest = db.prepare(
    'SELECT epoch, seq, begins, ends, length(bytes) AS size FROM page ORDER BY epoch, seq LIMIT 1',
  )
  const setState = db.prepare('INSERT OR REPLACE INTO state (key, value) VALUES (?, ?)')
  const getState = db.prepare('SELECT value FROM state WHERE key = ?')
  const addRefused = db.prepare('INSERT OR REPLACE INTO refused VALUES (?, ?, ?, ?, ?, ?)')
  const first = db.prepare('SELECT count(*) AS pages, total(length(bytes)) AS size FROM page').get() as {
    pages: number
    size: number
  }
  let count = first.pages
  let bytes = first.size
  let dropped = Number(Buffer.from(read('dropped') ?? '0').toString())

  function read(key: string): Uint8Array | undefined {
    return (getState.get(key) as { value: Uint8Array } | undefined)?.value
  }
  const blob = (value: Uint8Array | string) => (typeof value === 'string' ? Buffer.from(value) : value)

  /** One commit, and sums that follow it only when it holds. */
  function together(work: () => void): void {
    const before = [count, bytes, dropped] as const
    db.exec('BEGIN IMMEDIATE')
    try {
      work()
      db.exec('COMMIT')
    } catch (error) {
      ;[count, bytes, dropped] = before
      if (db.isTransaction) db.exec('ROLLBACK')
      throw error
    }
  }

  function remove({ epoch, seq }: PageName): void {
    const row = deletePage.get(epoch, seq) as { size: number } | undefined
    if (!row) return
    bytes -= row.size
    count -= 1
  }

  function makeRoom(): void {
    const limit = now() - bounds.maxAgeDays * DAY
    for (;;) {
      const row = oldest.get() as PageRow | undefined
      if (!row || (bytes <= bounds.maxBytes && row.ends >= limit)) return
      remove(row)
      dropped += 1
      setState.run('dropped', Buffer.from(String(dropped)))
    }
  }

  return {
    addPage(
      page: SpooledPage & { from: Millis; to: Millis },
      state: Readonly<Record<string, Uint8Array | string>>,
    ) {
      together(() => {
        const { changes } = insertPage.run(page.epoch, page.seq, page.from, page.to, page.bytes)
        if (Number(changes) > 0) {
          bytes += page.bytes.length
          count += 1
        }
        for (const [key, value] of Object.entries(state)) setState.run(key, blob(value))
        makeRoom()
      })
    },
    pageAfter: ({ epoch, seq }: PageName) => selectAfter.get(epoch, seq) as PageName | undefined,
    pageBytes: (epoch: number, seq: number) =>
      (selectPage.get(epoch, seq) as { bytes: Uint8Array } | undefined)?.bytes,
    release(epoch: number, seqs: readonly number[]) {
      if (seqs.length === 0) return
      together(() => {
        for (const seq of seqs) remove({ epoch, seq })
      })
    },
    refuse({ epoch, seq, at, code, reason }: PageName & { at: Millis; code: string; reason: string }) {
      together(() => {
        const row = selectPage.get(epoch, seq) as { bytes: Uint8Array } | undefined
        if (row) addRefused.run(epoch, seq, at, code, reason, row.bytes)
        db.prepare('DELETE FROM refused WHERE at < ?').run(at - refusedDays * DAY)
        remove({ epoch, seq })
      })
    },
    refused: () =>
      db
        .prepare('SELECT epoch, seq, code, reason FROM refused ORDER BY epoch, seq')
        .all() as unknown as (PageName & { code: string; reason: string })[],
    get: read,
    set: (key: string, value: Uint8Array | string) => void setState.run(key, blob(value)),
    setAll(values: Readonly<Record<string, Uint8Array | string>>) {
      together(() => {
        for (const [key, value] of Object.entries(values)) setState.run(key, blob(value))
      })
    },
    state(): SpoolState {
      const row = oldest.get() as { begins: number } | undefined
      return { pages: count, oldest: row?.begins ?? null, dropped }
    },
    pages: () => count,
    close: () => db.close(),
  }
}
