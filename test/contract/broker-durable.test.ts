import { createBroker, hashPassword } from '@hours/broker'
import { type Commit, GatewayId, type UpMessage } from '@hours/protocol'
import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { packetOf } from '../conformance/conversation.ts'
import {
  bytes,
  connectPacket,
  openRaw,
  publishPacket,
  readPublish,
  type RawClient,
  subscribePacket,
} from '../conformance/raw-client.ts'
import { own, silent, site } from './broker-adapters.ts'

/** The PUBACK waits for the log (evidence.md, decision 5), and its absence has to reach the sender. */
let hash: string
let broker: Awaited<ReturnType<typeof createBroker>> | undefined
const open: RawClient[] = []

beforeAll(async () => {
  hash = await hashPassword('secret')
})
afterEach(async () => {
  for (const client of open.splice(0)) client.destroy()
  await broker?.close()
  broker = undefined
})

async function start(commit: Commit) {
  broker = await createBroker({
    commit,
    directory: {
      find: (id) =>
        id.startsWith('gw-')
          ? { site, gateway: GatewayId.parse(id), password: hash, revoked: false }
          : undefined,
    },
    readers: [{ id: 'wall', password: hash, sites: [site] }],
    log: silent,
    listen: { host: '127.0.0.1', port: 0, allowPlain: true },
    // Not the pace of a gateway is tried here, but what a commit that waits does.
    limits: { publishesPerSecond: 20_000, publishBurst: 20_000 },
  })
  return broker
}

async function gateway(id = 'gw-1', will?: string): Promise<RawClient> {
  const client = await openRaw(broker!.port)
  open.push(client)
  client.send(
    connectPacket({
      id,
      username: id,
      password: 'secret',
      ...(will === undefined
        ? {}
        : { will: { topic: own(id, 'status'), payload: will, qos: 1, retain: true } }),
    }),
  )
  await packetOf(client, 2)
  return client
}

const text = ({ payload }: UpMessage) => Buffer.from(payload).toString()
const page = (payload: string, id: number, from = 'gw-1') =>
  publishPacket(own(from, 'page'), payload, { qos: 1, id })

describe('a PUBACK', () => {
  it('waits for the commit, and PINGREQs are answered meanwhile', async () => {
    const gate = Promise.withResolvers<undefined>()
    const started = await start(async () => {
      await gate.promise
    })
    const client = await gateway()
    client.send(page('a', 1))
    await vi.waitFor(() => expect(started.metrics()['received']).toBe(1))
    client.send(bytes(0xc0, 0))
    await packetOf(client, 13)
    gate.resolve(undefined)
    expect((await packetOf(client, 4)).body[1]).toBe(1)
  })

  it('that is late stops the reading of that socket, and of no other; nothing is lost', async () => {
    const gate = Promise.withResolvers<undefined>()
    const committed: string[] = []
    const started = await start(async (message) => {
      if (message.client === 'gw-1') await gate.promise
      committed.push(text(message).slice(0, 6))
    })
    const [slow, quick] = [await gateway('gw-1'), await gateway('gw-2')]
    // One packet a chunk: aedes alone would take all of them.
    for (let id = 1; id <= 200; id += 1) {
      slow.socket.write(page(`${String(id).padStart(6, '0')}${'x'.repeat(60_000)}`, id))
      await new Promise((resolve) => setTimeout(resolve, 2))
    }
    expect(started.metrics()['received']).toBeLessThan(12)
    quick.send(page('other', 1, 'gw-2'))
    await packetOf(quick, 4)
    gate.resolve(undefined)
    for (let id = 1; id <= 200; id += 1) expect((await packetOf(slow, 4)).body.readUInt16BE(0)).toBe(id)
    expect(committed.filter((one) => one !== 'other')).toEqual(
      Array.from({ length: 200 }, (_, i) => String(i + 1).padStart(6, '0')),
    )
  })

  it.each([
    ['rejects', () => Promise.reject(new Error('disk full'))],
    [
      'throws',
      () => {
        throw new Error('disk full')
      },
    ],
  ])(
    'does not come when the commit %s: the connection closes, and a new one brings the page in',
    async (_how, fail) => {
      let broken = true
      const committed: string[] = []
      await start((message) => {
        if (broken) return fail()
        committed.push(text(message))
        return Promise.resolve()
      })
      const client = await gateway()
      client.send(page('a', 1))
      expect(await client.next()).toBe('closed')
      broken = false
      const again = await gateway()
      again.send(page('a', 1))
      await packetOf(again, 4)
      expect(committed).toEqual(['a'])
    },
  )

  it('does not come for what was sent after a page that was not committed', async () => {
    await start((message) =>
      text(message) === 'bad' ? Promise.reject(new Error('disk full')) : Promise.resolve(),
    )
    const client = await gateway()
    client.send(page('good', 1), page('bad', 2), page('later', 3))
    const answers: number[] = []
    for (let one = await client.next(); one !== 'closed'; one = await client.next())
      answers.push(one.body[1]!)
    expect([[1], []]).toContainEqual(answers)
  })

  it('of one gateway does not wait for the commit of another', async () => {
    const gate = Promise.withResolvers<undefined>()
    await start(async ({ client }) => {
      if (client === 'gw-1') await gate.promise
    })
    const [slow, quick] = [await gateway('gw-1'), await gateway('gw-2')]
    slow.send(page('a', 1))
    quick.send(page('b', 1, 'gw-2'))
    await packetOf(quick, 4)
    gate.resolve(undefined)
    await packetOf(slow, 4)
  })
})

