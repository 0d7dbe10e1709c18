import { createHmac, randomBytes } from 'node:crypto'
import type { DatabaseSync } from 'node:sqlite'
import { nobody } from '@hours/protocol'

/** What stands for a person in a record: `p-` and 43 characters of base64url (HMAC-SHA256). */
const pseudonymPattern = /^p-[A-Za-z0-9_-]{43}$/

/** People of one batch: those not met before get a pseudonym at once and are kept only when `keep` is called. */
export interface PeopleDraft {
  /** The pseudonym of this name, or of who is already one; `undefined` for an empty name. */
  pseudonym(name: string): string | undefined
  /** Stores the new ones; before their records are appended, so that no record names somebody unknown. */
  keep(): void
}

/** Names and salts, in operations.sqlite and nowhere else (records.md, section 2). */
export interface People {
  draft(): PeopleDraft
  /** The name behind a pseudonym, as long as it is kept. */
  nameOf(pseudonym: string): string | undefined
  /** Deletes name and salt: the commitment in the log can no longer be tied to anybody. */
  forget(pseudonym: string): boolean
}

/** A table `person` in `db`; each person has a salt of its own, so that forgetting one leaves the others. */
export function createPeople(db: DatabaseSync): People {
  db.exec(`CREATE TABLE IF NOT EXISTS person (pseudonym TEXT PRIMARY KEY, spelling TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL, salt BLOB NOT NULL) STRICT`)
  const bySpelling = db.prepare('SELECT pseudonym FROM person WHERE spelling = ?')
  const byPseudonym = db.prepare('SELECT name FROM person WHERE pseudonym = ?')
  const insert = db.prepare('INSERT OR IGNORE INTO person VALUES (?, ?, ?, ?)')
  const remove = db.prepare('DELETE FROM person WHERE pseudonym = ?')

  return {
    draft() {
      const fresh = new Map<string, { pseudonym: string; name: string; salt: Uint8Array }>()
      return {
        pseudonym(name) {
          const shown = name.normalize('NFKC').trim().replaceAll(/\s+/g, ' ')
          if (shown === '') return undefined
          if (shown === nobody || pseudonymPattern.test(shown)) return shown
          const spelling = shown.toLowerCase()
          const known = bySpelling.get(spelling) as { pseudonym: string } | undefined
          if (known) return known.pseudonym
          const made = fresh.get(spelling) ?? commitment(shown, spelling)
          fresh.set(spelling, made)
          return made.pseudonym
        },
        keep() {
          for (const [spelling, { pseudonym, name, salt }] of fresh)
            insert.run(pseudonym, spelling, name, salt)
          fresh.clear()
        },
      }
    },
    nameOf: (pseudonym) => (byPseudonym.get(pseudonym) as { name: string } | undefined)?.name,
    forget: (pseudonym) => Number(remove.run(pseudonym).changes) > 0,
  }
}

function commitment(name: string, spelling: string) {
  const salt = new Uint8Array(randomBytes(32))
  return { pseudonym: `p-${createHmac('sha256', salt).update(spelling).digest('base64url')}`, name, salt }
}
