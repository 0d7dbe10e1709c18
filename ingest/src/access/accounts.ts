import type { DatabaseSync } from 'node:sqlite'
import { type Clock, DAY, HOUR, type Millis } from '@hours/protocol'
import { IngestError } from '../ingest-error.ts'
import { type Principal, type Right, rights, type Role, roles } from './rights.ts'
import { checkPassword, hashPassword, newToken, passwordFault, tokenHash } from './secret.ts'

/** An account as it is listed: never with its password. */
export interface Account {
  readonly id: string
  readonly name: string
  readonly role: Role
  readonly organisations: readonly string[] | null
  readonly disabled: boolean
}

export interface ApiKey {
  /** First characters of the key: what it is called by. */
  readonly prefix: string
  readonly account: string
  readonly label: string
  readonly scopes: readonly Right[]
  readonly expires: Millis
}

/** People and machines that may come in by HTTP; lives in operations.sqlite (stores.md). */
export interface Accounts {
  create(account: Omit<Account, 'disabled'>, password: string | null): Promise<void>
  setPassword(id: string, password: string): Promise<void>
  disable(id: string): void
  enable(id: string): void
  list(): readonly Account[]
  find(id: string): Account | undefined
  /** A session token for name and password, or undefined; after too many wrong ones the answer is `locked`. */
  signIn(id: string, password: string): Promise<{ token: string; csrf: string } | 'wrong' | 'locked'>
  /** A session for somebody another authority has already recognised (OpenID Connect). */
  admit(id: string): { token: string; csrf: string } | undefined
  /**
   * The account of that id if it belongs to this subject of the other authority. The first login binds them, where the
   * account has no password: whoever can choose a name there must not get a local account of that name.
   */
  bound(id: string, subject: string): string | undefined
  signOut(token: string): void
  bySession(token: string): { principal: Principal; csrf: string } | undefined
  /** Makes an API key; the whole key is returned once and stored hashed. */
  createKey(key: { account: string; label: string; scopes: readonly Right[]; days: number }): string
  byKey(key: string): Principal | undefined
  keys(account: string): readonly ApiKey[]
  /** Ends a key; of this account only. */
  revokeKey(account: string, prefix: string): boolean
}

const sessionLength = 12 * HOUR
const maxFailures = 10
const lockLength = 15 * 60_000

interface AccountRow {
  id: string
  name: string
  role: string
  organisations: string | null
  password: string | null
  disabled: number
  failures: number
  locked: number
}

