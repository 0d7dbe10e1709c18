import { existsSync, mkdirSync, renameSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { DatabaseSync, type SQLInputValue, type SQLOutputValue } from 'node:sqlite'
import { IngestError } from './ingest-error.ts'

/** SQLite's primary result codes (sqlite3.h) that mean that the file is none, or no longer one. */
const damaged = [11, 26]

/** What may be the matter, by SQLite's primary result code; its own words name neither the file nor the fix. */
const fixes = new Map([
  [5, 'another process holds it; stop that one'],
  [8, 'the disk or the file is read-only; make it writable'],
  [10, 'the disk is full, read-only or failing; free space on it or mend it'],
  [11, 'the file is damaged; put it back from the backup'],
  [13, 'the disk is full; free space on it'],
  [14, 'the folder is read-only or may not be written by this account'],
  [26, 'it is no database; put it back from the backup'],
])

/** Opens the database at `path` and runs `setUp` on it. Throws `store_failed`, which names the file and the fix. */
export function openDatabase(path: string, setUp: (db: DatabaseSync) => void): DatabaseSync {
  let db: DatabaseSync | undefined
  try {
    mkdirSync(dirname(path), { recursive: true })
    db = new DatabaseSync(path, { timeout: 5_000 })
    setUp(db)
    return db
  } catch (error) {
    db?.close()
    const code = codeOf(error)
    if (code === undefined) throw error
    const fix = fixes.get(code) ?? `SQLite says ${code}`
    throw new IngestError('store_failed', `${path}: ${(error as Error).message}. Fix: ${fix}.`, {
      cause: error,
    })
  }
}

/** A larger file takes seconds to be looked through; damage in it is found when it is read. */
const checkedBytes = 64 * 1024 * 1024

/** Looks through a small database for what a torn file leaves behind its first pages; throws `store_failed`. */
export function checkDatabase(db: DatabaseSync, path: string): void {
  if (statSync(path).size > checkedBytes) return
  let said: unknown
  try {
    said = Object.values(db.prepare('PRAGMA quick_check(1)').get() ?? {})[0]
  } catch (error) {
    said = (error as Error).message
  }
  if (said === 'ok') return
  db.close()
  const cause = Object.assign(new Error(String(said)), { errcode: 11 })
  throw new IngestError('store_failed', `${path}: ${cause.message}. Fix: ${fixes.get(11) ?? ''}.`, { cause })
}

/**
 * Gives a table of an earlier release a column that this one has added; `column` is its definition, with a default so
 * that the earlier one can still write. Whether it was missing.
 */
export function addColumn(db: DatabaseSync, table: string, column: string): boolean {
  const [name] = column.split(' ')
  const isThere = () =>
    db
      .prepare(`PRAGMA table_info(${table})`)
      .all()
      .some((one) => one['name'] === name)
  if (isThere()) return false
  // Once more inside: a console and a service may open the file side by side.
  db.exec('BEGIN IMMEDIATE')
  try {
    const missing = !isThere()
    if (missing) db.exec(`ALTER TABLE ${table} ADD COLUMN ${column}`)
    db.exec('COMMIT')
    return missing
  } catch (error) {
    if (db.isTransaction) db.exec('ROLLBACK')
    throw error
  }
}

/**
 * As `openDatabase`, for a file that the log can make again: one that is damaged is set aside under another name and
 * begun anew, so that it keeps nothing else from starting. `setAside` is where it lies then.
 */
export function openProjection(
  path: string,
  setUp: (db: DatabaseSync) => void,
): { readonly db: DatabaseSync; readonly setAside?: string } {
  const open = () => {
    const db = openDatabase(path, setUp)
    if (path !== ':memory:') checkDatabase(db, path)
    return db
  }
  try {
    return { db: open() }
  } catch (error) {
    if (!isDamaged(error)) throw error
    const setAside = moveAside(path)
    return { db: open(), setAside }
  }
}

/** With its journal, which belongs to it and to no file that comes after. */
function moveAside(path: string): string {
  let n = 1
  while (existsSync(`${path}.damaged-${n}`)) n += 1
  const to = `${path}.damaged-${n}`
  for (const end of ['', '-wal', '-shm']) if (existsSync(path + end)) renameSync(path + end, to + end)
  return to
}

/**
 * Whether `error` of `openDatabase`, `checkDatabase` or `watchDamage` says that the content of the file (at `path`, where it
 * is given) is no database any more.
 */
export const isDamaged = (error: unknown, path = ''): boolean =>
  error instanceof IngestError && damaged.includes(codeOf(error.cause) ?? 0) && error.message.startsWith(path)

/**
 * Has every statement of `db` say of damage where it lies, wherever SQLite first comes upon it: a file is read long after it
 * was opened. `onDamage` hears the `store_failed` that is thrown then, with `fix` in it; other errors pass as they are.
 */
export function watchDamage(
  db: DatabaseSync,
  {
    path,
    fix,
    onDamage,
  }: { path: string; fix: string; onDamage?: ((error: IngestError) => void) | undefined },
): void {
  const told = (error: unknown): unknown => {
    if (error instanceof IngestError || !damaged.includes(codeOf(error) ?? 0)) return error
    const damage = new IngestError('store_failed', `${path}: ${(error as Error).message}. Fix: ${fix}.`, {
      cause: error,
    })
    onDamage?.(damage)
    return damage
  }
  const watched =
    <A extends unknown[], R>(call: (...given: A) => R) =>
    (...given: A): R => {
      try {
        return call(...given)
      } catch (error) {
        throw told(error)
      }
    }
  const prepare = watched(db.prepare.bind(db))
  db.exec = watched(db.exec.bind(db))
  db.prepare = (sql) => {
    const statement = prepare(sql)
    const iterate = statement.iterate.bind(statement) as (...given: SQLInputValue[]) => Iterable<Row>
    return Object.assign(statement, {
      run: watched(statement.run.bind(statement)),
      get: watched(statement.get.bind(statement)),
      all: watched(statement.all.bind(statement)),
      iterate: function* (...given: SQLInputValue[]) {
        try {
          yield* iterate(...given)
        } catch (error) {
          throw told(error)
        }
      },
    })
  }
}

type Row = Record<string, SQLOutputValue>

/** The primary result code of an error of node:sqlite. */
function codeOf(error: unknown): number | undefined {
  const code = (error as { errcode?: unknown } | undefined)?.errcode
  return typeof code === 'number' ? code & 0xff : undefined
}
