import { Writable } from 'node:stream'
import { createBroker } from '@hours/broker'
import { GatewayId, SiteId } from '@hours/protocol'
import { pino } from 'pino'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { connectLoad } from '../../bench/mqtt-load.ts'
import { createDoorsWorld, type DoorsWorld, password } from './doors.fixture.ts'

const gatewaySecret = 'Z2F0ZXdheS1wYXNzd29yZC1vZi0zMi1ieXRlcyEhISE'
let said = ''
const log = pino(
  { level: 'trace' },
  new Writable({
    write(chunk: Buffer, _encoding, done) {
      said += chunk.toString()
      done()
    },
  }),
)
let world: DoorsWorld
beforeAll(async () => {
  world = await createDoorsWorld({ log })
})
afterAll(() => world.close())

const post = (url: string, payload: object, headers: Record<string, string> = {}) =>
  world.api.inject({ method: 'POST', url, payload, headers })

it('logs of the finest level hold no password, token, key, code or cookie, of those that fit and those that do not', async () => {
  const { door } = world
  await door.accounts.create({ id: 'lin', name: 'Lin', role: 'operator', organisations: null }, password)
  const token = door.invitations.issue('lin')
  const key = door.accounts.createKey({ account: 'lin', label: 'x', scopes: ['read'], days: 3 })
  const session = door.accounts.admit('lin')
  const code = door.codes.issue(SiteId.parse('gz-gibh'), GatewayId.parse('gw-1'))
  const wrong = { password: 'a wrong guess it is', token: 'wrong-token-0123456789', key: `${key}x` }
  await post('/api/v1/login', { account: 'lin', password })
  await post('/api/v1/login', { account: 'lin', password: wrong.password })
  await post('/api/v1/welcome', { token: wrong.token, password })
  await post('/api/v1/welcome', { token, password: `${password} again` })
  for (const bearer of [key, wrong.key])
    await world.get('/api/v1/instruments', { authorization: `Bearer ${bearer}` })
  await world.get('/api/v1/instruments', { cookie: `__Host-hours=${session?.token ?? ''}` })
  await world.get(`/api/v1/login/oidc/callback?code=${wrong.token}&state=${wrong.token}`)
  await post('/api/v1/enrol', { code: code, csr: 'no csr', gateway: 'gw-1' })

  world.ingest.setGatewayPassword('gw-1', gatewaySecret)
  const broker = await createBroker({
    commit: world.ingest.commit,
    directory: world.ingest.directory,
    log,
    listen: { host: '127.0.0.1', port: 0, allowPlain: true },
  })
  const login = (secret: string) =>
    connectLoad({ port: broker.port, clientId: 'gw-1', username: 'gw-1', password: secret })
  await expect(login(wrong.password)).rejects.toThrow('CONNACK')
  const client = await login(gatewaySecret)
  client.send({ topic: 'hours/1/gz-gibh/gw-2/page', payload: Buffer.from(wrong.token) })
  await client.ended
  await broker.close()

  expect(said).toContain('connection refused')
  expect(said).toContain('publish refused')
  const secrets = [
    password,
    token,
    key,
    key.split('.')[1] ?? key,
    session?.token,
    session?.csrf,
    gatewaySecret,
  ]
  for (const secret of [...secrets, code, ...Object.values(wrong)]) {
    expect(String(secret).length).toBeGreaterThan(8)
    expect(said).not.toContain(secret)
  }
})
