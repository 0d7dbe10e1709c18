import { connect } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openDoor } from '../../ingest/src/access/door.ts'
import { createApiWorld } from '../../ingest/src/api/api.fixture.ts'
import { freshFolder, start } from '../../ingest/src/ingest.fixture.ts'
import { createManualClock, DAY, HOUR } from '@hours/protocol'
import { hostileCases } from '../hostile-cases.ts'
import { type Caller, callerOf, createDoorsWorld, type DoorsWorld, password } from './doors.fixture.ts'

const count = hostileCases()
let world: DoorsWorld
let operator: Caller
beforeAll(async () => {
  world = await createDoorsWorld({ hosts: ['127.0.0.1', 'localhost'] })
  operator = await world.caller('operator', null)
})
afterAll(async () => world.close())

/** The refusal expected, and afterwards the service answers honest callers as before. */
async function refused(status: number, answer: Promise<{ statusCode: number; body: string }>, what: string) {
  count()
  const { statusCode, body } = await answer
  expect(statusCode, `${what}: ${body.slice(0, 200)}`).toBe(status)
  expect(body, what).not.toMatch(/sqlite|ERR_|node_modules|at .*\.ts:|root:x/)
}
const stillWell = async () => {
  const list = (await operator.get('/api/v1/instruments')).json<{ total: number }>()
  expect(list.total).toBe(5)
}

describe('paths', () => {
  const escapes = [
    '../../keys/log.pem',
    '..%2f..%2fkeys%2flog.pem',
    '%2e%2e/%2e%2e/keys/log.pem',
    '....//....//keys/log.pem',
    '..\\..\\keys\\log.pem',
    'checkpoint/../../../keys/log.pem',
    'checkpoints/../../keys/log.pem',
    'checkpoints/1/../../../keys/log.pem',
    'tile/0/../../../keys/log.pem',
    'tile/entries/000%00.pem',
    '%252e%252e/keys/log.pem',
    'checkpoint%00.pem',
    '/etc/passwd',
    'file:///etc/passwd',
  ]
  it.each(escapes)('never leave the folder of the log: %s', async (path) => {
    const answer = await operator.get(`/log/2026/${path}`)
    count()
    expect([400, 404]).toContain(answer.statusCode)
    expect(answer.body).not.toMatch(/PRIVATE|root:x/)
    count()
    expect((await operator.get(`/log/${path}`)).statusCode).toBeGreaterThanOrEqual(400)
    // Of the page's files neither: they are for everybody.
    count()
    expect((await world.get(`/assets/${path}`)).body).not.toMatch(/PRIVATE|root:x/)
  })

  it('go out of the folder by a raw request neither', async () => {
    const address = new URL(await world.api.listen({ host: '127.0.0.1', port: 0 }))
    for (const path of [
      '/../../../../etc/passwd',
      '/assets/../../../../../etc/passwd',
      '/log/2026/../../operations.sqlite',
    ]) {
      const text = await raw(
        Number(address.port),
        `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n`,
      )
      count()
      expect(text).not.toMatch(/root:x|SQLite format/)
    }
    for (const rubbish of [
      '\0\0\0\0\r\n\r\n',
      'GET / HTTP/9.9\r\n\r\n',
      `GET /${'a'.repeat(70_000)} HTTP/1.1\r\n\r\n`,
    ]) {
      count()
      expect(await raw(Number(address.port), rubbish)).toMatch(/^HTTP\/1\.1 (4|505)/)
    }
    await stillWell()
  })
})

/** Sends bytes, resolves with what came until the end. */
const raw = (port: number, bytes: string) =>
  new Promise<string>((resolve, reject) => {
    let text = ''
    const socket = connect(port, '127.0.0.1', () => socket.write(bytes))
    socket.setTimeout(10_000, () => socket.destroy(new Error('no answer in 10 s')))
    socket.on('data', (part) => (text += part.toString('latin1')))
    socket.on('error', (error: NodeJS.ErrnoException) =>
      // What is over the limit may be cut off before its answer is read.
      error.code === 'ECONNRESET' ? resolve(text === '' ? 'HTTP/1.1 431 cut off' : text) : reject(error),
    )
    socket.on('close', () => resolve(text))
  })

