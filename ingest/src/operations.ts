import type { DatabaseSync } from 'node:sqlite'
import { IngestError } from './ingest-error.ts'
import { openDatabase } from './open-database.ts'

const schema = `
CREATE TABLE IF NOT EXISTS quarantine (id INTEGER PRIMARY KEY AUTOINCREMENT, at INTEGER NOT NULL, topic TEXT NOT NULL,
  gateway TEXT, seq INTEGER, code TEXT NOT NULL, reason TEXT NOT NULL, bytes BLOB NOT NULL);
CREATE INDEX IF NOT EXISTS quarantine_gateway ON quarantine (gateway);
CREATE TABLE IF NOT EXISTS power (instrument TEXT, day INTEGER, minutes BLOB NOT NULL, PRIMARY KEY (instrument, day)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS power_recent (day INTEGER NOT NULL, instrument TEXT NOT NULL, start INTEGER NOT NULL, minutes BLOB NOT NULL);
CREATE INDEX IF NOT EXISTS power_recent_day ON power_recent (day, instrument);
CREATE TABLE IF NOT EXISTS counters (instrument TEXT, start INTEGER, stop INTEGER NOT NULL, energy_ours INTEGER,
  energy_theirs INTEGER, on_ours INTEGER, on_theirs INTEGER, run_ours INTEGER, run_theirs INTEGER,
  PRIMARY KEY (instrument, start)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS passwords (gateway TEXT PRIMARY KEY, hash TEXT NOT NULL, revoked INTEGER NOT NULL DEFAULT 0) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS heads (origin TEXT PRIMARY KEY, size INTEGER NOT NULL, root TEXT NOT NULL) WITHOUT ROWID;
`

/** Changes when an earlier release could no longer read what this one writes. */
const schemaVersion = 1

/** Opens `operations.sqlite`: what is kept beside the log and cannot be made from it (stores.md). Back it up. */
export function openOperations(path: string): DatabaseSync {
  return openDatabase(path, (db) => {
    db.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL')
    const version = Number(db.prepare('PRAGMA user_version').get()?.['user_version'])
    if (version > schemaVersion)
      throw new IngestError(
        'bad_option',
        `${path} was written by a newer release (schema ${version}, this one knows ${schemaVersion}). Fix: that release, or a backup from before the upgrade.`,
      )
    db.exec(`PRAGMA user_version = ${schemaVersion}`)
    db.exec(schema)
  })
}
