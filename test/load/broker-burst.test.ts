import { createBroker, hashPassword } from '@hours/broker'
import { GatewayId, type GatewayIdentity, receiptTopic, SiteId, statusTopic } from '@hours/protocol'
import { pino } from 'pino'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { connectLoad } from '../../bench/mqtt-load.ts'
import { packetOf } from '../conformance/conversation.ts'
import { connectPacket, openRaw, subscribePacket } from '../conformance/raw-client.ts'

const site = SiteId.parse('lab')
const clients = 40
const each = 400
let broker: Awaited<ReturnType<typeof createBroker>>

beforeEach(async () => {
  const password = await hashPassword('pw')
  const find = (id: string): GatewayIdentity => ({
    site,
    gateway: GatewayId.parse(id),
    revoked: false,
    password,
  })
  broker = await createBroker({
    commit: () => Promise.resolve(),
    directory: { find },
    log: pino({ level: 'silent' }),
    listen: { host: '127.0.0.1', port: 0, allowPlain: true },
    limits: { drainTimeoutMs: 60_000 },
  })
})
afterEach(() => broker.close())

// Found by `npm run bench -- load`: while 100 deliveries waited for slow readers, aedes kept all other messages in a
// queue, and then worked it off by calling itself, which ended the process with "Maximum call stack size exceeded".
it('gateways that read slowly while others send a burst neither end the broker nor hold it up', async () => {
  const slow = await openRaw(broker.port)
  slow.send(connectPacket({ id: 'gw-slow', username: 'gw-slow', password: 'pw' }))
  await packetOf(slow, 2)
  slow.send(subscribePacket(1, [receiptTopic(site, GatewayId.parse('gw-slow')), 1]))
  await packetOf(slow, 9)
  slow.socket.pause()
  const receipt = 'r'.repeat(60_000)
  const deliveries = Array.from({ length: 300 }, () =>
    broker.publish(receiptTopic(site, GatewayId.parse('gw-slow')), receipt, { retain: false }),
  )
  const senders = await Promise.all(
    Array.from({ length: clients }, (_, i) =>
      connectLoad({ port: broker.port, clientId: `gw-${i}`, username: `gw-${i}`, password: 'pw' }),
    ),
  )
  for (const [i, sender] of senders.entries()) {
    const topic = statusTopic(site, GatewayId.parse(`gw-${i}`))
    for (let n = 0; n < each; n++) sender.send({ topic, payload: Buffer.from(`{"n":${n}}`) })
  }
  // Before the slow one is dropped: nobody waits for it.
  await vi.waitFor(() => expect(senders.map((one) => one.acknowledged())).toEqual(senders.map(() => each)), {
    timeout: 40_000,
  })
  expect(broker.metrics()['clients']).toBe(clients + 1)
  slow.socket.resume()
  await Promise.allSettled(deliveries)
  expect(broker.metrics()['received']).toBe(clients * each)
  for (const one of senders) one.close()
  slow.destroy()
})
