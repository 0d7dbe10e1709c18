import type { DatabaseSync } from 'node:sqlite'
import { type Clock, DAY } from '@hours/protocol'
import { newToken, tokenHash } from './secret.ts'

const lifetime = 2 * DAY

/** One-time links with which somebody chooses a password; so no password is ever printed, typed for others or logged. */
export interface Invitations {
  /** A token for the link; any earlier one of this account ends. */
  issue(account: string): string
  /** The account of a token that is still good; `spend` ends it. */
  accountOf(token: string): string | undefined
  spend(token: string): void
  /** Ends the link of this account, if there is one. */
  end(account: string): void
}

export function createInvitations(db: DatabaseSync, clock: Clock): Invitations {
  db.exec(`CREATE TABLE IF NOT EXISTS invitation (hash TEXT PRIMARY KEY, account TEXT NOT NULL,
    expires INTEGER NOT NULL) STRICT`)
  return {
    issue(account) {
      const token = newToken()
      db.prepare('DELETE FROM invitation WHERE account = ? OR expires < ?').run(account, clock.wall())
      db.prepare('INSERT INTO invitation VALUES (?, ?, ?)').run(
        tokenHash(token),
        account,
        clock.wall() + lifetime,
      )
      return token
    },
    accountOf(token) {
      const row = db
        .prepare('SELECT account FROM invitation WHERE hash = ? AND expires >= ?')
        .get(tokenHash(token), clock.wall()) as { account: string } | undefined
      return row?.account
    },
    end: (account) => void db.prepare('DELETE FROM invitation WHERE account = ?').run(account),
    spend: (token) => void db.prepare('DELETE FROM invitation WHERE hash = ?').run(tokenHash(token)),
  }
}
