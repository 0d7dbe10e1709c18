import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Caller, callerOf, createDoorsWorld, type DoorsWorld, password } from './doors.fixture.ts'

let world: DoorsWorld
let operator: Caller
let admin: Caller
beforeAll(async () => {
  world = await createDoorsWorld()
  operator = await world.caller('operator', null)
  admin = await world.caller('organisation_admin', ['gibh'])
})
afterAll(async () => world.close())

interface Trail {
  readonly items: readonly {
    readonly actor: string
    readonly action: string
    readonly target: string
    readonly outcome: string
  }[]
}

describe('people', () => {
  it('are made by an organisation for itself, come in by a link, and are shut out by it', async () => {
    const body = { id: 'mei', name: 'Mei', role: 'viewer', organisations: ['gibh'] }
    const made = await admin.send('POST', '/api/v1/accounts', body)
    expect(made.statusCode).toBe(201)
    const token = made.json<{ link: string }>().link.split('#')[1] ?? ''
    const welcome = await world.api.inject({
      method: 'POST',
      url: '/api/v1/welcome',
      payload: { token, password },
    })
    const session = welcome.cookies.find(({ name }) => name === '__Host-hours')
    expect(session).toMatchObject({ httpOnly: true, secure: true, sameSite: 'Strict', path: '/' })
    expect(session?.domain).toBeUndefined()
    const mei = callerOf(world, { cookie: `__Host-hours=${session?.value ?? ''}` })
    expect((await mei.get('/api/v1/me')).json()).toMatchObject({ account: 'mei', organisations: ['gibh'] })
    const listed = (await admin.get('/api/v1/accounts')).json<{ items: { id: string }[] }>()
    expect(listed.items.map(({ id }) => id)).toContain('mei')
    expect(listed.items.map(({ id }) => id)).not.toContain('p0')
    expect((await admin.send('POST', '/api/v1/accounts/mei/disable')).json()).toMatchObject({
      disabled: true,
    })
    expect((await mei.get('/api/v1/me')).statusCode).toBe(401)
  })

  it('make keys that are shown once, listed without their secret, and end when they say so', async () => {
    const key = (
      await operator.send('POST', '/api/v1/keys', { label: 'grafana', scopes: ['read'], days: 30 })
    ).json<{ key: string }>().key
    const robot = callerOf(world, { authorization: `Bearer ${key}` })
    expect((await robot.get('/api/v1/instruments')).statusCode).toBe(200)
    const list = await operator.get('/api/v1/keys')
    expect(list.body).not.toContain(key.split('.')[1])
    const prefix = list.json<{ items: { prefix: string }[] }>().items[0]?.prefix ?? ''
    expect((await admin.send('DELETE', `/api/v1/keys/${prefix}`)).statusCode).toBe(404)
    expect((await operator.send('DELETE', `/api/v1/keys/${prefix}`)).statusCode).toBe(204)
    expect((await robot.get('/api/v1/instruments')).statusCode).toBe(401)
  })
})

describe('another role', () => {
  const body = { id: 'ning', name: 'Ning', role: 'facility_manager', organisations: ['gibh'] }
  const change = (by: Caller, to: object, id = 'ning') => by.send('PATCH', `/api/v1/accounts/${id}`, to)
  let ning: Caller
  let key: string

  it('counts from the next request on, for sessions and keys alike', async () => {
    await admin.send('POST', '/api/v1/accounts', body)
    const { accounts } = world.door
    const session = accounts.admit('ning')
    ning = callerOf(world, { cookie: `__Host-hours=${session?.token ?? ''}` })
    key = accounts.createKey({ account: 'ning', label: 'k', scopes: ['read', 'write'], days: 9 })
    const robot = callerOf(world, { authorization: `Bearer ${key}` })
    const rightsOf = async (one: Caller) => (await one.get('/api/v1/me')).json<{ rights: string[] }>().rights
    expect(await rightsOf(robot)).toContain('write')
    const changed = await change(admin, { role: 'viewer', name: 'Ning L' })
    expect(changed.json()).toMatchObject({ role: 'viewer', name: 'Ning L', organisations: ['gibh'] })
    expect(await rightsOf(ning)).toEqual(['public', 'read'])
    expect(await rightsOf(robot)).not.toContain('write')
  })

  it('is never more than one has, of nobody else, and nobody’s own', async () => {
    for (const [status, to] of [
      [403, { role: 'operator', organisations: null }],
      [404, { organisations: ['zebra'] }],
      [404, { organisations: ['gibh', 'no-such-unit'] }],
      [403, { organisations: null }],
      [400, { role: 'king' }],
      [400, { organisations: [] }],
    ] as const)
      expect((await change(admin, to)).statusCode, JSON.stringify(to)).toBe(status)
    expect((await change(admin, { role: 'viewer' }, 'p0')).statusCode).toBe(404)
    const own = (await admin.get('/api/v1/me')).json<{ account: string }>().account
    expect((await change(admin, { role: 'viewer' }, own)).statusCode).toBe(409)
    expect((await change(operator, { organisations: null })).statusCode).toBe(400)
    expect(world.door.accounts.find('ning')).toMatchObject({ role: 'viewer', organisations: ['gibh'] })
  })

  it('and the keys of others are seen and ended by who manages them, without the key itself', async () => {
    const listed = await admin.get('/api/v1/accounts/ning/keys')
    expect(listed.body).not.toContain(key.split('.')[1])
    const [{ prefix } = { prefix: '' }] = listed.json<{ items: { prefix: string }[] }>().items
    expect(key.startsWith(prefix)).toBe(true)
    expect((await admin.get('/api/v1/accounts/p0/keys')).statusCode).toBe(404)
    const end = () => admin.send('DELETE', `/api/v1/accounts/ning/keys/${prefix}`)
    expect((await end()).statusCode).toBe(204)
    expect((await end()).statusCode).toBe(404)
    expect((await callerOf(world, { authorization: `Bearer ${key}` }).get('/api/v1/me')).statusCode).toBe(401)
  })
})

