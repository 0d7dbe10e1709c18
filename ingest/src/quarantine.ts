import type { DatabaseSync } from 'node:sqlite'
import { DAY, type Millis } from '@hours/protocol'
import type { Quarantine } from './ports.ts'

/** Refused bytes are kept so long (records.md, section 6). */
const keptMs = 30 * DAY
/** And so many, the newest; a hostile gateway must not fill the disk. */
const maxItems = 20_000
const maxBytesKept = 65_536

/** The quarantine, with how many of a gateway's messages are in it. */
export interface QuarantineStore extends Quarantine {
  countOf(gateway: string): number
  /** Removes what is older than 30 days, or more than fits. */
  trim(now: Millis): void
}

export function createQuarantine(db: DatabaseSync): QuarantineStore {
  const insert = db.prepare(
    'INSERT INTO quarantine (at, topic, gateway, seq, code, reason, bytes) VALUES (?, ?, ?, ?, ?, ?, ?)',
  )
  const list = db.prepare(
    'SELECT id, at, topic, gateway, seq, code, reason, length(bytes) AS size FROM quarantine WHERE id < ? ORDER BY id DESC LIMIT ?',
  )
  const one = db.prepare('SELECT bytes FROM quarantine WHERE id = ?')
  const all = db.prepare('SELECT count(*) AS n FROM quarantine')
  const some = db.prepare('SELECT count(*) AS n FROM quarantine WHERE gateway = ?')
  const old = db.prepare('DELETE FROM quarantine WHERE at < ?')
  const many = db.prepare('DELETE FROM quarantine WHERE id <= (SELECT max(id) FROM quarantine) - ?')
  let sinceTrim = 0

  function trim(now: Millis): void {
    old.run(now - keptMs)
    many.run(maxItems)
    sinceTrim = 0
  }

  return {
    put({ at, topic, gateway, seq, code, reason, bytes }) {
      const kept = bytes.subarray(0, maxBytesKept)
      insert.run(at, topic.slice(0, 300), gateway, seq, code, reason.slice(0, 500), kept)
      sinceTrim += 1
      if (sinceTrim >= 500) trim(at)
    },
    list: (limit, before = Number.MAX_SAFE_INTEGER) =>
      list.all(before, Math.min(Math.max(0, limit), 1_000)).map((row) => ({
        id: Number(row['id']),
        at: Number(row['at']),
        topic: String(row['topic']),
        gateway: row['gateway'] === null ? null : String(row['gateway']),
        seq: row['seq'] === null ? null : Number(row['seq']),
        code: String(row['code']),
        reason: String(row['reason']),
        size: Number(row['size']),
      })),
    bytes(id) {
      const found = one.get(id)?.['bytes']
      return found instanceof Uint8Array ? found : undefined
    },
    count: () => Number(all.get()?.['n'] ?? 0),
    countOf: (gateway) => Number(some.get(gateway)?.['n'] ?? 0),
    trim,
  }
}
