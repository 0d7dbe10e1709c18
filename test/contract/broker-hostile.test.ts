import { createBroker, hashPassword } from '@hours/broker'
import { GatewayId, type GatewayIdentity, type UpMessage } from '@hours/protocol'
import fc from 'fast-check'
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { packetOf } from '../conformance/conversation.ts'
import {
  bytes,
  type ConnectFields,
  connectPacket,
  openRaw,
  packet,
  publishPacket,
  type RawClient,
  str,
  subscribePacket,
  u16,
} from '../conformance/raw-client.ts'
import { hostileCases } from '../hostile-cases.ts'
import { own, silent, site } from './broker-adapters.ts'

/**
 * Hostile gateways, one case each (issue "Doors", bad input). While each of them does its worst an honest gateway sends
 * pages; afterwards every one of them has been committed, once acknowledged and in order.
 */
hostileCases()
const gateways = new Map<string, GatewayIdentity>()
const timeouts = { connectTimeoutMs: 400, drainTimeoutMs: 500 }
let broker: Awaited<ReturnType<typeof createBroker>>
let received: UpMessage[]
let open: RawClient[]
let honest: { acknowledged: number[]; stop(): Promise<number> }

let reader: string
beforeAll(async () => {
  reader = await hashPassword('wall')
  for (const id of ['gw-1', 'gw-2'])
    gateways.set(id, { site, gateway: GatewayId.parse(id), revoked: false, password: await hashPassword(id) })
})

beforeEach(async () => {
  received = []
  open = []
  broker = await createBroker({
    commit: async (message) => {
      await new Promise((resolve) => setTimeout(resolve, 1))
      received.push(message)
    },
    directory: { find: (id) => gateways.get(id) },
    log: silent,
    listen: { host: '127.0.0.1', port: 0, allowPlain: true },
    limits: {
      ...timeouts,
      instrumentsPerGateway: 100,
      connectionsPerAddress: 600,
      connectsPerSecondPerAddress: 5_000,
      // The honest one sends as fast as it can.
      publishesPerSecond: 20_000,
      publishBurst: 20_000,
    },
    readers: [{ id: 'wall', password: reader, sites: [site] }],
  })
  honest = await startHonest()
})

afterEach(async () => {
  const sent = await honest.stop()
  const pages = received
    .filter(({ topic }) => topic === own('gw-1', 'page'))
    .map(({ payload }) => Buffer.from(payload).toString())
  expect(pages).toEqual(Array.from({ length: sent }, (_, i) => `honest ${i}`))
  expect(honest.acknowledged).toEqual(Array.from({ length: sent }, (_, i) => i + 1))
  expect(sent).toBeGreaterThan(0)
  for (const client of open) client.destroy()
  await broker.close()
})

const login = (id: string, more: Partial<ConnectFields> = {}) =>
  connectPacket({ id, username: id, password: id, ...more })

async function raw(): Promise<RawClient> {
  const client = await openRaw(broker.port)
  open.push(client)
  return client
}

async function admitted(id = 'gw-2', more: Partial<ConnectFields> = {}): Promise<RawClient> {
  const client = await raw()
  client.send(login(id, more))
  expect([...(await packetOf(client, 2)).body]).toEqual([0, 0])
  return client
}

/** gw-1 sends a page as soon as the last one is acknowledged, until it is told to stop. */
async function startHonest() {
  const client = await admitted('gw-1')
  const acknowledged: number[] = []
  const stop = new AbortController()
  const sending = (async () => {
    let sent = 0
    while (!stop.signal.aborted) {
      sent += 1
      client.send(publishPacket(own('gw-1', 'page'), `honest ${sent - 1}`, { qos: 1, id: sent }))
      acknowledged.push((await packetOf(client, 4)).body.readUInt16BE(0))
    }
    return sent
  })()
  return {
    acknowledged,
    stop: () => {
      stop.abort()
      return sending
    },
  }
}

const megabytes = () => process.memoryUsage.rss() / 2 ** 20