describe('behind a proxy', () => {
  it('that asks for a name of its own, or has asked once, a session is a session, and Basic alone is nobody', async () => {
    const basic = { authorization: 'Basic bWFuYWdlcjpwdw==' }
    const both = callerOf(world, { ...admin.headers, ...basic })
    expect((await both.get('/api/v1/me')).json()).toMatchObject({ by: 'session' })
    expect(
      (await both.send('POST', '/api/v1/keys', { label: 'x', scopes: ['read'], days: 1 })).statusCode,
    ).toBe(201)
    const { 'x-csrf-token': _token, ...cookie } = admin.headers
    const forged = callerOf(world, { ...cookie, ...basic })
    expect(
      (await forged.send('POST', '/api/v1/keys', { label: 'x', scopes: ['read'], days: 1 })).statusCode,
    ).toBe(403)
    expect((await callerOf(world, basic).get('/api/v1/me')).statusCode).toBe(401)
    const bad = callerOf(world, { ...admin.headers, authorization: 'Bearer hk_x.y' })
    expect((await bad.get('/api/v1/me')).statusCode).toBe(401)
  })
})

describe('the audit', () => {
  it('says who did what, refusals included, and never a secret', async () => {
    await admin.send('POST', '/api/v1/accounts', {
      id: 'x y',
      name: 'x',
      role: 'viewer',
      organisations: ['gibh'],
    })
    const { items } = (await operator.get('/api/v1/audit?limit=500')).json<Trail>()
    const of = (action: string) => items.filter((one) => one.action === action)
    expect(of('POST /api/v1/accounts').map(({ outcome }) => outcome)).toEqual(['400', 'ok', 'ok'])
    expect(of('PATCH /api/v1/accounts/:id')).toContainEqual(
      expect.objectContaining({ target: 'ning', outcome: 'ok' }),
    )
    expect(of('POST /api/v1/accounts/:id/disable')).toMatchObject([{ target: 'mei', outcome: 'ok' }])
    expect(of('password.set')).toMatchObject([{ actor: 'mei' }])
    expect(JSON.stringify(items)).not.toContain(password)
    expect(JSON.stringify(items)).not.toMatch(/hk_\w+\.\w/)
    expect(world.door.audit.check()).toMatchObject({ broken: undefined, size: items.length })
  })

  it('that cannot be written is no reason to fall over', async () => {
    const broken = await createDoorsWorld()
    const caller = await broken.caller('operator', null)
    const { audit } = broken.door
    const add = audit.add.bind(audit)
    audit.add = () => {
      throw new Error('disk full')
    }
    expect(
      (await caller.send('POST', '/api/v1/keys', { label: 'x', scopes: ['read'], days: 1 })).statusCode,
    ).toBe(201)
    audit.add = add
    expect((await caller.get('/api/v1/audit')).statusCode).toBe(200)
    await broken.close()
  })

  it('shows an organisation what its own people did, and nobody else’s doings', async () => {
    const { items } = (await admin.get('/api/v1/audit')).json<Trail>()
    expect(items.map(({ actor }) => actor)).not.toContain('p0')
    expect(items.length).toBeGreaterThan(1)
    const viewer = await world.caller('viewer', ['gibh'])
    expect((await viewer.get('/api/v1/audit')).statusCode).toBe(403)
  })
})