export function createAccounts(db: DatabaseSync, clock: Clock): Accounts {
  db.exec(`
    CREATE TABLE IF NOT EXISTS account (id TEXT PRIMARY KEY, name TEXT NOT NULL, role TEXT NOT NULL,
      organisations TEXT, password TEXT, disabled INTEGER NOT NULL DEFAULT 0,
      failures INTEGER NOT NULL DEFAULT 0, locked INTEGER NOT NULL DEFAULT 0) STRICT;
    CREATE TABLE IF NOT EXISTS login (hash TEXT PRIMARY KEY, account TEXT NOT NULL, csrf TEXT NOT NULL,
      expires INTEGER NOT NULL) STRICT;
    CREATE TABLE IF NOT EXISTS api_key (hash TEXT PRIMARY KEY, prefix TEXT NOT NULL UNIQUE, account TEXT NOT NULL,
      label TEXT NOT NULL, scopes TEXT NOT NULL, expires INTEGER NOT NULL) STRICT;
    CREATE TABLE IF NOT EXISTS subject (account TEXT PRIMARY KEY, subject TEXT NOT NULL UNIQUE) STRICT;`)
  const find = (id: string) =>
    db.prepare('SELECT * FROM account WHERE id = ?').get(id) as unknown as AccountRow | undefined

  function open(account: string): { token: string; csrf: string } {
    const token = newToken()
    const csrf = newToken()
    db.prepare('DELETE FROM login WHERE expires < ?').run(clock.wall())
    db.prepare('INSERT INTO login VALUES (?, ?, ?, ?)').run(
      tokenHash(token),
      account,
      csrf,
      clock.wall() + sessionLength,
    )
    return { token, csrf }
  }

  return {
    async create(account, password) {
      const fault = accountFault(account) ?? (password === null ? undefined : passwordFault(password))
      if (fault !== undefined) throw new IngestError('bad_account', fault)
      if (find(account.id))
        throw new IngestError('bad_account', `id: "${account.id}" is taken; choose another`)
      const { id, name, role, organisations } = account
      db.prepare('INSERT INTO account (id, name, role, organisations, password) VALUES (?, ?, ?, ?, ?)').run(
        id,
        name,
        role,
        organisations && JSON.stringify(organisations),
        password === null ? null : await hashPassword(password),
      )
    },
    async setPassword(id, password) {
      const fault = passwordFault(password)
      if (fault !== undefined) throw new IngestError('bad_account', fault)
      const hash = await hashPassword(password)
      db.prepare('UPDATE account SET password = ?, failures = 0, locked = 0 WHERE id = ?').run(hash, id)
      db.prepare('DELETE FROM login WHERE account = ?').run(id)
    },
    disable(id) {
      db.prepare('UPDATE account SET disabled = 1 WHERE id = ?').run(id)
      db.prepare('DELETE FROM login WHERE account = ?').run(id)
      db.prepare('DELETE FROM api_key WHERE account = ?').run(id)
    },
    enable: (id) => void db.prepare('UPDATE account SET disabled = 0 WHERE id = ?').run(id),
    find(id) {
      const row = find(id)
      return row && accountOf(row)
    },
    list: () =>
      (db.prepare('SELECT * FROM account ORDER BY id').all() as unknown as AccountRow[]).map(accountOf),
    async signIn(id, password) {
      const row = find(id)
      if (row && row.locked > clock.wall()) return 'locked'
      // The check runs for unknown names too, so that its time tells nothing.
      const right = await checkPassword(password.slice(0, 200), row?.password ?? undefined)
      if (!row || !right || row.disabled === 1) {
        if (row) countFailure(row)
        return 'wrong'
      }
      db.prepare('UPDATE account SET failures = 0 WHERE id = ?').run(id)
      return open(id)
    },
    admit(id) {
      const row = find(id)
      return row && row.disabled === 0 ? open(id) : undefined
    },
    bound(id, subject) {
      const row = find(id)
      if (!row) return undefined
      if (row.password === null) db.prepare('INSERT OR IGNORE INTO subject VALUES (?, ?)').run(id, subject)
      const known = db.prepare('SELECT subject FROM subject WHERE account = ?').get(id)
      return known?.['subject'] === subject ? id : undefined
    },
    signOut: (token) => void db.prepare('DELETE FROM login WHERE hash = ?').run(tokenHash(token)),
    bySession(token) {
      const row = db
        .prepare('SELECT account, csrf FROM login WHERE hash = ? AND expires > ?')
        .get(tokenHash(token), clock.wall()) as { account: string; csrf: string } | undefined
      const account = row && find(row.account)
      if (!account || account.disabled === 1) return undefined
      return { principal: principalOf(account, 'session', null), csrf: row.csrf }
    },
    createKey({ account, label, scopes, days }) {
      if (!find(account)) throw new IngestError('bad_account', `account: "${account}" is not known`)
      if (!(days >= 1 && days <= 732)) throw new IngestError('bad_account', `days: ${days}; 1 to 732`)
      const prefix = `hk_${newToken().replaceAll(/[-_]/g, '').slice(0, 8)}`
      const key = `${prefix}.${newToken()}`
      db.prepare('INSERT INTO api_key VALUES (?, ?, ?, ?, ?, ?)').run(
        tokenHash(key),
        prefix,
        account,
        label.slice(0, 120),
        JSON.stringify(scopes.filter((scope) => rights.includes(scope))),
        clock.wall() + days * DAY,
      )
      return key
    },
    byKey(key) {
      const row = db
        .prepare('SELECT account, scopes FROM api_key WHERE hash = ? AND expires > ?')
        .get(tokenHash(key), clock.wall()) as { account: string; scopes: string } | undefined
      const account = row && find(row.account)
      if (!account || account.disabled === 1) return undefined
      return principalOf(account, 'key', JSON.parse(row.scopes) as Right[])
    },
    keys: (account) =>
      (
        db
          .prepare('SELECT prefix, account, label, scopes, expires FROM api_key WHERE account = ?')
          .all(account) as {
          prefix: string
          account: string
          label: string
          scopes: string
          expires: number
        }[]
      ).map((row) => ({ ...row, scopes: JSON.parse(row.scopes) as Right[] })),
    revokeKey: (account, prefix) =>
      db.prepare('DELETE FROM api_key WHERE account = ? AND prefix = ?').run(account, prefix).changes === 1,
  }

  function countFailure(row: AccountRow): void {
    const failures = row.failures + 1
    const locked = failures >= maxFailures ? clock.wall() + lockLength : 0
    db.prepare('UPDATE account SET failures = ?, locked = ? WHERE id = ?').run(
      locked > 0 ? 0 : failures,
      locked,
      row.id,
    )
  }
}

const accountOf = (row: AccountRow): Account => ({
  id: row.id,
  name: row.name,
  role: row.role as Role,
  organisations: row.organisations === null ? null : (JSON.parse(row.organisations) as string[]),
  disabled: row.disabled === 1,
})

const principalOf = (row: AccountRow, by: Principal['by'], scopes: readonly Right[] | null): Principal => {
  const { id, name, role, organisations } = accountOf(row)
  return { id, name, role, organisations, by, scopes }
}

function accountFault({ id, name, role, organisations }: Omit<Account, 'disabled'>): string | undefined {
  if (!/^[a-z0-9][a-z0-9._@-]{0,79}$/.test(id)) return `id: "${id}"; 1 to 80 of a-z 0-9 . _ @ -`
  if (name.length === 0 || name.length > 120) return 'name: 1 to 120 characters'
  if (!roles.includes(role)) return `role: "${role}"; one of ${roles.join(', ')}`
  if (organisations === null && role !== 'operator')
    return `organisations: only an operator sees all; name at least one for a ${role}`
  if (organisations !== null && role === 'operator')
    return 'organisations: an operator sees all; leave them out, or choose another role'
  return undefined
}
