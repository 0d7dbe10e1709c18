import { describe, expect, vi } from 'vitest'
import { adapters, own } from '../contract/broker-adapters.ts'
import { converse, packetOf } from './conversation.ts'
import {
  bytes,
  connectPacket,
  packet,
  publishPacket,
  readPublish,
  str,
  subscribePacket,
  u16,
} from './raw-client.ts'

/**
 * MQTT 3.1.1 (OASIS, 29 October 2014), statements about CONNECT and about bytes that are no MQTT, by their numbers.
 * Where a broker leaves the standard on purpose the test says how.
 */
describe.each(adapters)('$name', (adapter) => {
  const { test, isOurs, raw, hello, admitted, closesOn, publish, ingestGets, received } = converse(adapter)
  const refuses = (what: string, ...sent: readonly Uint8Array[]) =>
    test(what, async () => {
      const client = await raw()
      client.send(...sent)
      await client.closed()
    })

  describe('strings and fixed headers', () => {
    refuses(
      '[MQTT-1.5.3-1] closes on a client id that is not UTF-8',
      connectPacket({ id: bytes(0xc3, 0x28) }),
    )
    closesOn(
      '[MQTT-1.5.3-1] closes on a topic that is not UTF-8',
      publishPacket(Buffer.concat([Buffer.from('hours/1/lab/gw-1/'), bytes(0xff, 0xfe)]), 'x'),
    )
    closesOn(
      '[MQTT-1.5.3-1] closes on a topic with half of a surrogate pair',
      publishPacket(Buffer.concat([Buffer.from('hours/1/lab/gw-1/'), bytes(0xed, 0xa0, 0x80)]), 'x'),
    )
    closesOn('[MQTT-1.5.3-2] closes on a topic with U+0000', publishPacket('hours/1/lab/gw-1/pa\0ge', 'x'))
    test('[MQTT-1.5.3-3] does not strip U+FEFF: with it a topic is another topic', async () => {
      await ingestGets([], async () => {
        const client = await admitted()
        client.send(publishPacket(`\uFEFF${own('gw-1', 'page')}`, 'bom', { qos: 1 }))
        await client.next()
      })
    })
    closesOn(
      '[MQTT-2.2.2-2] closes on a SUBSCRIBE with reserved flags',
      packet(0x80, u16(1), str('a'), bytes(0)),
    )
    closesOn('[MQTT-2.2.2-2] closes on a PUBREL with reserved flags', packet(0x60, u16(1)))
    closesOn(
      '[MQTT-2.3.1-1] closes on a SUBSCRIBE with packet identifier 0',
      subscribePacket(0, [own('gw-1', 'config'), 1]),
    )
    closesOn(
      '[MQTT-2.3.1-1] closes on a PUBLISH with packet identifier 0',
      publishPacket(own('gw-1', 'page'), 'x', { qos: 1, id: 0 }),
    )
    closesOn(
      '[MQTT-4.8.0-1] closes on a remaining length of five bytes',
      bytes(0x30, 0x80, 0x80, 0x80, 0x80, 0x01),
    )
    closesOn('[MQTT-4.8.0-1] closes on packet type 0', bytes(0x00, 0x00))
    closesOn('[MQTT-4.8.0-1] closes on packet type 15', bytes(0xf0, 0x00))
    closesOn('[MQTT-4.8.0-1] closes on a CONNACK from a client', bytes(0x20, 2, 0, 0))
    closesOn(
      '[MQTT-4.8.0-1] closes on a topic longer than its packet',
      packet(0x30, u16(900), Buffer.from('abc')),
    )
  })

  describe('CONNECT', () => {
    refuses(
      '[MQTT-3.1.0-1] closes when the first packet is a PUBLISH',
      publishPacket(own('gw-1', 'page'), 'x'),
    )
    refuses('[MQTT-3.1.0-1] closes when the first packet is a PINGREQ', bytes(0xc0, 0))
    closesOn(
      '[MQTT-3.1.0-2] closes on a second CONNECT',
      connectPacket({ id: 'gw-1', username: 'gw-1', password: 'one' }),
    )
    refuses('[MQTT-3.1.2-1] closes on another protocol name', connectPacket({ id: 'gw-1', name: 'MQTQ' }))
    test.each([5, 6, 100])(
      '[MQTT-3.1.2-2] answers protocol level %i with CONNACK 1 and closes',
      async (level) => {
        const client = await raw()
        const properties = level === 5 ? bytes(0) : bytes()
        client.send(packet(0x10, str('MQTT'), bytes(level, 2), u16(60), properties, str('gw-1')))
        const answer = await client.next()
        // Mosquitto offers MQTT 5 itself, and refuses there for want of a password.
        if (isOurs || level !== 5) expect(answer === 'closed' ? answer : [...answer.body]).toEqual([0, 1])
        await client.closed()
      },
    )
    refuses('[MQTT-3.1.2-3] closes on the reserved connect flag', connectPacket({ id: 'gw-1', flags: 1 }))
    refuses('[MQTT-3.1.2-13] closes on a will QoS without a will', connectPacket({ id: 'gw-1', flags: 0x08 }))
    refuses(
      '[MQTT-3.1.2-14] closes on will QoS 3',
      connectPacket({
        id: 'gw-1',
        username: 'gw-1',
        password: 'one',
        will: { topic: own('gw-1', 'status'), payload: 'x', qos: 3 },
      }),
    )
    refuses(
      '[MQTT-3.1.2-15] closes on will retain without a will',
      connectPacket({ id: 'gw-1', flags: 0x20 }),
    )
    refuses(
      '[MQTT-3.1.2-22] closes on a password without a user name',
      connectPacket({ id: 'gw-1', password: 'one' }),
    )
    refuses(
      '[MQTT-3.1.3-3] closes on a CONNECT without a client id',
      packet(0x10, str('MQTT'), bytes(4, 2), u16(60)),
    )
    test('[MQTT-3.1.3-8] answers an empty client id that wants a session with CONNACK 2 and closes', async () => {
      const client = await raw()
      client.send(connectPacket({ id: '', clean: false, username: 'gw-1', password: 'one' }))
      expect([...(await packetOf(client, 2)).body]).toEqual([0, 2])
      await client.closed()
    })
    test('[MQTT-3.1.4-2] ends the older session of the same client', async () => {
      const first = await admitted()
      const second = await admitted()
      await first.closed()
      second.send(bytes(0xc0, 0))
      await packetOf(second, 13)
    })
    test('[MQTT-3.1.4-5] takes nothing that a refused client sent along with its CONNECT', async () => {
      await ingestGets([], async () => {
        const client = await raw()
        client.send(
          hello('gw-1', { password: 'wrong' }),
          publishPacket(own('gw-1', 'page'), 'smuggled', { qos: 1 }),
        )
        await client.closed()
      })
    })
    test('[MQTT-3.1.4-5] takes what an admitted client sent before it had its CONNACK', async () => {
      await ingestGets(['early'], async () => {
        const client = await raw()
        client.send(hello(), publishPacket(own('gw-1', 'page'), 'early', { qos: 1, id: 9 }))
        await packetOf(client, 2)
        expect([...(await packetOf(client, 4)).body]).toEqual([0, 9])
      })
    })
    test('[MQTT-3.2.0-1] [MQTT-3.2.2-1] answers with CONNACK first, session present 0 for a clean session', async () => {
      const client = await raw()
      client.send(hello())
      expect([...(await packetOf(client, 2)).body]).toEqual([0, 0])
    })
    test('[MQTT-3.2.2-4] [MQTT-3.2.2-5] a refusal says session present 0 and closes', async () => {
      const client = await raw()
      client.send(hello('gw-1', { password: 'wrong' }))
      const answer = await packetOf(client, 2)
      expect(answer.body[0]).toBe(0)
      // Mosquitto 2 says 5 (not authorized) where the standard has 4 (bad user name or password) too.
      expect([4, 5]).toContain(answer.body[1])
      await client.closed()
    })
    test('[MQTT-3.1.2-4] keeps the session of a client that asks for it (ours: says that there is none)', async () => {
      const first = await admitted('gw-1', { clean: false })
      first.send(subscribePacket(1, [own('gw-1', 'receipt'), 1]))
      await packetOf(first, 9)
      first.send(bytes(0xe0, 0))
      await first.closed()
      const second = await raw()
      second.send(hello('gw-1', { clean: false }))
      // Ours keeps no session over a connection, so that nobody can fill its memory: gateways have their own spool.
      expect([...(await packetOf(second, 2)).body]).toEqual([isOurs ? 0 : 1, 0])
      second.destroy()
      const clean = await admitted('gw-1')
      clean.destroy()
    })
    test('[MQTT-3.1.2-24] closes when nothing came for one and a half keep-alives', async () => {
      const client = await admitted('gw-1', { keepalive: 1 })
      const from = performance.now()
      await client.closed(8_000)
      expect(performance.now() - from).toBeGreaterThan(1_000)
    })
  })

  describe('will', () => {
    const will = { topic: own('gw-1', 'status'), payload: 'coverage lost', qos: 1, retain: true }
    test('[MQTT-3.1.2-8] is sent when the connection ends without DISCONNECT', async () => {
      await ingestGets(['coverage lost'], async () => {
        const client = await admitted('gw-1', { will })
        const before = received()
        client.destroy()
        await vi.waitFor(() => expect(received()).toBeGreaterThan(before), { timeout: 5_000 })
      })
    })
    test('[MQTT-3.1.2-10] [MQTT-3.14.4-3] is not sent after DISCONNECT', async () => {
      await ingestGets([], async () => {
        const client = await admitted('gw-1', { will })
        client.send(bytes(0xe0, 0))
        await client.closed()
      })
    })
    test('[MQTT-4.8.0-2] is sent when the broker closes for a protocol violation', async () => {
      await ingestGets(['coverage lost'], async () => {
        const client = await admitted('gw-1', { will })
        client.send(bytes(0xf0, 0))
        await client.closed()
      })
    })
  })

  test('[MQTT-3.12.4-1] answers PINGREQ with PINGRESP', async () => {
    const client = await admitted()
    client.send(bytes(0xc0, 0))
    expect((await packetOf(client, 13)).body).toHaveLength(0)
  })
  closesOn('[MQTT-3.14.1-1] closes on a DISCONNECT with reserved flags', bytes(0xe1, 0))
  test('reads back what it was sent, to the byte', async () => {
    const client = await admitted()
    client.send(subscribePacket(1, [own('gw-1', 'receipt'), 1]))
    await packetOf(client, 9)
    await publish(own('gw-1', 'receipt'), 'é ☃ \u{1F52C}', false)
    expect(readPublish(await packetOf(client, 3)).payload).toBe('é ☃ \u{1F52C}')
  })
})
