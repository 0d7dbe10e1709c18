import { X509Certificate } from 'node:crypto'
import { connect as tcp } from 'node:net'
import { connect as tls } from 'node:tls'
import { type Broker, BrokerError, createBroker, hashPassword } from '@hours/broker'
import { createManualClock, GatewayId, type GatewayIdentity, type UpMessage } from '@hours/protocol'
import { connectAsync, type IClientOptions, type MqttClient } from 'mqtt'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { hostileCases } from '../hostile-cases.ts'
import { own, silent, site } from './broker-adapters.ts'
import { makeTestCa, type TestCertificate } from './certificates.ts'

hostileCases()
/** Who a gateway is, over TLS (wire.md, section 4; issue "Doors": wrong CN, takeover, revocation). */
// Certificates end by the time of day.
const clock = createManualClock(Date.now())
const gateways = new Map<string, GatewayIdentity>()
const received: UpMessage[] = []
const open: MqttClient[] = []
const certificates = new Map<string, TestCertificate>()
let broker: Broker
let ca: string

beforeAll(async () => {
  const [ours, others] = [await makeTestCa('site'), await makeTestCa('somebody else')]
  ca = ours.cert
  for (const id of ['gw-1', 'gw-2', 'gw-9']) certificates.set(id, await ours.issue(`CN=${id}`))
  certificates.set('expired', await ours.issue('CN=gw-1', { expired: true }))
  certificates.set('server as client', await ours.issue('CN=gw-1', { server: true }))
  certificates.set('two names', await ours.issue('CN=gw-1, CN=gw-2'))
  certificates.set('foreign', await others.issue('CN=gw-1'))
  for (const id of ['gw-1', 'gw-2', 'gw-3'])
    gateways.set(id, { site, gateway: GatewayId.parse(id), revoked: false })
  gateways.set('gw-3', { ...gateways.get('gw-3')!, password: await hashPassword('three') })
  broker = await createBroker({
    commit: async (message) => {
      received.push(message)
    },
    directory: { find: (id) => gateways.get(id) },
    clock,
    log: silent,
    listen: { host: '127.0.0.1', port: 0, tls: { ...(await ours.issue('CN=broker', { server: true })), ca } },
    limits: { connectTimeoutMs: 300, connectsPerSecond: 1_000 },
  })
})
afterAll(async () => {
  for (const client of open) await client.endAsync(true)
  await broker.close()
})

async function enter(id: string, certificate?: string, more: IClientOptions = {}): Promise<MqttClient> {
  const shown = certificate === undefined ? {} : certificates.get(certificate)
  const url = `mqtts://127.0.0.1:${broker.port}`
  const options = { clientId: id, protocolVersion: 4, reconnectPeriod: 0, ca, ...shown, ...more } as const
  const client = await connectAsync(url, options, false)
  client.on('error', () => undefined)
  open.push(client)
  return client
}
const closes = (client: MqttClient) => new Promise<void>((resolve) => client.once('close', () => resolve()))

describe('a certificate of the site', () => {
  it('admits the gateway it names', async () => {
    const client = await enter('gw-1', 'gw-1')
    await client.publishAsync(own('gw-1', 'page'), 'by certificate', { qos: 1 })
    expect(received.at(-1)).toMatchObject({ topic: own('gw-1', 'page'), client: 'gw-1' })
  })

  it.each([
    ['of another gateway', 'gw-1', 'gw-2'],
    ['of another authority', 'gw-1', 'foreign'],
    ['that has expired', 'gw-1', 'expired'],
    ['made for a server', 'gw-1', 'server as client'],
    ['with two names', 'gw-1', 'two names'],
    ['of a gateway that is not enrolled', 'gw-9', 'gw-9'],
  ])('%s is refused with code 5', async (_what, id, certificate) => {
    await expect(enter(id, certificate)).rejects.toMatchObject({ code: 5 })
  })

  it('of another gateway is not helped by a right password', async () => {
    const login = { username: 'gw-3', password: 'three' }
    await expect(enter('gw-3', 'gw-2', login)).rejects.toMatchObject({ code: 5 })
    await expect(enter('gw-3', 'foreign', login)).rejects.toMatchObject({ code: 5 })
  })

  it('is needed where there is no password', async () => {
    await expect(enter('gw-1')).rejects.toMatchObject({ code: 4 })
    await expect(enter('gw-1', undefined, { username: 'gw-1', password: '' })).rejects.toMatchObject({
      code: 4,
    })
  })
})

describe('the password fallback', () => {
  it('admits over TLS, and only its own gateway', async () => {
    await expect(enter('gw-3', undefined, { username: 'gw-3', password: 'three' })).resolves.toBeDefined()
    await expect(enter('gw-1', undefined, { username: 'gw-3', password: 'three' })).rejects.toMatchObject({
      code: 4,
    })
    await expect(enter('gw-3', undefined, { username: 'gw-3', password: 'Three' })).rejects.toMatchObject({
      code: 4,
    })
  })
})

