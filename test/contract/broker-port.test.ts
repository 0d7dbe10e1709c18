import { connectAsync, type IClientOptions, type MqttClient } from 'mqtt'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { type Adapter, adapters, own, passwords } from './broker-adapters.ts'

/** What both brokers have to do alike (wire.md, sections 1 and 2): one suite, two adapters. */
describe.each(adapters)('$name', ({ make, there }) => {
  let broker: Adapter
  const open: MqttClient[] = []
  beforeAll(async () => {
    if (there) broker = await make()
  })
  afterAll(async () => {
    for (const client of open) await client.endAsync(true)
    if (there) await broker.stop()
  })

  const join_ = async (id: string, more: IClientOptions = {}): Promise<MqttClient> => {
    const client = await connectAsync(`mqtt://127.0.0.1:${broker.port}`, {
      clientId: id,
      username: id,
      password: passwords[id] ?? 'none',
      protocolVersion: 4,
      reconnectPeriod: 0,
      clean: true,
      ...more,
    })
    client.on('error', () => undefined)
    open.push(client)
    return client
  }
  const test = it.skipIf(!there)

  test('admits a gateway by its password and refuses a wrong one', async () => {
    await expect(join_('gw-1', { password: 'wrong' })).rejects.toThrow()
    await expect(join_('gw-9')).rejects.toThrow()
    await expect(join_('gw-1')).resolves.toBeDefined()
  })

  test('brings pages to ingest in the order of one client, each acknowledged', async () => {
    const client = await join_('gw-1')
    const from = broker.received.length
    await Promise.all(
      Array.from({ length: 50 }, (_, i) => client.publishAsync(own('gw-1', 'page'), `page ${i}`, { qos: 1 })),
    )
    await vi.waitFor(() => expect(broker.received.length).toBe(from + 50))
    expect(broker.received.slice(from).map(({ payload }) => Buffer.from(payload).toString())).toEqual(
      Array.from({ length: 50 }, (_, i) => `page ${i}`),
    )
  })

  test('sends receipts down to the gateway they are for, and to nobody else', async () => {
    const [one, two] = [await join_('gw-1'), await join_('gw-2')]
    const heard: string[] = []
    one.on('message', (_topic, payload) => void heard.push(`one ${payload.toString()}`))
    two.on('message', (_topic, payload) => void heard.push(`two ${payload.toString()}`))
    await one.subscribeAsync(own('gw-1', 'receipt'), { qos: 1 })
    await two.subscribeAsync(own('gw-2', 'receipt'), { qos: 1 })
    await broker.publish(own('gw-1', 'receipt'), 'r1', false)
    await broker.publish(own('gw-2', 'receipt'), 'r2', false)
    await vi.waitFor(() => expect(heard.toSorted()).toEqual(['one r1', 'two r2']))
  })

  test('keeps a retained configuration for a gateway that comes later', async () => {
    await broker.publish(own('gw-2', 'config'), 'c7', true)
    const client = await join_('gw-2')
    const heard: string[] = []
    client.on('message', (_topic, payload) => void heard.push(payload.toString()))
    await client.subscribeAsync(own('gw-2', 'config'), { qos: 1 })
    await vi.waitFor(() => expect(heard).toEqual(['c7']))
  })

  test('says that coverage is lost when a gateway vanishes', async () => {
    const client = await join_('gw-2', {
      will: { topic: own('gw-2', 'status'), payload: Buffer.from('gone'), qos: 1, retain: true },
    })
    const from = broker.received.length
    client.stream.destroy()
    await vi.waitFor(
      () =>
        expect(broker.received.slice(from).some((m) => Buffer.from(m.payload).toString() === 'gone')).toBe(
          true,
        ),
      { timeout: 5_000 },
    )
  })

  test('brings nothing on a topic that is not the own', async () => {
    const from = broker.received.length
    for (const topic of [
      own('gw-2', 'page'),
      own('gw-1', 'receipt'),
      'cmnd/pow1/POWER',
      'hours/1/lab/gw-1/x',
    ]) {
      const client = await join_('gw-1')
      await Promise.race([
        client.publishAsync(topic, 'bad', { qos: 1 }).catch(() => undefined),
        new Promise<void>((resolve) => client.once('close', () => resolve())),
      ])
    }
    const honest = await join_('gw-2')
    await honest.publishAsync(own('gw-2', 'page'), 'good', { qos: 1 })
    await vi.waitFor(() => expect(broker.received.length).toBe(from + 1))
    expect(Buffer.from(broker.received.at(-1)!.payload).toString()).toBe('good')
  })

  test('shows a gateway nothing of others, whatever it subscribes to', async () => {
    const spy = await join_('gw-2')
    const heard: string[] = []
    spy.on('message', (topic) => void heard.push(topic))
    for (const filter of ['#', 'hours/1/lab/+/page', 'hours/1/lab/gw-1/state/+', 'hours/1/lab/gw-1/receipt'])
      await spy.subscribeAsync(filter, { qos: 1 }).catch(() => undefined)
    const client = await join_('gw-1')
    await client.publishAsync(own('gw-1', 'page'), 'secret', { qos: 1 })
    await client.publishAsync(own('gw-1', 'state/sem-01'), 'run', { qos: 1 })
    await broker.publish(own('gw-1', 'receipt'), 'r', false)
    await spy.subscribeAsync(own('gw-2', 'receipt'), { qos: 1 })
    await broker.publish(own('gw-2', 'receipt'), 'mine', false)
    await vi.waitFor(() => expect(heard).toContain(own('gw-2', 'receipt')))
    expect(heard.filter((topic) => topic.includes('gw-1'))).toEqual([])
  })

  test('gives the session to the newest connection of the same identity', async () => {
    const first = await join_('gw-1')
    const closed = new Promise<void>((resolve) => first.once('close', () => resolve()))
    const second = await join_('gw-1')
    await closed
    await expect(second.publishAsync(own('gw-1', 'page'), 'again', { qos: 1 })).resolves.toBeDefined()
  })
})
