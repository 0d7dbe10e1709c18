import type { DatabaseSync } from 'node:sqlite'
import type { Millis } from '@hours/protocol'
import type { SpoolBounds } from './spool.ts'

/** One stretch of the journal: the samples of a few seconds. */
export interface JournalRow {
  readonly id: number
  readonly begins: Millis
  readonly ends: Millis
  readonly bytes: Uint8Array
}

/** What lies beside the pages: 1-min power on its way, and the journal of raw samples (a ring). */
export interface SpoolSide {
  addPower(from: Millis, bytes: Uint8Array): void
  powerAfter(id: number): { readonly id: number; readonly bytes: Uint8Array } | undefined
  releasePower(id: number): void
  /** Appends to the journal and returns the row's id; the oldest rows go when it is full. */
  addJournal(row: Omit<JournalRow, 'id'>): number
  journalAfter(id: number): Iterable<JournalRow>
}

/** Shares of the spool's bound: power is worth less than pages, and the ring is a comfort. */
const powerShare = 0.2
const journalShare = 0.125

export function createSpoolSide(db: DatabaseSync, bounds: SpoolBounds): SpoolSide {
  const power = ring(db, 'power', bounds.maxBytes * powerShare)
  const journal = ring(db, 'journal', bounds.maxBytes * journalShare)
  const insertPower = db.prepare('INSERT INTO power (begins, bytes) VALUES (?, ?)')
  const selectPower = db.prepare('SELECT id, bytes FROM power WHERE id > ? ORDER BY id LIMIT 1')
  const insertJournal = db.prepare('INSERT INTO journal (begins, ends, bytes) VALUES (?, ?, ?)')
  return {
    addPower(from, bytes) {
      insertPower.run(from, bytes)
      power.added(bytes.length)
    },
    powerAfter: (id) => selectPower.get(id) as { id: number; bytes: Uint8Array } | undefined,
    releasePower: (id) => power.remove(id),
    addJournal({ begins, ends, bytes }) {
      const { lastInsertRowid } = insertJournal.run(begins, ends, bytes)
      journal.added(bytes.length)
      return Number(lastInsertRowid)
    },
    journalAfter: (id) =>
      db
        .prepare('SELECT id, begins, ends, bytes FROM journal WHERE id > ? ORDER BY id')
        .iterate(id) as unknown as Iterable<JournalRow>,
  }
}

/** Keeps a table within `limit` bytes by dropping its oldest rows, an eighth of a MiB at a time. */
function ring(db: DatabaseSync, table: 'power' | 'journal', limit: number) {
  const { size } = db.prepare(`SELECT total(length(bytes)) AS size FROM ${table}`).get() as { size: number }
  const removeOne = db.prepare(`DELETE FROM ${table} WHERE id = ? RETURNING length(bytes) AS size`)
  const first = db.prepare(`SELECT min(id) AS id FROM ${table}`)
  const slack = Math.min(131_072, limit / 8)
  let bytes = size
  function remove(id: number): void {
    const row = removeOne.get(id) as { size: number } | undefined
    bytes -= row?.size ?? 0
  }
  return {
    remove,
    added(length: number) {
      bytes += length
      if (bytes <= limit) return
      db.exec('BEGIN IMMEDIATE')
      try {
        while (bytes > limit - slack) {
          const { id } = first.get() as { id: number | null }
          if (id === null) break
          remove(id)
        }
        db.exec('COMMIT')
      } catch (error) {
        if (db.isTransaction) db.exec('ROLLBACK')
        throw error
      }
    },
  }
}
