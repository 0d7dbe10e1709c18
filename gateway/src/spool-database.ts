import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import type { Millis } from '@hours/protocol'
import { GatewayError } from './gateway-error.ts'

/** An open spool file, and what had to be done to open it. */
export interface SpoolDatabase {
  readonly db: DatabaseSync
  /** Where an unreadable file was moved to. */
  readonly damaged: string | undefined
  /** The epoch a new chain begins with: never one that may have been used by a spool that is gone. */
  readonly epoch: number
  /** The chain of an earlier spool is gone: the operator has to open `epoch`. */
  readonly lost: boolean
}

const schema = `
  CREATE TABLE IF NOT EXISTS page (epoch INTEGER, seq INTEGER, begins INTEGER NOT NULL, ends INTEGER NOT NULL,
    bytes BLOB NOT NULL, PRIMARY KEY (epoch, seq)) STRICT, WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS power (id INTEGER PRIMARY KEY, begins INTEGER NOT NULL, bytes BLOB NOT NULL) STRICT;
  CREATE TABLE IF NOT EXISTS refused (epoch INTEGER, seq INTEGER, at INTEGER NOT NULL, code TEXT NOT NULL,
    reason TEXT NOT NULL, bytes BLOB, PRIMARY KEY (epoch, seq)) STRICT, WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS journal (id INTEGER PRIMARY KEY, begins INTEGER NOT NULL, ends INTEGER NOT NULL,
    bytes BLOB NOT NULL) STRICT;
  CREATE TABLE IF NOT EXISTS sketch (instrument TEXT, hour INTEGER, watts BLOB NOT NULL,
    PRIMARY KEY (instrument, hour)) STRICT, WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS state (key TEXT PRIMARY KEY, value BLOB NOT NULL) STRICT, WITHOUT ROWID;`

/**
 * Opens the spool's file (`:memory:` for tests). A damaged file is moved aside, never deleted and never tried again. Its
 * chain went with it, and a second seq 0 of the same epoch would void that epoch (records.md, section 6): the epoch
 * begun is therefore also kept in a file beside the spool. Throws GatewayError `spool_locked`, `spool_unusable`.
 */
export function openSpoolDatabase(path: string, now: () => Millis): SpoolDatabase {
  if (path === ':memory:') return { db: open(path), damaged: undefined, epoch: 0, lost: false }
  const beside = `${path}.epoch`
  let damaged: string | undefined
  let db: DatabaseSync
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
    db = open(path)
  } catch (cause) {
    if (!isDamage(cause) || !existsSync(path)) throw asGatewayError(path, cause)
    damaged = `${path}.damaged-${now()}`
    renameSync(path, damaged)
    for (const end of ['-wal', '-shm']) if (existsSync(path + end)) renameSync(path + end, damaged + end)
    db = open(path)
  }
  const begun = existsSync(beside) ? Number(readFileSync(beside, 'utf8')) : damaged ? 0 : undefined
  const chain = db.prepare("SELECT 1 FROM state WHERE key = 'chain'").get()
  const kept = db.prepare("SELECT value FROM state WHERE key = 'epoch'").get() as
    | { value: Uint8Array }
    | undefined
  const known = kept ? Number(Buffer.from(kept.value).toString()) : undefined
  // Same epoch in both places, no page yet: the spool is the one that the file speaks of.
  const lost = chain === undefined && known === undefined && begun !== undefined
  const epoch = lost ? begun + 1 : (known ?? begun ?? 0)
  if (begun !== epoch) writeFileSync(beside, String(epoch), { mode: 0o600, flush: true })
  if (known === undefined)
    db.prepare("INSERT OR REPLACE INTO state (key, value) VALUES ('epoch', ?)").run(
      Buffer.from(String(epoch)),
    )
  return { db, damaged, epoch, lost }
}

function open(path: string): DatabaseSync {
  const db = new DatabaseSync(path)
  try {
    // One process owns the file; a second one is told so instead of writing a second chain.
    // Small pages, because the journal's small commits are most of what is written (an SD card wears by it).
    db.exec(
      'PRAGMA page_size = 1024; PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL',
    )
    db.exec(`BEGIN IMMEDIATE; ${schema} COMMIT`)
    const check = db.prepare('PRAGMA quick_check(1)').get() as { quick_check?: string } | undefined
    if (check?.quick_check !== 'ok')
      throw new GatewayError('spool_damaged', `quick_check: ${check?.quick_check ?? 'no answer'}`)
    return db
  } catch (cause) {
    db.close()
    throw cause
  }
}

/** SQLite's result codes: 5 BUSY, 6 LOCKED, 11 CORRUPT, 26 NOTADB. */
const codeOf = (cause: unknown): number =>
  cause instanceof Error && 'errcode' in cause && typeof cause.errcode === 'number' ? cause.errcode & 0xff : 0

const isDamage = (cause: unknown) =>
  [11, 26].includes(codeOf(cause)) || (cause instanceof GatewayError && cause.code === 'spool_damaged')

function asGatewayError(path: string, cause: unknown): GatewayError {
  if ([5, 6].includes(codeOf(cause)))
    return new GatewayError(
      'spool_locked',
      `${path} is in use: another gateway runs on this folder. Fix: stop it, or give this one its own --data.`,
      { cause },
    )
  const why = cause instanceof Error ? cause.message : String(cause)
  return new GatewayError(
    'spool_unusable',
    `${path}: ${why}. Fix: a folder this user may write to, with space left.`,
    {
      cause,
    },
  )
}
