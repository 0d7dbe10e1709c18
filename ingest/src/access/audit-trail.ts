import { createHash } from 'node:crypto'
import type { DatabaseSync } from 'node:sqlite'
import type { Clock, Millis } from '@hours/protocol'

/** Who did what: one line of the trail. */
export interface AuditEntry {
  readonly seq: number
  readonly at: Millis
  /** Account id; `-` where nobody was signed in, `console` for the command line. */
  readonly actor: string
  /** Such as `login`, `account.add`, `POST /api/v1/imports`. */
  readonly action: string
  /** What it was done to. */
  readonly target: string
  /** `ok`, or why not (`401`, `wrong`, `locked`). */
  readonly outcome: string
  /** SHA-256 (base64url) over the entry and the hash before. */
  readonly hash: string
}

export type AuditLine = Pick<AuditEntry, 'actor' | 'action' | 'target' | 'outcome'>

/**
 * The trail of who did what, append-only in operations.sqlite: triggers refuse changes, and each entry's hash holds
 * those before, so that whoever kept one hash sees any change of what came earlier. What touches figures is a signed
 * record of the evidence log besides, with its `actor`.
 */
export interface AuditTrail {
  add(line: AuditLine): void
  /** Newest first, of these actors only where given. */
  list(query: {
    limit: number
    before?: number | undefined
    actors?: ReadonlySet<string> | undefined
  }): readonly AuditEntry[]
  /** The first entry whose hash does not hold, or undefined; `head` is the newest hash. */
  check(): { readonly broken: number | undefined; readonly size: number; readonly head: string }
}

const schema = `
CREATE TABLE IF NOT EXISTS audit (seq INTEGER PRIMARY KEY, at INTEGER NOT NULL, actor TEXT NOT NULL,
  action TEXT NOT NULL, target TEXT NOT NULL, outcome TEXT NOT NULL, hash TEXT NOT NULL) STRICT;
CREATE TRIGGER IF NOT EXISTS audit_no_update BEFORE UPDATE ON audit BEGIN SELECT RAISE(ABORT, 'the audit is append-only'); END;
CREATE TRIGGER IF NOT EXISTS audit_no_delete BEFORE DELETE ON audit BEGIN SELECT RAISE(ABORT, 'the audit is append-only'); END;
`

export function createAuditTrail(db: DatabaseSync, clock: Clock): AuditTrail {
  db.exec(schema)
  const newest = db.prepare('SELECT seq, hash FROM audit ORDER BY seq DESC LIMIT 1')
  const insert = db.prepare('INSERT INTO audit VALUES (?, ?, ?, ?, ?, ?, ?)')
  const page = db.prepare('SELECT * FROM audit WHERE seq < ? ORDER BY seq DESC LIMIT ?')
  const all = db.prepare('SELECT * FROM audit ORDER BY seq')

  return {
    add(given) {
      const line = {
        actor: plain(given.actor),
        action: plain(given.action),
        target: plain(given.target),
        outcome: plain(given.outcome),
      }
      // The console writes to the same file while the service runs: number and hash are taken under the write lock.
      db.exec('BEGIN IMMEDIATE')
      try {
        const last = newest.get() as { seq: number; hash: string } | undefined
        const entry = { ...line, seq: (last?.seq ?? 0) + 1, at: clock.wall() }
        const hash = hashOf(last?.hash ?? '', entry)
        insert.run(entry.seq, entry.at, entry.actor, entry.action, entry.target, entry.outcome, hash)
        db.exec('COMMIT')
      } catch (error) {
        if (db.isTransaction) db.exec('ROLLBACK')
        throw error
      }
    },
    list({ limit, before, actors }) {
      const found: AuditEntry[] = []
      for (let at = before ?? Number.MAX_SAFE_INTEGER; found.length < limit; ) {
        const part = page.all(at, 500) as unknown as AuditEntry[]
        found.push(...part.filter(({ actor }) => actors?.has(actor) ?? true))
        const last = part.at(-1)
        if (!last || part.length < 500) break
        at = last.seq
      }
      return found.slice(0, limit).map((entry) => ({ ...entry }))
    },
    check() {
      let head = ''
      let size = 0
      for (const row of all.iterate() as IterableIterator<unknown>) {
        const entry = row as AuditEntry
        if (entry.seq !== size + 1 || entry.hash !== hashOf(head, entry))
          return { broken: size + 1, size, head }
        head = entry.hash
        size = entry.seq
      }
      return { broken: undefined, size, head }
    },
  }
}

/** One line of at most 200 characters: what people typed never breaks a line of the trail. */
const plain = (text: string) => text.replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, ' ').slice(0, 200)

const hashOf = (before: string, { seq, at, actor, action, target, outcome }: Omit<AuditEntry, 'hash'>) =>
  createHash('sha256')
    .update(JSON.stringify([before, seq, at, actor, action, target, outcome]))
    .digest('base64url')