describe('ids and names', () => {
  const injections = [
    `' OR '1'='1`,
    `'; DROP TABLE account; --`,
    `" OR ""="`,
    `sem-01') UNION SELECT password FROM account --`,
    `x"; DROP MEASUREMENT power; --`,
    `key =~ /.*/`,
    `a,b=c d=1 1\nx y=2`,
    `\\\\'\\\\"`,
    '__proto__',
    'constructor',
    '${7*7}{{7*7}}<%= 7*7 %>',
    '<script>alert(1)</script>',
    '\u202ewen\u0000',
    '-1e309',
    'a'.repeat(5_000),
  ]
  it.each(injections)('are text and nothing else: %s', async (text) => {
    const q = encodeURIComponent(text)
    const addresses = [
      `/api/v1/instruments/${q}/${q}`,
      `/api/v1/instruments/gz-gibh/${q}`,
      `/api/v1/usage?period=2026-01&scope=${q}`,
      `/api/v1/usage?period=${q}`,
      `/api/v1/evidence?instrument=${q}&date=2026-01-05`,
      `/api/v1/instruments?cursor=${q}`,
      `/api/v1/instruments?sort=${q}`,
      `/api/v1/quarantine/${q}`,
    ]
    for (const address of addresses) {
      const { statusCode, body, headers } = await operator.get(address)
      count()
      expect([400, 404, 414], `${address}: ${body.slice(0, 200)}`).toContain(statusCode)
      expect(headers['content-type']).toContain('application/problem+json')
    }
    count()
    const answer = await operator.get(`/api/v1/instruments?q=${q}`)
    if (answer.statusCode === 200) expect(answer.json<{ total: number }>().total).toBe(0)
    else expect(answer.statusCode).toBe(400)
    count()
    const login = await world.api.inject({
      method: 'POST',
      url: '/api/v1/login',
      payload: { account: text, password: text },
    })
    expect([400, 401, 429]).toContain(login.statusCode)
    await stillWell()
  })

  it('cannot make an account that would break what lists it', async () => {
    // `constructor` is a name like any other.
    for (const id of injections.filter((one) => one !== 'constructor'))
      await refused(
        400,
        operator.send('POST', '/api/v1/accounts', { id, name: 'x', role: 'viewer', organisations: ['gibh'] }),
        id.slice(0, 40),
      )
    await refused(
      404,
      operator.send('POST', '/api/v1/accounts', {
        id: 'ok',
        name: 'x',
        role: 'viewer',
        organisations: ['no-such'],
      }),
      'organisation',
    )
  })
})

describe('bodies', () => {
  const post = (payload: string, type = 'application/json') =>
    world.api.inject({ method: 'POST', url: '/api/v1/login', payload, headers: { 'content-type': type } })

  it('that are deep, huge, poisoned or of another kind are refused before anything is done with them', async () => {
    await refused(400, post('['.repeat(10_000) + ']'.repeat(10_000)), 'deep')
    await refused(400, post(`{"account":${'{"a":'.repeat(3_000)}1${'}'.repeat(3_001)}`), 'deep object')
    await refused(413, post('['.repeat(100_000) + ']'.repeat(100_000)), 'deep and huge')
    await refused(413, post(`"${'a'.repeat(3_000_000)}"`), 'huge')
    await refused(400, post('{"__proto__":{"role":"operator"},"account":"a","password":"b"}'), '__proto__')
    await refused(
      400,
      post('{"constructor":{"prototype":{"x":1}},"account":"a","password":"b"}'),
      'constructor',
    )
    await refused(400, post('{"account":"a","password":"b","role":"operator"}'), 'mass assignment')
    await refused(400, post('{"account":["a"],"password":{"$ne":""}}'), 'operators of other stores')
    await refused(400, post('{"account":"a"'), 'cut off')
    await refused(400, post(''), 'empty')
    await refused(
      415,
      post('account=a&password=b', 'application/x-www-form-urlencoded'),
      'a form of another site',
    )
    await refused(
      400,
      post('{"account":"a","password":"b"}', 'text/plain'),
      'a simple request of another site',
    )
    expect(({} as Record<string, unknown>)['role']).toBeUndefined()
    await stillWell()
  })
})

