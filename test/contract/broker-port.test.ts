import { execFileSync, type ChildProcess, spawn } from 'node:child_process'
import { existsSync, mkdtempSync, writeFileSync } from 'node:fs'
import { connect as tcp, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createBroker, hashPassword, mosquittoAcl } from '@hours/broker'
import { GatewayId, SiteId, type UpMessage } from '@hours/protocol'
import { connectAsync, type IClientOptions, type MqttClient } from 'mqtt'
import { pino } from 'pino'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'

/** What both brokers have to do alike (wire.md, sections 1, 2): one suite, two adapters. */
interface Adapter {
  readonly port: number
  /** Messages ingest got, in order. */
  readonly received: UpMessage[]
  publish(topic: string, payload: string, retain: boolean): Promise<void>
  stop(): Promise<void>
}

const site = SiteId.parse('lab')
const passwords: Record<string, string> = { 'gw-1': 'one', 'gw-2': 'two' }
const log = pino({ level: 'silent' })

async function embedded(): Promise<Adapter> {
  const received: UpMessage[] = []
  const hashes = new Map<string, string>()
  for (const [id, password] of Object.entries(passwords)) hashes.set(id, await hashPassword(password))
  const broker = await createBroker({
    commit: async (message) => void received.push(message),
    directory: {
      find(id) {
        const password = hashes.get(id)
        return password === undefined
          ? undefined
          : { site, gateway: GatewayId.parse(id), password, revoked: false }
      },
    },
    log,
    listen: { host: '127.0.0.1', port: 0, allowPlain: true },
  })
  return {
    port: broker.port,
    received,
    publish: (topic, payload, retain) => broker.publish(topic, payload, { retain }),
    stop: () => broker.close(),
  }
}

const mosquittoPath = ['/usr/sbin/mosquitto', '/usr/bin/mosquitto'].find((path) => existsSync(path))
const needed = process.env['HOURS_REQUIRE_SERVICES'] === '1'
if (!mosquittoPath) console.warn('left out: the broker contract on Mosquitto (apt-get install mosquitto)')

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as { port: number }
  await new Promise((resolve) => server.close(resolve))
  return port
}

async function mosquitto(): Promise<Adapter> {
  const dir = mkdtempSync(join(tmpdir(), 'mosquitto-'))
  const port = await freePort()
  const passwordFile = join(dir, 'passwords')
  writeFileSync(passwordFile, '', { mode: 0o600 })
  for (const [id, password] of Object.entries({ ...passwords, 'ingest-1': 'in' }))
    execFileSync('mosquitto_passwd', ['-b', passwordFile, id, password])
  writeFileSync(join(dir, 'acl'), mosquittoAcl({ ingest: 'ingest-1' }), { mode: 0o600 })
  writeFileSync(
    join(dir, 'conf'),
    [
      'user root',
      `listener ${port} 127.0.0.1`,
      'allow_anonymous false',
      `password_file ${passwordFile}`,
      `acl_file ${join(dir, 'acl')}`,
      'message_size_limit 65536',
      'log_dest none',
      '',
    ].join('\n'),
  )
  const child: ChildProcess = spawn(mosquittoPath ?? 'mosquitto', ['-c', join(dir, 'conf')], {
    stdio: 'ignore',
  })
  await vi.waitFor(
    () =>
      new Promise<void>((resolve, reject) => {
        const socket = tcp(port, '127.0.0.1', () => {
          socket.destroy()
          resolve()
        }).once('error', reject)
      }),
    { timeout: 5_000, interval: 50 },
  )
  const received: UpMessage[] = []
  const ingest = await connectAsync(`mqtt://127.0.0.1:${port}`, {
    clientId: 'ingest-1',
    username: 'ingest-1',
    password: 'in',
    protocolVersion: 4,
  })
  ingest.on('message', (topic, payload) => void received.push({ topic, payload }))
  await ingest.subscribeAsync('hours/1/+/+/#', { qos: 1 })
  return {
    port,
    received,
    async publish(topic, payload, retain) {
      await ingest.publishAsync(topic, payload, { qos: 1, retain })
    },
    async stop() {
      await ingest.endAsync(true)
      const ended = new Promise((resolve) => child.once('exit', resolve))
      child.kill()
      await ended
    },
  }
}

const adapters = [
  { name: 'the embedded broker', make: embedded, there: true },
  { name: 'Mosquitto', make: mosquitto, there: mosquittoPath !== undefined || needed },
]

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
  const own = (id: string, end: string) => `hours/1/lab/${id}/${end}`
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
