import { createHmac, randomBytes } from 'node:crypto'
import type { DatabaseSync } from 'node:sqlite'

/**
 * What stands for an account in signed records: its id, or where that is a person's name elsewhere (an e-mail
 * address, an account that was made for OpenID Connect) a pseudonym, `p-` and 43 characters, by a salt that is kept in operations.sqlite and nowhere else (records.md, section 2).
 * An account has its actor from when it is made, so that it is always the same.
 */
export function createActors(db: DatabaseSync): (account: { id: string; oidc: boolean }) => string {
  db.exec(
    'CREATE TABLE IF NOT EXISTS actor_salt (one INTEGER PRIMARY KEY CHECK (one = 1), salt BLOB NOT NULL) STRICT',
  )
  const read = () => db.prepare('SELECT salt FROM actor_salt').get()?.['salt']
  if (read() === undefined)
    db.prepare('INSERT OR IGNORE INTO actor_salt VALUES (1, ?)').run(new Uint8Array(randomBytes(32)))
  const salt = read()
  if (!(salt instanceof Uint8Array)) throw new TypeError('operations.sqlite: actor_salt has no salt')
  return ({ id, oidc }) =>
    id.includes('@') || oidc ? `p-${createHmac('sha256', salt).update(id).digest('base64url')}` : id
}