describe('sessions and keys', () => {
  it('end: signed out, by time, disabled; and what is replayed is nobody', async () => {
    const { accounts } = world.door
    await accounts.create({ id: 'eve', name: 'E', role: 'viewer', organisations: ['gibh'] }, null)
    const enter = () => {
      const session = accounts.admit('eve')!
      return callerOf(world, { cookie: `__Host-hours=${session.token}`, 'x-csrf-token': session.csrf })
    }
    const out = enter()
    expect((await out.get('/api/v1/me')).statusCode).toBe(200)
    expect((await out.send('POST', '/api/v1/logout')).statusCode).toBe(204)
    await refused(401, out.get('/api/v1/me'), 'replayed after logout')
    const long = enter()
    const key = accounts.createKey({ account: 'eve', label: 'k', scopes: ['read'], days: 1 })
    const robot = callerOf(world, { authorization: `Bearer ${key}` })
    expect((await robot.get('/api/v1/me')).statusCode).toBe(200)
    world.doorClock.advanceTo(world.doorClock.wall() + 13 * HOUR)
    await refused(401, long.get('/api/v1/me'), 'expired session')
    world.doorClock.advanceTo(world.doorClock.wall() + DAY)
    await refused(401, robot.get('/api/v1/me'), 'expired key')
    const last = enter()
    accounts.disable('eve')
    await refused(401, last.get('/api/v1/me'), 'disabled account')
    operator = await world.caller('operator', null)
    for (const token of ['', 'x', 'hk_aaaaaaaa.bbb', key.slice(0, -1), `${key}x`, "' OR 1=1 --", '../..'])
      await refused(
        401,
        callerOf(world, { authorization: `Bearer ${token}` }).get('/api/v1/me'),
        `key ${token}`,
      )
    await refused(401, callerOf(world, { authorization: 'Basic b3A6b3A=' }).get('/api/v1/me'), 'Basic')
    const behind = await world.caller('viewer', ['gibh'])
    const proxied = callerOf(world, { ...behind.headers, authorization: 'Basic b3A6b3A=' })
    expect((await proxied.get('/api/v1/me')).statusCode, 'a proxy with a password of its own').toBe(200)
    await refused(401, callerOf(world, { cookie: '__Host-hours=' }).get('/api/v1/me'), 'empty cookie')
  })

  it('are not widened: a key by its scopes, an account by whoever makes another', async () => {
    const admin = await world.caller('organisation_admin', ['gibh'])
    const account = (role: string, organisations: unknown) => ({
      id: `w-${role}`,
      name: 'x',
      role,
      organisations,
    })
    await refused(
      403,
      admin.send('POST', '/api/v1/accounts', account('regulator', ['gibh'])),
      'more than his role',
    )
    await refused(403, admin.send('POST', '/api/v1/accounts', account('operator', null)), 'operator')
    await refused(
      404,
      admin.send('POST', '/api/v1/accounts', account('viewer', ['zebra'])),
      'another organisation',
    )
    await refused(
      404,
      admin.send('POST', '/api/v1/accounts', account('viewer', ['province'])),
      'above his own',
    )
    await refused(404, admin.send('POST', '/api/v1/accounts/p0/disable'), 'an account he does not manage')
    await refused(404, admin.send('POST', '/api/v1/accounts/p0/reset'), 'an account he does not manage')
    await refused(
      400,
      admin.send('POST', '/api/v1/keys', { label: 'x', scopes: ['operate'], days: 1 }),
      'scopes',
    )
    const made = await admin.send('POST', '/api/v1/keys', { label: 'x', scopes: ['read'], days: 1 })
    const robot = callerOf(world, { authorization: `Bearer ${made.json<{ key: string }>().key}` })
    await refused(403, robot.get('/api/v1/accounts'), 'right of the owner, not of the key')
    await refused(
      403,
      robot.send('POST', '/api/v1/keys', { label: 'y', scopes: ['read'], days: 700 }),
      'a key makes no keys',
    )
    await refused(403, admin.get('/metrics'), 'counts of the whole installation')
  })

  it('of a browser change nothing without their token, or from another site', async () => {
    const { headers } = await world.caller('facility_manager', ['gibh'])
    const cookie = headers['cookie'] ?? ''
    const body = { label: 'x', scopes: ['read'], days: 1 }
    const send = (more: Record<string, string>) =>
      callerOf(world, { cookie, ...more }).send('POST', '/api/v1/keys', body)
    const token = headers['x-csrf-token'] ?? ''
    await refused(403, send({}), 'no token')
    await refused(403, send({ 'x-csrf-token': '' }), 'empty token')
    await refused(403, send({ 'x-csrf-token': `${token}x` }), 'wrong token')
    await refused(403, send({ 'x-csrf-token': token, origin: 'https://evil.example' }), 'other origin')
    await refused(403, send({ 'x-csrf-token': token, origin: 'null' }), 'sandboxed origin')
    await refused(403, send({ 'x-csrf-token': token, 'sec-fetch-site': 'cross-site' }), 'cross-site')
    await refused(
      403,
      send({ 'x-csrf-token': token, 'sec-fetch-site': 'same-site' }),
      'another name of the site',
    )
    const other = await world.caller('viewer', ['gibh'])
    await refused(403, send({ 'x-csrf-token': other.headers['x-csrf-token'] ?? '' }), "somebody else's token")
    expect((await send({ 'x-csrf-token': token })).statusCode).toBe(201)
    const answer = await world.get('/api/v1/instruments')
    expect(answer.headers['access-control-allow-origin']).toBeUndefined()
    expect(answer.headers).toMatchObject({
      'x-content-type-options': 'nosniff',
      'x-frame-options': 'DENY',
      'cache-control': 'private, no-cache',
    })
    expect(answer.headers['strict-transport-security']).toContain('max-age=')
    expect(answer.headers['content-security-policy']).toContain("default-src 'self'")
  })

  it('are asked for by the name of this site alone', async () => {
    for (const host of [
      'evil.example',
      '127.0.0.1.evil.example',
      'localhost@evil.example',
      '[::1',
      'localhost:80:80',
    ])
      await refused(421, world.get('/api/v1/login', { host }), `host ${host}`)
    expect((await world.get('/api/v1/login', { host: 'LOCALHOST:8080' })).statusCode).toBe(200)
  })
})

