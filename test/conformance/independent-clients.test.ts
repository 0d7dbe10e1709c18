import { type ChildProcessWithoutNullStreams, spawn, spawnSync } from 'node:child_process'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { type Adapter, adapters, canRun, findProgram, own } from '../contract/broker-adapters.ts'

/** Clients by other hands, for MQTT.js and aedes share one codec and cannot catch each other's faults. */
const pub = findProgram('mosquitto_pub')
const sub = findProgram('mosquitto_sub')
const python = ['/usr/bin/python3', 'python3'].find(
  (program) => spawnSync(program, ['-c', 'import paho.mqtt.client']).status === 0,
)
const withMosquitto = canRun(
  'independent clients: mosquitto_pub and mosquitto_sub',
  pub && sub,
  'mosquitto-clients',
)
const withPaho = canRun('independent clients: Python paho', python, 'python3-paho-mqtt')

/** A gateway in Python paho 1.6: config, pages at QoS 1 in order, a receipt for each, will on a cut connection. */
const pahoGateway = `
import os, sys, json, paho.mqtt.client as mqtt
port, count = int(sys.argv[1]), int(sys.argv[2])
log, acked = [], []
c = mqtt.Client("gw-1", clean_session=True, protocol=mqtt.MQTTv311)
c.username_pw_set("gw-1", "one")
c.will_set("hours/1/lab/gw-1/status", "paho gone", qos=1, retain=True)
def on_connect(c, u, flags, rc):
    log.append(["connect", rc, flags["session present"]])
    c.subscribe([("hours/1/lab/gw-1/config", 1), ("hours/1/lab/gw-1/receipt", 1)])
def on_subscribe(c, u, mid, granted):
    log.append(["granted", list(granted)])
    for i in range(count):
        c.publish("hours/1/lab/gw-1/page", "paho %d" % i, qos=1)
def die_when_done():
    if len(acked) == count and any(e[0].endswith("config") for e in log):
        print(json.dumps({"log": log, "acked": acked}), flush=True)
        os._exit(0)
def on_publish(c, u, mid):
    acked.append(mid)
    die_when_done()
def on_message(c, u, m):
    log.append([m.topic, m.payload.decode(), m.qos, m.retain])
    die_when_done()
c.on_connect, c.on_subscribe, c.on_publish, c.on_message = on_connect, on_subscribe, on_publish, on_message
c.connect("127.0.0.1", port, 30)
c.loop_forever()
`

const running: ChildProcessWithoutNullStreams[] = []
function run(program: string | undefined, args: readonly string[]) {
  const child = spawn(program ?? 'missing', args)
  running.push(child)
  let output = ''
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()))
  child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()))
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve))
  return { ended, output: () => output, stop: () => child.kill() }
}

describe.each(adapters)('$name', ({ make, there }) => {
  let broker: Adapter
  const texts = () => broker.received.map(({ payload }) => Buffer.from(payload).toString())
  const login = (id: string, password: string) => [
    '-h',
    '127.0.0.1',
    '-p',
    String(broker.port),
    '-i',
    id,
    '-u',
    id,
    '-P',
    password,
    '-V',
    'mqttv311',
  ]
  beforeAll(async () => {
    if (there) broker = await make()
  })
  afterAll(async () => {
    for (const child of running) child.kill()
    if (there) await broker.stop()
  })

  it.skipIf(!there || !withMosquitto)('takes pages line by line from mosquitto_pub', async () => {
    const child = spawn(pub!, [...login('gw-1', 'one'), '-q', '1', '-t', own('gw-1', 'page'), '-l'])
    running.push(child)
    const lines = Array.from({ length: 200 }, (_, i) => `line ${i}`)
    child.stdin.end(`${lines.join('\n')}\n`)
    expect(await new Promise((resolve) => child.once('close', resolve))).toBe(0)
    await vi.waitFor(() => expect(texts().filter((text) => text.startsWith('line'))).toEqual(lines), {
      timeout: 5_000,
    })
  })

  it.skipIf(!there || !withMosquitto)('tells mosquitto_pub that its password is wrong', async () => {
    const client = run(pub, [...login('gw-1', 'wrong'), '-q', '1', '-t', own('gw-1', 'page'), '-m', 'x'])
    expect(await client.ended).not.toBe(0)
    expect(client.output()).toMatch(/bad user name or password|not authori[sz]ed/i)
  })

  it.skipIf(!there || !withMosquitto)(
    'brings mosquitto_sub its retained configuration and then receipts',
    async () => {
      await broker.publish(own('gw-2', 'config'), 'c1', true)
      const topics = [own('gw-2', 'config'), own('gw-2', 'receipt')].flatMap((topic) => ['-t', topic])
      const client = run(sub, [...login('gw-2', 'two'), '-q', '1', ...topics, '-F', '%r %q %p', '-C', '2'])
      await vi.waitFor(() => expect(client.output()).toContain('1 1 c1'), { timeout: 5_000 })
      await broker.publish(own('gw-2', 'receipt'), 'r1', false)
      expect(await client.ended).toBe(0)
      expect(client.output()).toBe('1 1 c1\n0 1 r1\n')
    },
  )

  it.skipIf(!there || !withPaho)(
    'serves a gateway made with Python paho: config, 100 pages in order, its will',
    async () => {
      await broker.publish(own('gw-1', 'config'), 'paho config', true)
      const client = run(python, ['-c', pahoGateway, String(broker.port), '100'])
      await client.ended
      const said = JSON.parse(client.output()) as { log: unknown[]; acked: number[] }
      expect(said.log).toContainEqual(['connect', 0, 0])
      expect(said.log).toContainEqual(['granted', [1, 1]])
      expect(said.log).toContainEqual([own('gw-1', 'config'), 'paho config', 1, 1])
      expect(said.acked).toEqual(said.acked.toSorted((a, b) => a - b))
      expect(said.acked).toHaveLength(100)
      const wanted = [...Array.from({ length: 100 }, (_, i) => `paho ${i}`), 'paho gone']
      await vi.waitFor(() => expect(texts().filter((text) => text.startsWith('paho'))).toEqual(wanted), {
        timeout: 5_000,
      })
    },
  )
})
