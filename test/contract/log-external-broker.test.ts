import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createIngest, createLogger, subscribeExternal } from '@hours/ingest'
import { parseRecord } from '@hours/ledger'
import { decodeReceipt, systemClock } from '@hours/protocol'
import mqtt from 'mqtt'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { createTestGateway, enrolmentRecord, pageMs, unitRecord } from '../../ingest/src/ingest.fixture.ts'

const hasMosquitto =
  spawnSync('sh', ['-c', 'command -v mosquitto || test -x /usr/sbin/mosquitto']).status === 0
if (!hasMosquitto) {
  if (process.env['HOURS_REQUIRE_SERVICES'] === '1') throw new Error('mosquitto is not installed')
  console.warn('left out: no mosquitto here (apt-get install mosquitto)')
}

let directory: string
let port: number
let broker: ChildProcess

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  return typeof address === 'object' && address ? address.port : 0
}

async function startBroker(): Promise<ChildProcess> {
  const child = spawn('/usr/sbin/mosquitto', ['-c', join(directory, 'mosquitto.conf')], { stdio: 'ignore' })
  await vi.waitFor(async () => {
    const client = await mqtt.connectAsync(`mqtt://127.0.0.1:${port}`, {
      connectTimeout: 500,
      reconnectPeriod: 0,
    })
    await client.endAsync()
  }, 10_000)
  return child
}

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'external-'))
  port = await freePort()
  const config = `listener ${port} 127.0.0.1\nallow_anonymous true\nmax_queued_messages 0\n`
  writeFileSync(join(directory, 'mosquitto.conf'), config)
  if (hasMosquitto) broker = await startBroker()
})
afterEach(async () => {
  if (hasMosquitto && broker.exitCode === null) {
    broker.kill('SIGKILL')
    await once(broker, 'exit')
  }
  rmSync(directory, { recursive: true, force: true })
})

const logger = createLogger('silent')
const openIngest = () =>
  createIngest({
    dataDir: join(directory, 'data'),
    clock: systemClock,
    log: logger,
    logName: 'test.hours',
    simulated: false,
  })

describe.skipIf(!hasMosquitto)('behind Mosquitto', () => {
  it('pages reach the log and receipts come back; what came while ingest was away is taken up', async () => {
    const url = `mqtt://127.0.0.1:${port}`
    const from = Date.now() - 20 * pageMs
    const gateway = createTestGateway('gw-1', from)
    const pages = Array.from({ length: 10 }, () => gateway.page({ 'sem-01': [['run', 0, pageMs]] }))
    let ingest = await openIngest()
    await ingest.recordAll([unitRecord(), ...gateway.records(), enrolmentRecord('gw-1', 'sem-01')])
    const connect = () =>
      subscribeExternal({
        url,
        clientId: 'ingest-1',
        commit: ingest.commit,
        attach: (publish) => ingest.attach(publish),
        clock: systemClock,
        logger,
      })
    let external = await connect()

    const client = await mqtt.connectAsync(url, { clientId: 'gw-1', protocolVersion: 4 })
    const released = new Set<number>()
    client.on('message', (_topic, payload) => {
      const record = parseRecord(new Uint8Array(payload))
      const receipt = record.ok ? decodeReceipt(record.value.payload) : undefined
      if (receipt?.ok) for (const [seq] of receipt.value.pages) released.add(seq)
    })
    await client.subscribeAsync(gateway.topic.replace('/page', '/receipt'), { qos: 1 })
    const send = (i: number) => client.publishAsync(gateway.topic, Buffer.from(pages[i]!), { qos: 1 })
    for (const i of [0, 1, 2, 3]) await send(i)
    await vi.waitFor(() => expect([...released].sort()).toEqual([0, 1, 2, 3]), 10_000)

    await external.close()
    await ingest.close()
    for (const i of [4, 5, 6, 7, 8, 9]) await send(i)
    ingest = await openIngest()
    external = await connect()
    await vi.waitFor(() => expect(released.size).toBe(10), 10_000)
    await ingest.settled()
    expect(ingest.index.gatewayCounts(gateway.id)).toMatchObject({ through: 9, missing: 0, received: 10 })
    expect(external.connected()).toBe(true)

    await client.endAsync()
    await external.close()
    await ingest.close()
  }, 30_000)
})
