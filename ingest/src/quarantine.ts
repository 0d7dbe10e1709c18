import type { DatabaseSync } from 'node:sqlite'
import { DAY, type Millis } from '@hours/protocol'
import { inTransaction } from './index/index-db.ts'
import type { Quarantine } from './ports.ts'

/** Refused bytes are kept so long (records.md, section 6). */
const keptMs = 30 * DAY
/** And so many, the newest, of one gateway and in all; a hostile gateway must not fill the disk. */
const maxOfGateway = 500
const maxItems = 20_000
const maxBytesKept = 65_536
/** Written together: each on its own costs a flood's victim more than it costs the flood. */
const together = { items: 200, bytes: 4 * 1024 * 1024 }
/** So many wait for a disk that takes nothing; then the oldest go. */
const maxWaiting = 2_000
const trimEvery = 2_000

type Item = Parameters<Quarantine['put']>[0]

/** The quarantine, with how many of a gateway's messages are in it. */
export interface QuarantineStore extends Quarantine {
  countOf(gateway: string): number
  /** Removes what is older than 30 days, or more than fits. */
  trim(now: Millis): void
  /** Writes what was put and waits: at the latest before anybody reads. Throws when the disk takes nothing. */
  flush(): void
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
  const counts = db.prepare('SELECT gateway, count(*) AS n FROM quarantine GROUP BY gateway')
  // IS: what has no gateway counts as one sender.
  const many = db.prepare(
    `DELETE FROM quarantine WHERE gateway IS ?1 AND id <=
      (SELECT id FROM quarantine WHERE gateway IS ?1 ORDER BY id DESC LIMIT 1 OFFSET ?2)`,
  )
  let sinceTrim = 0
  let waiting: Item[] = []
  let waitingBytes = 0

  function trim(now: Millis): void {
    old.run(now - keptMs)
    const senders = counts
      .all()
      .map(({ gateway, n }) => ({ gateway: gateway as string | null, n: Number(n) }))
    const most = mostOfEach(senders.map(({ n }) => n))
    for (const { gateway, n } of senders) if (n > most) many.run(gateway, most)
    sinceTrim = 0
  }

  function flush(): void {
    if (waiting.length === 0) return
    inTransaction(db, () => {
      for (const { at, topic, gateway, seq, code, reason, bytes } of waiting)
        insert.run(at, topic, gateway, seq, code, reason, bytes)
    })
    sinceTrim += waiting.length
    const now = waiting.at(-1)?.at ?? 0
    waiting = []
    waitingBytes = 0
    if (sinceTrim >= trimEvery) trim(now)
  }

  /** As `flush`; what cannot be written waits on, and the housekeeping's try raises the alarm. */
  function tryFlush(): void {
    try {
      flush()
    } catch {
      waiting = waiting.slice(-maxWaiting)
    }
  }

  return {
    put({ topic, reason, bytes, ...rest }) {
      // A copy: the bytes are part of a larger buffer of the network.
      const kept = new Uint8Array(bytes.subarray(0, maxBytesKept))
      waiting.push({ ...rest, topic: topic.slice(0, 300), reason: reason.slice(0, 500), bytes: kept })
      waitingBytes += kept.length
      if (waiting.length % together.items === 0 || waitingBytes >= together.bytes) tryFlush()
    },
    list(limit, before = Number.MAX_SAFE_INTEGER) {
      tryFlush()
      return list.all(before, Math.min(Math.max(0, limit), 1_000)).map((row) => ({
        id: Number(row['id']),
        at: Number(row['at']),
        topic: String(row['topic']),
        gateway: row['gateway'] === null ? null : String(row['gateway']),
        seq: row['seq'] === null ? null : Number(row['seq']),
        code: String(row['code']),
        reason: String(row['reason']),
        size: Number(row['size']),
      }))
    },
    bytes(id) {
      tryFlush()
      const found = one.get(id)?.['bytes']
      return found instanceof Uint8Array ? found : undefined
    },
    count() {
      tryFlush()
      return Number(all.get()?.['n'] ?? 0)
    },
    countOf(gateway) {
      tryFlush()
      return Number(some.get(gateway)?.['n'] ?? 0)
    },
    trim,
    flush,
  }
}

/** So many of each sender that all fit: those with few keep theirs, whatever others send. */
function mostOfEach(counts: readonly number[]): number {
  let most = maxOfGateway
  const kept = () => counts.reduce((sum, n) => sum + Math.min(n, most), 0)
  while (most > 1 && kept() > maxItems) most = Math.floor(most / 2)
  return most
}