describe('guessing', () => {
  it('is slowed for an address, told nothing, and never lets more than a few checks run', async () => {
    const clock = createManualClock(start)
    const door = await openDoor({ dataDir: freshFolder(), clock })
    const own = await createApiWorld({ door })
    await door.accounts.create({ id: 'known', name: 'K', role: 'operator', organisations: null }, password)
    const guess = (account: string, remoteAddress = '10.0.0.1') =>
      own.api.inject({
        method: 'POST',
        url: '/api/v1/login',
        payload: { account, password: 'wrong' },
        remoteAddress,
      })
    const answers = await Promise.all(
      Array.from({ length: 40 }, (_, i) => guess(i % 2 === 0 ? 'known' : `nobody${i}`)),
    )
    count()
    expect(answers.filter(({ statusCode }) => statusCode === 401).length).toBe(12)
    expect(answers.filter(({ statusCode }) => statusCode === 429).length).toBe(28)
    expect(new Set(answers.filter(({ statusCode }) => statusCode === 401).map(({ body }) => body)).size).toBe(
      1,
    )
    // Another address is not kept out by it.
    const right = await own.api.inject({
      method: 'POST',
      url: '/api/v1/login',
      payload: { account: 'known', password },
      remoteAddress: '10.0.0.2',
    })
    expect(right.statusCode).toBe(200)
    const flood = await Promise.all(Array.from({ length: 60 }, (_, i) => guess('known', `10.1.0.${i}`)))
    count()
    expect(flood.some(({ statusCode }) => statusCode === 429)).toBe(true)
    // Asking is paced as well, by address where nobody is signed in: 400 at once.
    const ask = (remoteAddress: string) => own.api.inject({ url: '/api/v1/login', remoteAddress })
    const asked = await Promise.all(Array.from({ length: 450 }, () => ask('10.2.0.1')))
    count()
    expect(asked.filter(({ statusCode }) => statusCode === 429).length).toBe(50)
    expect((await ask('10.2.0.2')).statusCode).toBe(200)
    await own.close()
    door.close()
  })

  it('takes as long for a name that is there, or locked, as for one that is not, whatever the password', async () => {
    const clock = createManualClock(start)
    const door = await openDoor({ dataDir: freshFolder(), clock })
    const viewer = { name: 'X', role: 'viewer' as const, organisations: ['gibh'] }
    for (const id of ['there', 'locked']) await door.accounts.create({ ...viewer, id }, password)
    await door.accounts.create({ ...viewer, id: 'invited' }, null)
    const lock = async () => {
      while ((await door.accounts.signIn('locked', 'wrong')) !== 'locked');
    }
    await lock()
    const time = async (id: string, given: string) => {
      const begin = performance.now()
      expect(await door.accounts.signIn(id, given)).toBe(id === 'locked' ? 'locked' : 'wrong')
      return performance.now() - begin
    }
    const kinds = [
      () => time('nobody', 'wrong'),
      () => time('there', 'wrong'),
      () => time('there', `${password}x`),
      () => time('nobody', 'w'.repeat(200)),
      () => time('locked', 'wrong'),
      () => time('locked', password),
      () => time('invited', 'wrong'),
    ]
    const times = kinds.map(() => Number.POSITIVE_INFINITY)
    for (const kind of kinds) await kind()
    // Not more rounds, or `there` is locked too.
    for (let round = 0; round < 4; round++)
      for (const [i, kind] of kinds.entries()) times[i] = Math.min(times[i] ?? Infinity, await kind())
    for (const _kind of kinds) count()
    // The fastest of each, as two cores are shared; a leak by an early answer would be a factor of hundreds.
    expect(Math.max(...times) / Math.min(...times), times.join(' ')).toBeLessThan(1.6)
    door.close()
  })
})
