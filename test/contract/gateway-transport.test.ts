import { mqttConnect, type Session } from '@hours/gateway'
import { GatewayId } from '@hours/protocol'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { type Adapter, adapters, own, passwords } from './broker-adapters.ts'

/** What a gateway needs of its connection, on both brokers (wire.md, section 1.6). */
describe.each(adapters)('the gateway’s connection to $name', ({ name, make, there }) => {
  let broker: Adapter
  const open: Session[] = []
  beforeAll(async () => {
    if (there) broker = await make()
  })
  afterAll(async () => {
    for (const session of open) await session.end()
    if (there) await broker.stop()
  })

  async function connect(id: string, password = passwords[id] ?? '') {
    const got: string[] = []
    const events = { closed: 0 }
    const session = await mqttConnect({
      gateway: GatewayId.parse(id),
      broker: { url: `mqtt://127.0.0.1:${broker.port}`, password },
    })({
      will: { topic: own(id, 'status'), payload: '{"v":1,"online":false,"at":1767571200000}' },
      onMessage: (topic, payload) => void got.push(`${topic} ${Buffer.from(payload).toString()}`),
      onClose: () => void (events.closed += 1),
    })
    open.push(session)
    return { session, got, events }
  }
  const received = (end: string) =>
    broker.received
      .filter(({ topic }) => topic === own('gw-1', end))
      .map(({ payload }) => Buffer.from(payload).toString())
  const test = it.skipIf(!there)

  test('brings pages up acknowledged and receipts down', async () => {
    const { session, got } = await connect('gw-1')
    await session.subscribe([own('gw-1', 'receipt'), own('gw-1', 'config')])
    await Promise.all(
      Array.from({ length: 32 }, (_, i) =>
        session.publish(own('gw-1', 'page'), `page ${i}`, { retain: false }),
      ),
    )
    await vi.waitFor(() => expect(received('page')).toHaveLength(32), { timeout: 5_000 })
    expect(received('page')).toEqual(Array.from({ length: 32 }, (_, i) => `page ${i}`))
    await broker.publish(own('gw-1', 'receipt'), 'a receipt', false)
    await vi.waitFor(() => expect(got).toEqual([`${own('gw-1', 'receipt')} a receipt`]), { timeout: 5_000 })
    await session.end()
  })

  test('leaves its will when it is lost, and none when it ends', async () => {
    const before = received('status').length
    const first = await connect('gw-1')
    await first.session.end()
    expect(first.events.closed).toBe(0)
    const second = await connect('gw-1')
    // The same id again takes the connection over, which ends the one before without a DISCONNECT.
    const third = await connect('gw-1')
    await vi.waitFor(() => expect(second.events.closed).toBe(1), { timeout: 5_000 })
    await vi.waitFor(() => expect(received('status')).toHaveLength(before + 1), { timeout: 5_000 })
    await expect(second.session.publish(own('gw-1', 'page'), 'x', { retain: false })).rejects.toThrow()
    await third.session.end()
  })

  test('is refused with a wrong password, and told when a subscription is', async () => {
    await expect(connect('gw-1', 'wrong')).rejects.toThrow()
    const { session } = await connect('gw-2')
    const outcome = session.subscribe([own('gw-1', 'receipt')])
    // Mosquitto 2.0 grants what its ACL denies and then delivers nothing; the embedded broker says so.
    if (name === 'Mosquitto') await expect(outcome).resolves.toBeUndefined()
    else await expect(outcome).rejects.toThrow(/Subscribe error/)
  })
})

it('plain MQTT off loopback is refused before anything is sent', () => {
  const gateway = GatewayId.parse('gw-1')
  expect(() => mqttConnect({ gateway, broker: { url: 'mqtt://hours.example.edu' } })).toThrow(
    /broker.url: "mqtt:\/\/hours.example.edu": plain MQTT is for loopback only. Fix: mqtts:\/\//,
  )
  expect(() =>
    mqttConnect({ gateway, broker: { url: 'mqtts://hours.example.edu', ca: 'nowhere.pem' } }),
  ).toThrow(/broker.ca: "nowhere.pem" cannot be read/)
})
