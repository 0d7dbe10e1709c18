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
  /** An hour of one instrument's watts at fixed steps, NaN where none was read; for calibration alone. */
  addSketch(instrument: string, hour: Millis, watts: Float32Array<ArrayBuffer>): void
  /** In order of time. */
  sketches(instrument: string): { readonly hour: Millis; readonly cells: Float32Array<ArrayBuffer> }[]
  dropSketches(instrument: string, before: Millis): void
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
  const insertSketch = db.prepare('INSERT OR REPLACE INTO sketch VALUES (?, ?, ?)')
  const selectSketch = db.prepare('SELECT hour, watts FROM sketch WHERE instrument = ? ORDER BY hour')
  const dropSketch = db.prepare('DELETE FROM sketch WHERE instrument = ? AND hour < ?')
  return {
    addSketch: (instrument, hour, watts) =>
      void insertSketch.run(instrument, hour, new Uint8Array(watts.buffer)),
    sketches: (instrument) =>
      selectSketch.all(instrument).map(({ hour, watts }) => ({
        hour: Number(hour),
        cells: new Float32Array((watts as Uint8Array).slice().buffer),
      })),
    dropSketches: (instrument, before) => void dropSketch.run(instrument, before),
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
