import { createServer, type Server } from 'node:https'
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import tls from 'node:tls'
import { createManualClock, systemClock } from '@hours/protocol'
import Provider from 'oidc-provider'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openDoor, type Door } from '../../ingest/src/access/door.ts'
import { createOidcLogin } from '../../ingest/src/access/oidc.ts'
import { type ApiWorld, createApiWorld } from '../../ingest/src/api/api.fixture.ts'
import { openSiteCa } from '../../ingest/src/ca/site-ca.ts'
import { hostileCases } from '../hostile-cases.ts'
import { freshFolder, start } from '../../ingest/src/ingest.fixture.ts'

const count = hostileCases()
let world: ApiWorld
let door: Door
let server: Server
let issuer: string
/** Whom the provider says is there. */
let person = { accountId: 'sub-1', name: 'lin' }

beforeAll(async () => {
  const ca = await openSiteCa(mkdtempSync(`${tmpdir()}/hours-oidc-ca-`), systemClock)
  const { certificate, key } = await ca.issueServer(['127.0.0.1'])
  tls.setDefaultCACertificates([...tls.getCACertificates('bundled'), ca.certificate])
  const made: { provider?: Provider } = {}
  server = createServer({ cert: certificate, key }, (request, response) => {
    // Where a campus would ask for name and password.
    if (request.url?.startsWith('/interaction/'))
      void made.provider?.interactionFinished(request, response, { login: { accountId: person.accountId } })
    else void made.provider?.callback()(request, response)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  issuer = `https://127.0.0.1:${(server.address() as { port: number }).port}`
  made.provider = createProvider(issuer)
  const oidc = createOidcLogin({
    issuer,
    clientId: 'hours',
    clientSecret: 'a-secret-of-the-client',
    publicUrl: 'https://hours.test',
    claim: 'preferred_username',
    clock: systemClock,
  })
  door = await openDoor({
    dataDir: freshFolder(),
    clock: createManualClock(start),
    oidc,
    guessRate: { perSecond: 1, burst: 1_000 },
  })
  world = await createApiWorld({ door })
  await door.accounts.create(
    { id: 'lin', name: 'Lin', role: 'viewer', organisations: ['gibh'], oidc: true },
    null,
  )
  await door.accounts.create(
    { id: 'boss', name: 'B', role: 'operator', organisations: null },
    'correct horse battery',
  )
})
afterAll(async () => {
  await world.close()
  door.close()
  server.close()
})

function createProvider(url: string): Provider {
  return new Provider(url, {
    clients: [
      {
        client_id: 'hours',
        client_secret: 'a-secret-of-the-client',
        redirect_uris: ['https://hours.test/api/v1/login/oidc/callback'],
        grant_types: ['authorization_code'],
        response_types: ['code'],
      },
    ],
    claims: { openid: ['sub'], profile: ['preferred_username'] },
    conformIdTokenClaims: false,
    pkce: { required: () => true },
    findAccount: (_ctx, id) => ({
      accountId: id,
      claims: () => ({ sub: id, preferred_username: person.name }),
    }),
    features: { devInteractions: { enabled: false } },
    interactions: { url: (_ctx, { uid }) => `/interaction/${uid}` },
    // Nobody is asked whether this site may know the name.
    loadExistingGrant: async (ctx) => {
      const { client } = ctx.oidc
      const grant = new ctx.oidc.provider.Grant({
        clientId: client?.clientId ?? '',
        accountId: person.accountId,
      })
      grant.addOIDCScope('openid profile')
      await grant.save()
      return grant
    },
  })
}

/** Goes to the provider as a browser would, and comes back with the address it was sent to. */
async function throughProvider(url: string): Promise<URL> {
  const jar = new Map<string, string>()
  let at = url
  for (let hops = 0; hops < 8; hops++) {
    const answer = await fetch(at, {
      redirect: 'manual',
      headers: { cookie: [...jar].map(([name, value]) => `${name}=${value}`).join('; ') },
    })
    for (const one of answer.headers.getSetCookie()) {
      const [pair = ''] = one.split(';')
      jar.set(pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1))
    }
    const next = new URL(answer.headers.get('location') ?? '', at)
    if (next.hostname === 'hours.test') return next
    at = next.href
  }
  throw new Error(`the provider does not send back: ${at}`)
}

async function begin() {
  const begun = await world.get('/api/v1/login/oidc')
  const cookie = begun.cookies.map(({ name, value }) => `${name}=${value}`).join('; ')
  return { url: String(begun.headers.location), cookie, status: begun.statusCode }
}

/** Where somebody ends whom the provider knows by this subject and calls by this name. */
const tryAs = async (accountId: string, name: string) => {
  person = { accountId, name }
  const { url, cookie } = await begin()
  return (await back(await throughProvider(url), cookie)).headers.location
}

const back = (url: URL, cookie: string) => world.get(url.pathname + url.search, { cookie })

describe('login by OpenID Connect', () => {
  it('goes by code, PKCE, state and nonce, and opens a session of the account of that name', async () => {
    const { url, cookie, status } = await begin()
    expect(status).toBe(303)
    const asked = new URL(url).searchParams
    expect(asked.get('response_type')).toBe('code')
    expect(asked.get('code_challenge_method')).toBe('S256')
    expect(asked.get('state')).toBeTruthy()
    expect(asked.get('nonce')).toBeTruthy()
    const answer = await back(await throughProvider(url), cookie)
    expect(answer.headers.location).toBe('/')
    const session = answer.cookies.find(({ name }) => name === '__Host-hours')
    const me = await world.get('/api/v1/me', { cookie: `__Host-hours=${session?.value}` })
    expect(me.json()).toMatchObject({ account: 'lin', role: 'viewer' })
  })

  it('takes a way back once, of the browser that began it, and with the state it began with', async () => {
    const { url, cookie } = await begin()
    const target = await throughProvider(url)
    expect((await back(target, '')).headers.location).toBe('/?login=refused')
    const other = new URL(target)
    other.searchParams.set('state', 'x'.repeat(43))
    expect((await back(other, cookie)).headers.location).toBe('/?login=refused')
    // What was tried with a wrong state is spent.
    expect((await back(target, cookie)).headers.location).toBe('/?login=refused')
    const second = await begin()
    const good = await throughProvider(second.url)
    expect((await back(good, second.cookie)).headers.location).toBe('/')
    expect((await back(good, second.cookie)).headers.location).toBe('/?login=refused')
  })

  it('opens no account that has a password, is bound to somebody else, or is not there', async () => {
    expect(await tryAs('sub-2', 'boss')).toBe('/?login=refused')
    expect(await tryAs('sub-3', 'lin')).toBe('/?login=refused')
    expect(await tryAs('sub-4', 'nobody')).toBe('/?login=refused')
    expect(await tryAs('sub-1', 'lin')).toBe('/')
  })

  it('never opens an account that waits for its link, the first operator included, nor one that has chosen a password', async () => {
    const { accounts, invitations, audit } = door
    await accounts.create({ id: 'operator', name: 'O', role: 'operator', organisations: null }, null)
    const token = invitations.issue('operator')
    expect(await tryAs('thief', 'operator')).toBe('/?login=refused')
    const payload = { token, password: 'correct horse battery' }
    expect((await world.api.inject({ method: 'POST', url: '/api/v1/welcome', payload })).statusCode).toBe(200)
    expect(await tryAs('thief', 'operator')).toBe('/?login=refused')
    count()
    // Who was tied and then chooses a password by a link comes in by that alone.
    expect(await tryAs('sub-1', 'lin')).toBe('/')
    const reset = { token: invitations.issue('lin'), password: 'another long password' }
    await world.api.inject({ method: 'POST', url: '/api/v1/welcome', payload: reset })
    expect(await tryAs('sub-1', 'lin')).toBe('/?login=refused')
    count()
    accounts.setOidc('lin')
    expect(await accounts.signIn('lin', 'another long password')).toBe('wrong')
    expect(await tryAs('sub-5', 'lin')).toBe('/')
    expect(await tryAs('sub-1', 'lin')).toBe('/?login=refused')
    count()
    const ties = audit.list({ limit: 50 }).filter(({ action }) => action === 'account.bind')
    expect(ties.map(({ target }) => target.split(' ')[1])).toEqual(['sub-5', 'sub-1'])
  })

  it('refuses a provider over plain http', () => {
    const options = {
      issuer: 'http://id.example.edu',
      clientId: 'x',
      publicUrl: 'https://h',
      claim: 'sub',
      clock: systemClock,
    } as const
    expect(() => createOidcLogin(options)).toThrow(/https/)
  })
})
