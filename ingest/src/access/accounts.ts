import type { DatabaseSync } from 'node:sqlite'
import { type Clock, DAY, HOUR, type Millis } from '@hours/protocol'
import { IngestError } from '../ingest-error.ts'
import { addColumn } from '../open-database.ts'
import { type Principal, type Right, rights, type Role, roles } from './rights.ts'
import { createActors } from './actors.ts'
import { checkPassword, hashPassword, newToken, passwordFault, tokenHash } from './secret.ts'

/** An account as it is listed: never with its password. */
export interface Account {
  readonly id: string
  readonly name: string
  readonly role: Role
  readonly organisations: readonly string[] | null
  readonly disabled: boolean
  /** Comes in by OpenID Connect and by nothing else: it has no password and no link. */
  readonly oidc: boolean
}

/** What an account is made of. */
export type NewAccount = Omit<Account, 'disabled' | 'oidc'> & { readonly oidc?: boolean | undefined }

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
  create(account: NewAccount, password: string | null): Promise<void>
  /** From now on the account comes in by this password and by nothing else: sessions, keys and ties to OpenID Connect end. */
  setPassword(id: string, password: string): Promise<void>
  /** From now on it comes in by OpenID Connect: password, sessions, keys and any earlier tie end; the next login ties it. */
  setOidc(id: string): void
  /** From the next request on it has this name, role and organisations; throws `bad_account`. */
  change(id: string, to: Pick<Account, 'name' | 'role' | 'organisations'>): void
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
   * account was made for that and for nothing else: whoever can choose a name there must not get a local account of
   * that name, least of all one that waits for its link.
   */
  bound(id: string, subject: string): { readonly id: string; readonly first: boolean } | undefined
  /** Notes who has just given this account a way in by a link; null = the console. */
  letInBy(id: string, by: string | null): void
  /** Whether one of two accounts was let in by the other, or both by one person who is no operator, within 30 days. */
  areClose(a: string, b: string): boolean
  /** The account that stands in records as `actor`. */
  byActor(actor: string): Account | undefined
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
/** So long the one who made a link may be the one who opened it. */
const closeFor = 30 * DAY

