import { DatabaseSync } from 'node:sqlite'
import { createManualClock, DAY, HOUR } from '@hours/protocol'
import { describe, expect, it } from 'vitest'
import { createAccounts } from './accounts.ts'
import { may, mayRole, type Principal, rights, roles, sees } from './rights.ts'
import { checkPassword, hashPassword } from './secret.ts'

const start = Date.UTC(2026, 0, 1)
const password = 'correct horse battery'
async function fresh() {
  const clock = createManualClock(start)
  const db = new DatabaseSync(':memory:')
  const accounts = createAccounts(db, clock)
  await accounts.create({ id: 'li', name: 'Li', role: 'facility_manager', organisations: ['gibh'] }, password)
  return { clock, db, accounts }
}

describe('accounts', () => {
  it('open a session for the right password, and for nothing else', async () => {
    const { accounts } = await fresh()
    expect(await accounts.signIn('li', 'correct horse batterie')).toBe('wrong')
    expect(await accounts.signIn('nobody', password)).toBe('wrong')
    const session = await accounts.signIn('li', password)
    if (typeof session === 'string') throw new Error(session)
    expect(accounts.bySession(session.token)?.principal).toMatchObject({ id: 'li', role: 'facility_manager' })
    expect(accounts.bySession(`${session.token}x`)).toBeUndefined()
    accounts.signOut(session.token)
    expect(accounts.bySession(session.token)).toBeUndefined()
  })

  it('stand in records by their id, those of OpenID Connect by a pseudonym, whatever becomes of them later', async () => {
    const { accounts } = await fresh()
    const viewer = { name: 'V', role: 'viewer', organisations: ['gibh'] } as const
    await accounts.create({ ...viewer, id: 'zhang.san', oidc: true }, null)
    await accounts.create({ ...viewer, id: 'mei@campus.example' }, null)
    const actorOf = (id: string) => accounts.bySession(accounts.admit(id)?.token ?? '')?.principal.actor ?? ''
    const zhang = actorOf('zhang.san')
    expect(actorOf('li')).toBe('li')
    for (const actor of [zhang, actorOf('mei@campus.example')]) expect(actor).toMatch(/^p-[\w-]{43}$/)
    await accounts.setPassword('zhang.san', password)
    accounts.setOidc('li')
    expect([actorOf('zhang.san'), actorOf('li')]).toEqual([zhang, 'li'])
    expect(accounts.byActor(zhang)?.id).toBe('zhang.san')
    expect(accounts.byActor('zhang.san')).toBeUndefined()
  })

  it('lock after ten wrong passwords, and open again after a while', async () => {
    const { accounts, clock } = await fresh()
    for (let i = 0; i < 10; i++) await accounts.signIn('li', `wrong password ${i}`)
    expect(await accounts.signIn('li', password)).toBe('locked')
    clock.advanceTo(start + HOUR)
    expect(typeof (await accounts.signIn('li', password))).toBe('object')
  })

  it('lock after ten wrong passwords side by side as well', async () => {
    const { accounts, clock } = await fresh()
    const guesses = await Promise.all(Array.from({ length: 25 }, () => accounts.signIn('li', 'wrong again')))
    expect(guesses.filter((one) => one === 'wrong').length).toBe(10)
    expect(guesses.filter((one) => one === 'locked').length).toBe(15)
    expect(await accounts.signIn('li', password)).toBe('locked')
    clock.advanceTo(start + HOUR)
    expect(typeof (await accounts.signIn('li', password))).toBe('object')
  })

  it('of a release without the column of OpenID Connect keep their ties, and nobody else gets one', async () => {
    const db = new DatabaseSync(':memory:')
    db.exec(`CREATE TABLE account (id TEXT PRIMARY KEY, name TEXT NOT NULL, role TEXT NOT NULL, organisations TEXT,
      password TEXT, disabled INTEGER NOT NULL DEFAULT 0, failures INTEGER NOT NULL DEFAULT 0,
      locked INTEGER NOT NULL DEFAULT 0) STRICT;
      CREATE TABLE subject (account TEXT PRIMARY KEY, subject TEXT NOT NULL UNIQUE) STRICT;
      INSERT INTO account (id, name, role, organisations) VALUES ('tied', 'T', 'viewer', '["gibh"]');
      INSERT INTO account (id, name, role) VALUES ('operator', 'O', 'operator');
      INSERT INTO subject VALUES ('tied', 'campus 7')`)
    const accounts = createAccounts(db, createManualClock(start))
    expect(accounts.bound('tied', 'campus 7')).toEqual({ id: 'tied', first: false })
    expect(accounts.bound('tied', 'campus 8')).toBeUndefined()
    expect(accounts.bound('operator', 'campus 8')).toBeUndefined()
    // Opened again, by either release: nothing is added twice.
    expect(
      createAccounts(db, createManualClock(start))
        .list()
        .map(({ oidc }) => oidc),
    ).toEqual([false, true])
  })

  it('end sessions with time, with a new password and when disabled', async () => {
    const { accounts, clock } = await fresh()
    const tokens: string[] = []
    for (let i = 0; i < 2; i++) {
      const session = await accounts.signIn('li', password)
      if (typeof session !== 'string') tokens.push(session.token)
    }
    const key = accounts.createKey({ account: 'li', label: 'robot', scopes: ['read'], days: 700 })
    await accounts.setPassword('li', 'another long password')
    expect(accounts.bySession(tokens[0]!)).toBeUndefined()
    expect(accounts.byKey(key)).toBeUndefined()
    const session = await accounts.signIn('li', 'another long password')
    if (typeof session === 'string') throw new Error(session)
    clock.advanceTo(start + 13 * HOUR)
    expect(accounts.bySession(session.token)).toBeUndefined()
    accounts.disable('li')
    expect(await accounts.signIn('li', 'another long password')).toBe('wrong')
  })

  it('make API keys that are shown once, stored hashed, narrower than their owner, and expire', async () => {
    const { accounts, db, clock } = await fresh()
    const key = accounts.createKey({ account: 'li', label: 'robot', scopes: ['read'], days: 30 })
    expect(JSON.stringify(db.prepare('SELECT * FROM api_key').all())).not.toContain(key.split('.')[1])
    const robot = accounts.byKey(key)!
    expect([may(robot, 'read'), may(robot, 'write')]).toEqual([true, false])
    expect(accounts.byKey(key.slice(0, -1))).toBeUndefined()
    clock.advanceTo(start + 31 * DAY)
    expect(accounts.byKey(key)).toBeUndefined()
  })

  it('refuse weak passwords, strange ids and everybody-sees-all for anyone but an operator', async () => {
    const { accounts } = await fresh()
    const make = (change: object, secret = password) =>
      accounts.create({ id: 'x', name: 'X', role: 'viewer', organisations: ['gibh'], ...change }, secret)
    await expect(make({}, 'short')).rejects.toThrow(/at least 12/)
    await expect(make({ id: "x' OR 1=1" })).rejects.toThrow(/id/)
    await expect(make({ organisations: null })).rejects.toThrow(/only an operator/)
    await expect(make({ id: 'li' })).rejects.toThrow(/taken/)
  })
})