describe('topics and filters of others', () => {
  it.each([
    own('gw-1', 'page'),
    'hours/1/lab2/gw-2/page',
    'hours/1/lab/gw-2/receipt',
    'hours/1/lab/gw-2/config',
    'hours/1/lab/gw-2/state/__proto__',
    'hours/1/lab/gw-2/state/../page',
    'hours/2/lab/gw-2/page',
    'cmnd/pow1/POWER',
    'shellies/plug/relay/0/command',
    'zigbee2mqtt/plug/set',
    '$SYS/broker/uptime',
    '$share/g/hours/1/lab/gw-2/page',
    '/',
  ])('a publish to %s ends the connection and brings nothing', async (topic) => {
    const client = await admitted()
    client.send(publishPacket(topic, 'bad', { qos: 1 }))
    await client.closed()
    expect(received.map(({ payload }) => Buffer.from(payload).toString())).not.toContain('bad')
  })

  it('a publish to a topic of 20,000 levels ends the connection', async () => {
    const client = await admitted()
    client.send(publishPacket('a/'.repeat(20_000), 'bad', { qos: 1 }))
    await client.closed()
  })

  it.each([
    '#',
    '+/#',
    'hours/#',
    'hours/1/lab/+/page',
    own('gw-1', 'receipt'),
    '$SYS/#',
    '$share/g/#',
    '$share/g/hours/1/lab/gw-2/receipt',
    'hours/1/lab/gw-2/state/+',
  ])('a subscription to %s is refused with 0x80', async (filter) => {
    const client = await admitted()
    client.send(subscribePacket(1, [filter, 0]))
    expect([...(await packetOf(client, 9)).body]).toEqual([0, 1, 0x80])
  })

  it('ten thousand filters in one SUBSCRIBE are refused one by one', async () => {
    const client = await admitted()
    client.send(subscribePacket(1, ...Array.from({ length: 10_000 }, () => ['#', 0] as const)))
    const codes = (await packetOf(client, 9)).body.subarray(2)
    expect(codes.every((code) => code === 0x80)).toBe(true)
  })

  it.each([
    ['a topic of another gateway', own('gw-1', 'status'), 1],
    ['its own page', own('gw-2', 'page'), 1],
    ['a plug', 'cmnd/pow1/POWER', 0],
    ['its own status at QoS 2', own('gw-2', 'status'), 2],
  ])('a will to %s is refused with CONNACK 5', async (_what, topic, qos) => {
    const client = await raw()
    client.send(login('gw-2', { will: { topic, payload: 'bad', qos } }))
    expect([...(await packetOf(client, 2)).body]).toEqual([0, 5])
    await client.closed()
  })
})

describe('identities of others', () => {
  it.each([
    ['a wrong password', { id: 'gw-1', username: 'gw-1', password: 'wrong' }, 4],
    ['no password', { id: 'gw-1' }, 4],
    ['the password of another gateway', { id: 'gw-1', username: 'gw-1', password: 'gw-2' }, 4],
    ['another gateway as user name', { id: 'gw-1', username: 'gw-2', password: 'gw-2' }, 4],
    ['an unknown gateway', { id: 'gw-9', username: 'gw-9', password: 'x' }, 4],
    ['a name of the language', { id: '__proto__', username: '__proto__', password: 'x' }, 4],
    ['an empty client id', { id: '', username: 'gw-1', password: 'gw-1' }, 2],
    ['a client id with a slash', { id: 'gw-1/x', username: 'gw-1', password: 'gw-1' }, 2],
    ['a client id in capitals', { id: 'GW-1', username: 'GW-1', password: 'gw-1' }, 4],
    ['a client id that is not UTF-8', { id: bytes(0xc3, 0x28), username: 'gw-1', password: 'gw-1' }, 2],
    ['a client id of 3,000 bytes', { id: 'a'.repeat(3_000), username: 'gw-1', password: 'gw-1' }, 2],
  ])('%s is refused, and the live session of the gateway stays', async (_what, fields, code) => {
    const client = await raw()
    client.send(connectPacket(fields))
    expect([...(await packetOf(client, 2)).body]).toEqual([0, code])
    await client.closed()
  })

  it('two hundred guesses at once do not hold up the honest gateway', async () => {
    const before = honest.acknowledged.length
    const guesses = await Promise.all(Array.from({ length: 200 }, () => raw()))
    guesses.forEach((client, i) => client.send(login('gw-1', { password: `guess ${i}` })))
    await Promise.all(guesses.map((client) => client.closed(20_000)))
    expect(honest.acknowledged.length).toBeGreaterThan(before + 20)
  })

  it('a gateway that comes back with the password it had does not wait behind two hundred guesses', async () => {
    ;(await admitted()).destroy()
    const guesses = await Promise.all(Array.from({ length: 200 }, () => raw()))
    guesses.forEach((client, i) => client.send(login('gw-2', { password: `guess ${i}` })))
    let refused = 0
    const ends = guesses.map((client) => client.closed(20_000).then(() => (refused += 1)))
    await admitted()
    expect(refused).toBeLessThan(200)
    await Promise.all(ends)
  })

  it('a gateway that flaps is slowed down, and nobody else is', async () => {
    const from = performance.now()
    for (let i = 0; i < 12; i += 1) (await admitted()).destroy()
    // Five at once, then five a second.
    expect(performance.now() - from).toBeGreaterThan(900)
  })
})