describe('a live session', () => {
  it('is not ended by somebody who is not the gateway', async () => {
    const honest = await enter('gw-1', 'gw-1')
    await expect(enter('gw-1', 'gw-2')).rejects.toMatchObject({ code: 5 })
    await expect(enter('gw-1', undefined, { username: 'gw-1', password: 'guess' })).rejects.toThrow()
    await honest.publishAsync(own('gw-1', 'page'), 'still here', { qos: 1 })
    expect(honest.connected).toBe(true)
  })

  it('ends when the gateway is revoked, and does not come back', async () => {
    const client = await enter('gw-2', 'gw-2')
    gateways.set('gw-2', { ...gateways.get('gw-2')!, revoked: true })
    const closed = closes(client)
    broker.disconnect('gw-2', 'key revoked')
    await closed
    await expect(enter('gw-2', 'gw-2')).rejects.toMatchObject({ code: 5 })
    gateways.set('gw-2', { ...gateways.get('gw-2')!, revoked: false })
  })

  it('ends within five seconds of a revocation that nobody told the broker of', async () => {
    const client = await enter('gw-2', 'gw-2')
    gateways.set('gw-2', { ...gateways.get('gw-2')!, revoked: true })
    const closed = closes(client)
    clock.advanceTo(clock.wall() + 5_000)
    await closed
    gateways.set('gw-2', { ...gateways.get('gw-2')!, revoked: false })
  })
})

describe('a live session that would not be let in any more', () => {
  const serial = (name: string) =>
    new X509Certificate(certificates.get(name)?.cert ?? '').serialNumber.replace(/^0+/, '')
  const change = (id: string, more: Partial<GatewayIdentity>) => {
    const before = gateways.get(id)!
    gateways.set(id, { ...before, ...more })
    return () => void gateways.set(id, before)
  }
  const check = () => clock.advanceTo(clock.wall() + 5_000)

  it('ends when its certificate is no longer in force; one that is goes on', async () => {
    const [client, other] = [await enter('gw-2', 'gw-2'), await enter('gw-1', 'gw-1')]
    const backs = [
      change('gw-2', { certificates: ['ABCDEF'] }),
      change('gw-1', { certificates: ['ABCDEF', serial('gw-1')] }),
    ]
    const closed = closes(client)
    check()
    await closed
    await other.publishAsync(own('gw-1', 'page'), 'goes on', { qos: 1 })
    await expect(enter('gw-2', 'gw-2')).rejects.toMatchObject({ code: 5 })
    for (const back of backs) back()
  })

  it('ends when its password has been replaced, or taken away', async () => {
    for (const password of [await hashPassword('four'), undefined]) {
      const client = await enter('gw-3', undefined, { username: 'gw-3', password: 'three' })
      const { password: _before, ...rest } = gateways.get('gw-3')!
      const back = change('gw-3', {})
      gateways.set('gw-3', password === undefined ? rest : { ...rest, password })
      const closed = closes(client)
      check()
      await closed
      back()
    }
  })

  it('ends when its certificate has expired', async () => {
    const client = await enter('gw-2', 'gw-2')
    const closed = closes(client)
    clock.advanceTo(clock.wall() + 2 * 86_400_000)
    await closed
  })
})

describe('the door itself', () => {
  it('speaks TLS 1.2 and later only', async () => {
    const failed = new Promise((resolve, reject) => {
      const socket = tls({
        port: broker.port,
        host: '127.0.0.1',
        ca,
        maxVersion: 'TLSv1.1',
        minVersion: 'TLSv1',
        ciphers: 'ALL:@SECLEVEL=0',
      })
      socket.once('secureConnect', () => reject(new Error('TLS 1.1 was spoken')))
      socket.once('error', resolve)
    })
    await expect(failed).resolves.toBeDefined()
  })

  it('closes sockets that never finish the handshake, and counts them meanwhile', async () => {
    const before = broker.metrics()['connections']!
    const sockets = Array.from({ length: 50 }, () =>
      tcp(broker.port, '127.0.0.1')
        .resume()
        .on('error', () => undefined),
    )
    const closed = sockets.map((socket) => new Promise((resolve) => socket.once('close', resolve)))
    await Promise.all(sockets.map((socket) => new Promise((resolve) => socket.once('connect', resolve))))
    await expect.poll(() => broker.metrics()['connections']).toBe(before + 50)
    await Promise.all(closed)
    await expect.poll(() => broker.metrics()['connections']).toBe(before)
  })

  it('survives plain MQTT on its TLS port', async () => {
    const socket = tcp(broker.port, '127.0.0.1')
      .resume()
      .on('error', () => undefined)
    const closed = new Promise((resolve) => socket.once('close', resolve))
    socket.write(Buffer.from('100c00044d5154540402003c0000', 'hex'))
    await closed
  })

  it.each(['0.0.0.0', '192.0.2.1', '::'])('does not open without TLS on %s', async (host) => {
    const listen = { host, port: 0, allowPlain: true }
    const options = {
      commit: () => Promise.resolve(),
      directory: { find: () => undefined },
      log: silent,
      listen,
    }
    await expect(createBroker(options)).rejects.toThrow(BrokerError)
  })

  it('does not open on loopback without the explicit flag, nor with files that are no certificate', async () => {
    const options = { commit: () => Promise.resolve(), directory: { find: () => undefined }, log: silent }
    const listen = { host: '127.0.0.1', port: 0 }
    await expect(createBroker({ ...options, listen })).rejects.toMatchObject({ code: 'plain_refused' })
    const tlsFiles = { cert: 'no', key: 'certificate' }
    await expect(createBroker({ ...options, listen: { ...listen, tls: tlsFiles } })).rejects.toMatchObject({
      code: 'bad_tls',
    })
  })
})
