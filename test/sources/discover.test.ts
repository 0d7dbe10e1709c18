import { createModbusMeter, createPlugBroker, createSparkplugNode } from '@hours/firmware-sim'
import {
  createDiscovery,
  discoveredYaml,
  discoverMeters,
  listenLocally,
  loadSparkplugReader,
  parseGatewayConfig,
  parseSegment,
} from '@hours/gateway'
import { execFile } from 'node:child_process'
import { createServer } from 'node:net'
import { promisify } from 'node:util'
import { connectAsync } from 'mqtt'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { freePort, hasPeer, python, startPeer } from './sources.fixture.ts'
import { fileURLToPath } from 'node:url'

const never = new AbortController().signal

async function meter(model: 'sdm120' | 'sdm630', watts: number, unit?: number) {
  const read = () => ({ watts, wattHours: 10 })
  const made = await createModbusMeter(
    unit === undefined ? { model, isConverted: true, read } : { model, unit, read },
  )
  onTestFinished(() => made.close())
  return made
}

describe('a network segment', () => {
  it.each([
    ['192.168.7.20:502', 1, '192.168.7.20', '192.168.7.20'],
    ['192.168.7.9/24:502', 254, '192.168.7.1', '192.168.7.254'],
    ['10.0.4.0/22:1502', 1_022, '10.0.4.1', '10.0.7.254'],
    ['127.0.0.1/31:502', 2, '127.0.0.0', '127.0.0.1'],
  ])('%s has %i hosts', (text, count, first, last) => {
    const { hosts } = parseSegment(text)
    expect([hosts.length, hosts[0], hosts.at(-1)]).toEqual([count, first, last])
  })

  it.each([
    '10.0.0.0/8:502',
    '10.0.0.0/24',
    '10.0.0:502',
    '10.0.0.256:502',
    '10.0.0.1:0',
    '10.0.0.1/33:502',
    'x',
    '',
  ])('"%s" is refused', (text) => expect(() => parseSegment(text)).toThrow(/192\.168\.7\.0\/24:502/))
})

describe('discovery', () => {
  it('finds the meters of a segment by reading alone, and tells which they are', async () => {
    const sdm120 = await meter('sdm120', 412.5)
    const sdm630 = await meter('sdm630', 3_000)
    const found = await Promise.all(
      [sdm120, sdm630].map(({ port }) => discoverMeters(parseSegment(`127.0.0.1/30:${port}`), never)),
    )
    expect(found.flat().map(({ source, mw }) => [source, mw])).toEqual([
      [
        {
          kind: 'modbus-tcp',
          host: '127.0.0.1',
          port: sdm120.port,
          unit: 1,
          meter: 'sdm120',
          everyMs: 1_000,
        },
        412_500,
      ],
      [
        {
          kind: 'modbus-tcp',
          host: '127.0.0.1',
          port: sdm630.port,
          unit: 1,
          meter: 'sdm630',
          everyMs: 1_000,
        },
        3_000_000,
      ],
    ])
    for (const one of [sdm120, sdm630]) expect([...one.requests.keys()]).toEqual([4])
  })

  it('finds a meter that is not unit 1: the silence of one unit says nothing of the next', async () => {
    const { port } = await meter('sdm120', 41, 2)
    const found = await discoverMeters(parseSegment(`127.0.0.1:${port}`), never)
    expect(found.map(({ source, mw }) => [source, mw])).toMatchObject([
      [{ kind: 'modbus-tcp', unit: 2, meter: 'sdm120' }, 41_000],
    ])
  })

  it('is a command that needs no configuration', async () => {
    const { port } = await meter('sdm120', 412.5)
    const hours = fileURLToPath(new URL('../../hours.ts', import.meta.url))
    const args = [hours, 'gateway', '--discover', '--segment', `127.0.0.1:${port}`]
    const { stdout } = await promisify(execFile)(process.execPath, args)
    expect(stdout).toContain(`modbus-tcp sdm120 at 127.0.0.1:${port} unit 1, 1 message(s), 412.5 W`)
    await expect(
      promisify(execFile)(process.execPath, [...args.slice(0, -1), '0.0.0.0/0:1']),
    ).rejects.toThrow(/segment "0\.0\.0\.0\/0:1"/)
  })

  it('passes by what is no meter', async () => {
    const server = createServer((socket) => {
      socket.on('error', () => undefined)
      socket.end('220 printer ready\r\n')
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    onTestFinished(() => void server.close())
    const { port } = server.address() as { port: number }
    expect(await discoverMeters(parseSegment(`127.0.0.1:${port}`), never)).toEqual([])
    expect(await discoverMeters(parseSegment(`127.0.0.1:${await freePort()}`), never)).toEqual([])
  })

  it.skipIf(!hasPeer('python3-pymodbus', python, '-c', 'import pymodbus.server'))(
    'passes by a Modbus server whose registers are no meter’s',
    async () => {
      const port = await freePort()
      const script = fileURLToPath(new URL('pymodbus-meter.py', import.meta.url))
      const peer = startPeer(python, [script, 'tcp', String(port)])
      await peer.says('ready')
      const seen = await vi.waitFor(() => discoverMeters(parseSegment(`127.0.0.1:${port}`), never), 15_000)
      expect(seen).toEqual([])
    },
  )

  it('lists plugs and edge nodes of the broker, ready to paste, and publishes nothing', async () => {
    const broker = await createPlugBroker()
    const plug = await connectAsync(broker.url)
    const topics: string[] = []
    plug.on('message', (topic) => topics.push(topic))
    await plug.subscribeAsync('#')
    const edge = await createSparkplugNode({ url: broker.url, group: 'lab', node: 'edge-1', device: 'sem' })
    const discovery = createDiscovery(await loadSparkplugReader())
    const listener = listenLocally({ url: broker.url }, discovery.filters, {
      onMessage: (topic, payload) => discovery.see(topic, payload, Date.now()),
      onConnected: () => undefined,
    })
    onTestFinished(async () => {
      await listener.stop()
      await plug.endAsync(true)
      await edge.drop()
      await broker.close()
    })
    await vi.waitFor(
      async () => {
        await plug.publishAsync('tele/pow1/SENSOR', '{"ENERGY":{"Total":1,"Power":50}}')
        await edge.birth(
          [
            { name: 'temperature', type: 'Double', value: 21 },
            { name: 'active_power', type: 'Double', value: 812.5 },
          ],
          Date.now(),
        )
        expect(discovery.found()).toHaveLength(2)
      },
      { timeout: 10_000, interval: 100 },
    )
    const sdm = await meter('sdm120', 41)
    const meters = await discoverMeters(parseSegment(`127.0.0.1:${sdm.port}`), never)
    const yaml = discoveredYaml([...discovery.found(), ...meters])
    expect(yaml).toContain('# 3 plug(s) or meter(s) heard:')
    expect(yaml).toContain('sparkplug lab/edge-1/sem active_power')
    expect(yaml).toContain('812.5 W')
    const head =
      'site: lab\ngateway: gw-1\nbroker: { url: mqtt://127.0.0.1 }\nlocal: { url: mqtt://127.0.0.1 }\n'
    expect(parseGatewayConfig(head + yaml).instruments.map(({ source }) => source.kind)).toEqual([
      'sparkplug',
      'tasmota',
      'modbus-tcp',
    ])
    expect(topics.filter((topic) => /cmnd|NCMD|DCMD|\/set|rpc$/.test(topic))).toEqual([])
  })
})