describe('a session that is taken over', () => {
  it('has its will before the first message of the new one, so that the gateway is not shown as gone', async () => {
    const order: string[] = []
    await start(async (message) => {
      order.push(text(message))
      if (text(message) === 'gone') await new Promise((resolve) => setTimeout(resolve, 50))
    })
    await gateway('gw-1', 'gone')
    const second = await gateway('gw-1', 'gone')
    second.send(publishPacket(own('gw-1', 'status'), 'back', { qos: 1, id: 1, retain: true }))
    await packetOf(second, 4)
    expect(order).toEqual(['gone', 'back'])
    const wall = await openRaw(broker!.port)
    open.push(wall)
    wall.send(connectPacket({ id: 'wall.1', username: 'wall', password: 'secret' }))
    await packetOf(wall, 2)
    wall.send(subscribePacket(1, ['hours/1/lab/+/status', 1]))
    await packetOf(wall, 9)
    expect(readPublish(await packetOf(wall, 3))).toMatchObject({ payload: 'back', retain: true })
  })
})

describe('a reader', () => {
  it('sees the states of its sites, takes no client id of others, and publishes nothing', async () => {
    await start(() => Promise.resolve())
    const [source, wall] = [await gateway(), await openRaw(broker!.port)]
    open.push(wall)
    wall.send(connectPacket({ id: 'wall.1', username: 'wall', password: 'secret' }))
    await packetOf(wall, 2)
    wall.send(
      subscribePacket(
        1,
        ['hours/1/lab/+/state/+', 1],
        ['hours/1/lab2/+/status', 1],
        ['hours/1/lab/+/page', 1],
      ),
    )
    expect([...(await packetOf(wall, 9)).body.subarray(2)]).toEqual([1, 0x80, 0x80])
    source.send(
      page('secret', 1),
      publishPacket(own('gw-1', 'state/sem-01'), 'run', { qos: 1, id: 2, retain: true }),
    )
    expect(readPublish(await packetOf(wall, 3))).toMatchObject({
      topic: own('gw-1', 'state/sem-01'),
      payload: 'run',
    })
    for (const id of ['gw-1', 'wall.1']) {
      const other = await openRaw(broker!.port)
      open.push(other)
      other.send(connectPacket({ id, username: id === 'gw-1' ? 'wall' : 'gw-1', password: 'secret' }))
      expect((await packetOf(other, 2)).body[1]).toBeGreaterThan(0)
    }
    wall.send(publishPacket(own('gw-1', 'status'), 'forged', { qos: 1, id: 3 }))
    await wall.closed()
  })
})

describe('a broker that closes', () => {
  it('answers what is under way, and publishes no wills', async () => {
    const gate = Promise.withResolvers<undefined>()
    const committed: string[] = []
    await start(async (message) => {
      await gate.promise
      committed.push(text(message))
    })
    const client = await gateway('gw-1', 'gone')
    client.send(page('last', 7))
    await vi.waitFor(() => expect(broker!.metrics()['received']).toBe(1))
    const closed = broker!.close()
    gate.resolve(undefined)
    expect((await packetOf(client, 4)).body[1]).toBe(7)
    await closed
    await client.closed()
    expect(committed).toEqual(['last'])
  })

  it('does so within three seconds when a commit never ends, and twice is once', async () => {
    await start(() => new Promise(() => undefined))
    const client = await gateway()
    client.send(page('stuck', 1))
    await vi.waitFor(() => expect(broker!.metrics()['received']).toBe(1))
    const from = performance.now()
    await Promise.all([broker!.close(), broker!.close()])
    expect(performance.now() - from).toBeLessThan(3_000)
    await client.closed()
  })
})

describe('what goes down', () => {
  it('is receipts and configurations only', async () => {
    const { publish } = await start(() => Promise.resolve())
    for (const topic of [
      'cmnd/pow1/POWER',
      own('gw-1', 'page'),
      'hours/1/lab/+/receipt',
      'shellies/plug/relay/0/command',
    ])
      await expect(publish(topic, 'x', { retain: false })).rejects.toThrow(/only receipts and configurations/)
    const client = await gateway()
    client.send(subscribePacket(1, [own('gw-1', 'receipt'), 1]))
    await packetOf(client, 9)
    await publish(own('gw-1', 'receipt'), 'r', { retain: false })
    await packetOf(client, 3)
  })
})