interface AccountRow {
  id: string
  name: string
  role: string
  organisations: string | null
  password: string | null
  disabled: number
  failures: number
  locked: number
  oidc: number
  let_in_by: string | null
  let_in_at: number
  actor: string | null
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
  // Before it, whoever had no password could be tied: those that were stay so.
  if (addColumn(db, 'account', 'oidc INTEGER NOT NULL DEFAULT 0'))
    db.exec('UPDATE account SET oidc = 1 WHERE password IS NULL AND id IN (SELECT account FROM subject)')
  addColumn(db, 'account', 'let_in_by TEXT')
  addColumn(db, 'account', 'let_in_at INTEGER NOT NULL DEFAULT 0')
  // Accounts of before have none: what stood for them in records goes on to.
  addColumn(db, 'account', 'actor TEXT')
  const actorFor = createActors(db)
  const actorOf = ({ id, actor }: Pick<AccountRow, 'id' | 'actor'>) => actor ?? actorFor({ id, oidc: false })
  const rows = () => db.prepare('SELECT * FROM account ORDER BY id').all() as unknown as AccountRow[]
  const list = () => rows().map(accountOf)
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
      const fault =
        accountFault(account, password) ?? (password === null ? undefined : passwordFault(password))
      if (fault !== undefined) throw new IngestError('bad_account', fault)
      if (find(account.id))
        throw new IngestError('bad_account', `id: "${account.id}" is taken; choose another`)
      const { id, name, role, organisations, oidc = false } = account
      db.prepare(
        'INSERT INTO account (id, name, role, organisations, password, oidc, actor) VALUES (?, ?, ?, ?, ?, ?, ?)',
      ).run(
        id,
        name,
        role,
        organisations && JSON.stringify(organisations),
        password === null ? null : await hashPassword(password),
        oidc ? 1 : 0,
        actorFor({ id, oidc }),
      )
    },
    async setPassword(id, password) {
      const fault = passwordFault(password)
      if (fault !== undefined) throw new IngestError('bad_account', fault)
      const hash = await hashPassword(password)
      db.prepare('UPDATE account SET password = ?, oidc = 0, failures = 0, locked = 0 WHERE id = ?').run(
        hash,
        id,
      )
      untie(id)
    },
    setOidc(id) {
      db.prepare('UPDATE account SET password = NULL, oidc = 1, failures = 0, locked = 0 WHERE id = ?').run(
        id,
      )
      untie(id)
    },
    change(id, { name, role, organisations }) {
      const fault = accountFault({ id, name, role, organisations }, null)
      if (fault !== undefined) throw new IngestError('bad_account', fault)
      db.prepare('UPDATE account SET name = ?, role = ?, organisations = ? WHERE id = ?').run(
        name,
        role,
        organisations && JSON.stringify(organisations),
        id,
      )
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
    list,
    async signIn(id, password) {
      // The check runs for unknown and for locked names too, so that its time tells nothing.
      const right = await checkPassword(password.slice(0, 200), find(id)?.password ?? undefined)
      // As it is now: others may have guessed meanwhile.
      const row = find(id)
      if (row && row.locked > clock.wall()) return 'locked'
      if (!row || !right || row.disabled === 1) {
        if (row) countFailure(id)
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
      if (row?.oidc !== 1) return undefined
      const tied = db.prepare('INSERT OR IGNORE INTO subject VALUES (?, ?)').run(id, subject).changes === 1
      const known = db.prepare('SELECT subject FROM subject WHERE account = ?').get(id)
      return known?.['subject'] === subject ? { id, first: tied } : undefined
    },
    letInBy: (id, by) =>
      void db
        .prepare('UPDATE account SET let_in_by = ?, let_in_at = ? WHERE id = ?')
        .run(by, clock.wall(), id),
    areClose(a, b) {
      const [one, other] = [inviterOf(find(a)), inviterOf(find(b))]
      if (one === b || other === a) return true
      return one !== undefined && one === other && find(one)?.role !== 'operator'
    },
    byActor(actor) {
      const row = rows().find((one) => actorOf(one) === actor)
      return row && accountOf(row)
    },
    signOut: (token) => void db.prepare('DELETE FROM login WHERE hash = ?').run(tokenHash(token)),
    bySession(token) {
      const row = db
        .prepare('SELECT account, csrf FROM login WHERE hash = ? AND expires > ?')
        .get(tokenHash(token), clock.wall()) as { account: string; csrf: string } | undefined
      const account = row && find(row.account)
      if (!account || account.disabled === 1) return undefined
      return { principal: principalOf(account, 'session', null, actorOf(account)), csrf: row.csrf }
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
      return principalOf(account, 'key', JSON.parse(row.scopes) as Right[], actorOf(account))
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

  /** Who gave it its link lately. */
  function inviterOf(row: AccountRow | undefined): string | undefined {
    const isRecent = row !== undefined && row.let_in_at > clock.wall() - closeFor
    return isRecent ? (row.let_in_by ?? undefined) : undefined
  }

  /** In one step, so that guesses side by side are all counted. */
  function countFailure(id: string): void {
    const counted = db
      .prepare('UPDATE account SET failures = failures + 1 WHERE id = ? RETURNING failures')
      .get(id)
    if (Number(counted?.['failures']) >= maxFailures)
      db.prepare('UPDATE account SET failures = 0, locked = ? WHERE id = ?').run(
        clock.wall() + lockLength,
        id,
      )
  }

  /** Whoever came in so far comes in no more: sessions, keys and the tie to another authority end. */
  function untie(id: string): void {
    for (const table of ['subject', 'login', 'api_key'])
      db.prepare(`DELETE FROM ${table} WHERE account = ?`).run(id)
  }
}

const accountOf = (row: AccountRow): Account => ({
  id: row.id,
  name: row.name,
  role: row.role as Role,
  organisations: row.organisations === null ? null : (JSON.parse(row.organisations) as string[]),
  disabled: row.disabled === 1,
  oidc: row.oidc === 1,
})

function principalOf(
  row: AccountRow,
  by: Principal['by'],
  scopes: readonly Right[] | null,
  actor: string,
): Principal {
  const { id, name, role, organisations } = accountOf(row)
  return { id, actor, name, role, organisations, by, scopes }
}

function accountFault(
  { id, name, role, organisations, oidc }: NewAccount,
  password: string | null,
): string | undefined {
  if (oidc === true && password !== null) return 'oidc: an account of OpenID Connect has no password here'
  if (!/^[a-z0-9][a-z0-9._@-]{0,79}$/.test(id)) return `id: "${id}"; 1 to 80 of a-z 0-9 . _ @ -`
  if (name.length === 0 || name.length > 120) return 'name: 1 to 120 characters'
  if (!roles.includes(role)) return `role: "${role}"; one of ${roles.join(', ')}`
  if (organisations === null && role !== 'operator')
    return `organisations: only an operator sees all; name at least one for a ${role}`
  if (organisations !== null && role === 'operator')
    return 'organisations: an operator sees all; leave them out, or choose another role'
  return undefined
}