describe('passwords', () => {
  it('take as long for an unknown name as for a known one', async () => {
    const stored = await hashPassword(password)
    await checkPassword(password, undefined)
    const time = async (known: string | undefined) => {
      const began = performance.now()
      for (let i = 0; i < 4; i++) await checkPassword('wrong', known)
      return performance.now() - began
    }
    const ratio = (await time(stored)) / (await time(undefined))
    expect(ratio).toBeGreaterThan(0.4)
    expect(ratio).toBeLessThan(2.5)
  })
})

describe('rights', () => {
  const parents = new Map<string, string | null>([
    ['lab', 'gibh'],
    ['gibh', 'guangzhou'],
    ['guangzhou', null],
    ['loop-a', 'loop-b'],
    ['loop-b', 'loop-a'],
  ])
  const principal = (organisations: string[] | null): Principal => ({
    id: 'p',
    actor: 'p',
    name: 'P',
    role: 'viewer',
    organisations,
    by: 'session',
    scopes: null,
  })

  it('reach down the tree and never up or across', () => {
    const parentOf = (id: string) => parents.get(id)
    expect(sees(principal(['gibh']), 'lab', parentOf)).toBe(true)
    expect(sees(principal(['gibh']), 'guangzhou', parentOf)).toBe(false)
    expect(sees(principal(['lab']), 'gibh', parentOf)).toBe(false)
    expect(sees(principal(['gibh']), 'loop-a', parentOf)).toBe(false)
    expect(sees(principal(null), 'lab', parentOf)).toBe(true)
    expect(sees(null, 'lab', parentOf)).toBe(false)
  })

  it('let a regulator read and check, and write nothing', () => {
    expect(rights.filter((right) => mayRole('regulator', right))).toEqual(['public', 'read', 'evidence'])
    for (const role of roles) expect(mayRole(role, 'public')).toBe(true)
    expect(may(null, 'read')).toBe(false)
  })
})
