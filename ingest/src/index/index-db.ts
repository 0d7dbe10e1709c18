import { rmSync } from 'node:fs'
import type { DatabaseSync } from 'node:sqlite'
import { figureSchema } from '../figures/figure-schema.ts'
import type { IngestError } from '../ingest-error.ts'
import { checkDatabase, isDamaged, openDatabase, watchDamage } from '../open-database.ts'
import { reportedBit } from './page-mark.ts'

/** Another number throws the file away and makes it again from the log. */
export const indexSchemaVersion = 5

const schema = `
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
-- Every entry of the log by the SHA-256 of its bytes.
CREATE TABLE entries (hash BLOB PRIMARY KEY, year INTEGER NOT NULL, idx INTEGER NOT NULL) WITHOUT ROWID;
-- Operator and service records, bodies as JSON.
CREATE TABLE records (year INTEGER, idx INTEGER, kind TEXT NOT NULL, hash TEXT NOT NULL, body TEXT NOT NULL,
  PRIMARY KEY (year, idx)) WITHOUT ROWID;
CREATE TABLE times (year INTEGER, idx INTEGER, at INTEGER NOT NULL, PRIMARY KEY (year, idx)) WITHOUT ROWID;
-- latest = end of the newest page; longest = longest page, ms: bounds of range scans.
CREATE TABLE instruments (id INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, latest INTEGER NOT NULL, longest INTEGER NOT NULL);
CREATE TABLE chains (id INTEGER PRIMARY KEY, gateway TEXT NOT NULL, epoch INTEGER NOT NULL, state TEXT NOT NULL,
  received INTEGER NOT NULL, late INTEGER NOT NULL, UNIQUE (gateway, epoch));
-- mark: see page-mark.ts.
CREATE TABLE pages (chain INTEGER, seq INTEGER, year INTEGER, idx INTEGER, start INTEGER NOT NULL, stop INTEGER NOT NULL,
  digest TEXT NOT NULL, mark INTEGER NOT NULL, earliest INTEGER, PRIMARY KEY (chain, seq, year, idx)) WITHOUT ROWID;
-- What one page says of one instrument; spans as in the page, or NULL when one state (number) fills it.
CREATE TABLE accounts (instrument INTEGER, start INTEGER, year INTEGER, idx INTEGER, stop INTEGER NOT NULL,
  chain INTEGER NOT NULL, seq INTEGER NOT NULL, mark INTEGER NOT NULL, state INTEGER NOT NULL, spans TEXT,
  PRIMARY KEY (instrument, start, year, idx)) WITHOUT ROWID;
-- Growth of counters across gaps between pages of a chain.
CREATE TABLE recoveries (instrument INTEGER, start INTEGER, chain INTEGER, stop INTEGER NOT NULL, onms INTEGER NOT NULL,
  runms INTEGER NOT NULL, before INTEGER NOT NULL, after INTEGER NOT NULL, PRIMARY KEY (instrument, start, chain)) WITHOUT ROWID;
-- Known time of a civil day, ms; what is not known follows from the enrolment.
CREATE TABLE days (instrument INTEGER, start INTEGER, stop INTEGER NOT NULL, off INTEGER NOT NULL, standby INTEGER NOT NULL,
  run INTEGER NOT NULL, fault INTEGER NOT NULL, live INTEGER NOT NULL, late INTEGER NOT NULL, recovered INTEGER NOT NULL,
  PRIMARY KEY (instrument, start)) WITHOUT ROWID;
`

/**
 * What the series store has yet to be told. An index of a release that had no such list begins with the last week: what
 * that release knew of it died with its process.
 */
const untoldSchema = `
CREATE TABLE series_days (start INTEGER, instrument INTEGER, stop INTEGER NOT NULL, mark INTEGER NOT NULL,
  PRIMARY KEY (start, instrument)) WITHOUT ROWID;
CREATE TABLE series_years (instrument INTEGER, start INTEGER, stop INTEGER NOT NULL, told INTEGER NOT NULL,
  changed INTEGER NOT NULL, PRIMARY KEY (instrument, start)) WITHOUT ROWID;
INSERT INTO series_days SELECT start, instrument, stop, 1 FROM days
  WHERE start > (SELECT max(start) FROM days) - 7 * 86400000;
`

/** Rows of the lower grade of evidence are few, and asked for by themselves. */
const reportedSchema = `CREATE INDEX IF NOT EXISTS accounts_reported ON accounts (instrument, start)
  WHERE (mark & ${reportedBit}) <> 0`

/**
 * Opens `index.sqlite`, durable at each commit; one of another schema, or damaged, is thrown away and made again. Damage that
 * is come upon later is thrown as `store_failed`, and told to `onDamage`.
 */
export function openIndexDb(path: string, onDamage?: (error: IngestError) => void): DatabaseSync {
  const db = openDb(path)
  watchDamage(db, { path, fix: 'start again; it is made again from the log then', onDamage })
  const version = Number(Object.values(db.prepare('PRAGMA user_version').get() ?? {})[0])
  if (version === indexSchemaVersion) {
    if (!hasTable(db, 'series_days')) db.exec(`BEGIN; ${untoldSchema} COMMIT`)
    db.exec(reportedSchema)
    return db
  }
  if (version !== 0) {
    db.close()
    removeIndexDb(path)
    return openIndexDb(path, onDamage)
  }
  db.exec(
    `BEGIN; ${schema} ${figureSchema} ${untoldSchema} ${reportedSchema}; PRAGMA user_version = ${indexSchemaVersion}; COMMIT`,
  )
  return db
}

/** Removes the file with its journal. */
export function removeIndexDb(path: string): void {
  for (const end of ['', '-wal', '-shm']) rmSync(path + end, { force: true })
}

function openDb(path: string): DatabaseSync {
  const open = () => {
    const db = openDatabase(path, (opening) => {
      opening.exec(
        'PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA temp_store = MEMORY; PRAGMA cache_size = -65536',
      )
      opening.prepare('SELECT count(*) FROM sqlite_schema').get()
    })
    if (path !== ':memory:') checkDatabase(db, path)
    return db
  }
  try {
    return open()
  } catch (error) {
    if (!isDamaged(error)) throw error
    removeIndexDb(path)
    return open()
  }
}

/** Whether the database has this table. */
export const hasTable = (db: DatabaseSync, name: string): boolean =>
  db.prepare("SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = ?").get(name) !== undefined

/** Runs `work` in one transaction. */
export function inTransaction<T>(db: DatabaseSync, work: () => T): T {
  db.exec('BEGIN IMMEDIATE')
  try {
    const result = work()
    db.exec('COMMIT')
    return result
  } catch (error) {
    // SQLite itself has rolled back what a full disk ended; another ROLLBACK would hide why.
    if (db.isTransaction) db.exec('ROLLBACK')
    throw error
  }
}
