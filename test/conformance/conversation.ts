import { afterAll, beforeAll, expect, it, vi } from 'vitest'
import { type Adapter, type adapters, own, passwords } from '../contract/broker-adapters.ts'
import {
  type ConnectFields,
  connectPacket,
  openRaw,
  publishPacket,
  type RawClient,
  type RawPacket,
} from './raw-client.ts'

/**
 * What the conformance suite says to one broker, which stands for as long as the block that this is called in; its tests
 * are left out where the broker is not installed.
 */
export function converse({ name, make, there }: (typeof adapters)[number]) {
  let broker: Adapter
  const open: RawClient[] = []
  const test = it.skipIf(!there)
  beforeAll(async () => {
    if (there) broker = await make()
  })
  afterAll(async () => {
    for (const client of open) client.destroy()
    if (there) await broker.stop()
  })

  async function raw(): Promise<RawClient> {
    const client = await openRaw(broker.port)
    open.push(client)
    return client
  }

  /** The CONNECT of an enrolled gateway, with what the test changes in it. */
  const hello = (id = 'gw-1', more: Partial<ConnectFields> = {}) =>
    connectPacket({ id, username: id, password: passwords[id] ?? 'none', ...more })

  /** A gateway that has had its CONNACK 0. */
  async function admitted(id = 'gw-1', more: Partial<ConnectFields> = {}): Promise<RawClient> {
    const client = await raw()
    client.send(hello(id, more))
    const answer = await packetOf(client, 2)
    if (answer.body[1] !== 0) throw new Error(`CONNACK ${String(answer.body[1])}`)
    return client
  }

  const texts = () => broker.received.map(({ payload }) => Buffer.from(payload).toString())

  /** A page of an honest gateway, which must come through; returns at which place. */
  async function mark(): Promise<number> {
    const text = `mark ${Math.random()}`
    const honest = await admitted('gw-2')
    honest.send(publishPacket(own('gw-2', 'page'), text, { qos: 1, id: 7 }))
    await packetOf(honest, 4)
    await vi.waitFor(() => expect(texts()).toContain(text), { timeout: 5_000, interval: 5 })
    honest.destroy()
    return texts().indexOf(text)
  }

  /**
   * Ingest gets exactly `wanted` because of `act`. Between clients a broker owes no order (Mosquitto keeps none), so
   * what must not come has the time of two more pages to do so.
   */
  async function ingestGets(wanted: readonly string[], act: () => Promise<void>): Promise<void> {
    const from = await mark()
    await act()
    await mark()
    await mark()
    const others = () =>
      texts()
        .slice(from)
        .filter((text) => !text.startsWith('mark '))
    await vi.waitFor(() => expect(others()).toEqual(wanted), { timeout: 3_000, interval: 10 })
  }

  /** A test that the broker closes on what an admitted client sends. */
  const closesOn = (what: string, ...sent: readonly Uint8Array[]) =>
    test(what, async () => {
      const client = await admitted()
      client.send(...sent)
      await client.closed()
    })

  const isOurs = name === 'the embedded broker'
  /** As ingest would send it down. */
  const publish: Adapter['publish'] = (...message) => broker.publish(...message)
  return {
    ...{ test, isOurs, raw, hello, admitted, closesOn, publish, ingestGets },
    received: () => broker.received.length,
  }
}

/** The next packet, which must be of this type. */
export async function packetOf(client: RawClient, type: number, limit = 5_000): Promise<RawPacket> {
  const one = await client.next(limit)
  if (one === 'closed') throw new Error(`closed instead of a packet of type ${type}`)
  if (one.type !== type) throw new Error(`packet of type ${one.type} instead of ${type}`)
  return one
}