describe('sizes, numbers and slowness', () => {
  it('twenty CONNECTs of 250 MB are refused by their announced length', async () => {
    const before = megabytes()
    const clients = await Promise.all(Array.from({ length: 20 }, () => raw()))
    for (const client of clients) client.send(bytes(0x10, 0xf9, 0xff, 0xff, 0x7f), Buffer.alloc(60_000))
    await Promise.all(clients.map((client) => client.closed()))
    expect(megabytes() - before).toBeLessThan(100)
  })

  it('a CONNECT of more than 4 KiB and a packet of more than 64 KiB end the connection; up to that is taken', async () => {
    const big = await raw()
    big.send(login('gw-2', { will: { topic: own('gw-2', 'status'), payload: 'x'.repeat(4_096) } }))
    await big.closed()
    const client = await admitted()
    const room = 65_536 - 2 - own('gw-2', 'page').length - 2
    client.send(publishPacket(own('gw-2', 'page'), 'x'.repeat(room), { qos: 1, id: 1 }))
    await packetOf(client, 4)
    client.send(publishPacket(own('gw-2', 'page'), 'x'.repeat(room + 1), { qos: 1, id: 2 }))
    await client.closed()
  })

  it('five hundred silent sockets are closed after the connect timeout', async () => {
    const before = megabytes()
    const clients = await Promise.all(Array.from({ length: 500 }, () => raw()))
    await Promise.all(clients.map((client) => client.closed()))
    await expect.poll(() => broker.metrics()['connections']).toBe(1)
    expect(megabytes() - before).toBeLessThan(150)
  })

  it('a CONNECT that comes drop by drop is cut off by the same timeout', async () => {
    const client = await raw()
    const drops = setInterval(() => client.send(bytes(0)), 50)
    client.send(bytes(0x10, 0x7f, 0, 4))
    await client.closed(2_000).finally(() => clearInterval(drops))
  })

  it('more connections of one address than allowed are closed at once, and the others stay', async () => {
    const small = await createBroker({
      commit: () => Promise.resolve(),
      directory: { find: () => undefined },
      log: silent,
      listen: { host: '127.0.0.1', port: 0, allowPlain: true },
      limits: { connectionsPerAddress: 20 },
    })
    const clients = await Promise.all(Array.from({ length: 30 }, () => openRaw(small.port)))
    open.push(...clients)
    await expect.poll(() => small.metrics()['refusedConnects']).toBe(10)
    expect(small.metrics()['connections']).toBe(20)
    await small.close()
  })

  it('the retained state of one instrument more than allowed ends the connection', async () => {
    const client = await admitted()
    const state = (i: number) =>
      publishPacket(own('gw-2', `state/i-${i}`), 'x', { qos: 1, id: i, retain: true })
    client.send(...Array.from({ length: 100 }, (_, i) => state(i + 1)))
    for (let i = 0; i < 100; i += 1) await packetOf(client, 4)
    client.send(state(1))
    await packetOf(client, 4)
    client.send(state(101))
    await client.closed()
  })

  it('retained states longer than any state are not kept, nor more than 128 KiB of a gateway in all', async () => {
    const client = await admitted()
    const put = async (topic: string, bytes: number) => {
      client.send(publishPacket(own('gw-2', topic), 'x'.repeat(bytes), { qos: 1, id: 1, retain: true }))
      await packetOf(client, 4)
    }
    await put('state/short', 100)
    await put('state/long', 4_097)
    for (let i = 0; i < 40; i += 1) await put(`state/i-${i}`, 4_096)
    await put('status', 60_000)
    const wall = await raw()
    wall.send(connectPacket({ id: 'wall', username: 'wall', password: 'wall' }))
    await packetOf(wall, 2)
    wall.send(subscribePacket(1, [own('gw-2', 'state/+'), 0], [own('gw-2', 'status'), 0]))
    const topics: string[] = []
    while (topics.length < 32) {
      const one = await wall.next()
      if (one === 'closed') throw new Error('closed')
      if (one.type !== 3) continue
      const name = one.body.subarray(2, 2 + one.body.readUInt16BE(0)).toString()
      topics.push(name.split('/').at(-1) ?? '')
    }
    // 31 of 4 KiB fit beside the short one.
    expect(topics).toContain('short')
    expect(topics).not.toContain('long')
    expect(topics).not.toContain('status')
    expect(topics).not.toContain('i-31')
  })

  it('a subscriber that reads nothing is dropped, and what was sent to it does not pile up', async () => {
    const frozen = await admitted()
    frozen.send(subscribePacket(1, [own('gw-2', 'receipt'), 1]))
    await packetOf(frozen, 9)
    frozen.socket.pause()
    const before = megabytes()
    const text = 'r'.repeat(60_000)
    for (let round = 0; round < 4; round += 1)
      await Promise.all(
        Array.from({ length: 100 }, () => broker.publish(own('gw-2', 'receipt'), text, { retain: false })),
      )
    await vi.waitFor(() => expect(broker.metrics()['clients']).toBe(1), { timeout: 5_000 })
    expect(megabytes() - before).toBeLessThan(150)
  })

  it('a client that never reads its PUBACKs is not read from either', async () => {
    const greedy = await admitted()
    greedy.socket.pause()
    const page = publishPacket(own('gw-2', 'page'), 'x'.repeat(1_000), { qos: 1, id: 1 })
    const before = megabytes()
    const chunk = Buffer.concat(Array.from({ length: 1_000 }, () => page))
    for (let i = 0; i < 20; i += 1) greedy.send(chunk)
    await vi.waitFor(() => expect(received.length).toBeGreaterThan(500), { timeout: 5_000 })
    expect(megabytes() - before).toBeLessThan(200)
  })
})

describe('packets out of place', () => {
  it('acknowledgements of nothing are ignored', async () => {
    const client = await admitted()
    client.send(packet(0x40, u16(99)), packet(0x50, u16(99)), packet(0x70, u16(99)), bytes(0xc0, 0))
    for (;;) {
      const one = await client.next()
      if (one === 'closed' || one.type === 13) break
    }
  })

  it('a thousand packets behind a refused CONNECT bring nothing', async () => {
    const client = await raw()
    const page = publishPacket(own('gw-1', 'page'), 'bad', { qos: 1 })
    client.send(login('gw-1', { password: 'wrong' }), ...Array.from({ length: 1_000 }, () => page))
    await client.closed()
    expect(received.map(({ payload }) => Buffer.from(payload).toString())).not.toContain('bad')
  })

  it('random bytes, before and after CONNECT, harm nobody', async () => {
    const garbage = fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 4 })
    const broken = fc.tuple(fc.integer({ min: 0, max: 255 }), fc.uint8Array({ maxLength: 60 }))
    await fc.assert(
      fc.asyncProperty(garbage, broken, fc.boolean(), async (chunks, [first, body], after) => {
        const client = await openRaw(broker.port)
        if (after)
          client.send(packet(0x10, str('MQTT'), bytes(4, 0xc2), u16(9), str('wall'), str('wall'), str('x')))
        for (const chunk of chunks) client.send(chunk)
        client.send(packet(first, body))
        client.destroy()
      }),
      { numRuns: 400 },
    )
    const client = await admitted()
    await fc.assert(
      fc.asyncProperty(broken, async ([first, body]) => {
        const one = client.socket.destroyed ? undefined : client
        one?.send(packet(first, body))
      }),
      { numRuns: 100 },
    )
    const another = await admitted()
    another.send(bytes(0xc0, 0))
    await packetOf(another, 13)
  })
})
