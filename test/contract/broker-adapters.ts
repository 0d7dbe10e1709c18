import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { connect as tcp, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createBroker, hashPassword, mosquittoAcl } from '@hours/broker'
import { GatewayId, SiteId, type UpMessage } from '@hours/protocol'
import { connectAsync } from 'mqtt'
import { pino } from 'pino'
import { vi } from 'vitest'

/** A broker with two gateways of one site, and the ingest behind it. */
export interface Adapter {
  readonly port: number
  /** Messages ingest got, in order. */
  readonly received: UpMessage[]
  publish(topic: string, payload: string, retain: boolean): Promise<void>
  stop(): Promise<void>
}

export const site = SiteId.parse('lab')
export const passwords: Record<string, string> = { 'gw-1': 'one', 'gw-2': 'two' }
export const own = (id: string, end: string) => `hours/1/${site}/${id}/${end}`
export const silent = pino({ level: 'silent' })

async function embedded(): Promise<Adapter> {
  const received: UpMessage[] = []
  const hashes = new Map<string, string>()
  for (const [id, password] of Object.entries(passwords)) hashes.set(id, await hashPassword(password))
  const broker = await createBroker({
    commit: async (message) => {
      received.push(message)
    },
    directory: {
      find(id) {
        const password = hashes.get(id)
        return password === undefined
          ? undefined
          : { site, gateway: GatewayId.parse(id), password, revoked: false }
      },
    },
    log: silent,
    listen: { host: '127.0.0.1', port: 0, allowPlain: true },
    limits: { connectsPerSecond: 1_000 },
  })
  return {
    port: broker.port,
    received,
    publish: (topic, payload, retain) => broker.publish(topic, payload, { retain }),
    stop: () => broker.close(),
  }
}

/** Debian puts the server where an ordinary user's path does not look. */
export const findProgram = (name: string): string | undefined =>
  ['/usr/sbin', '/usr/bin', '/usr/local/sbin', '/usr/local/bin', '/opt/homebrew/sbin', '/opt/homebrew/bin']
    .map((folder) => join(folder, name))
    .find((path) => existsSync(path))

/** Whether a suite that needs `program` runs: left out aloud where it is missing, unless services are required. */
export function canRun(what: string, program: string | undefined, debian: string): boolean {
  if (program !== undefined || process.env['HOURS_REQUIRE_SERVICES'] === '1') return true
  console.warn(`left out: ${what} (apt-get install ${debian})`)
  return false
}

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as { port: number }
  await new Promise((resolve) => server.close(resolve))
  return port
}

const mosquittoPath = findProgram('mosquitto')

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
      ...(process.getuid?.() === 0 ? ['user root'] : []),
      `listener ${port} 127.0.0.1`,
      'max_qos 1',
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
  ingest.on('message', (topic, payload, packet) => {
    // What ingest itself sends down comes back to it: its filter ends in #.
    if (!/\/(?:receipt|config)$/.test(topic) && !packet.retain) received.push({ topic, payload })
  })
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
      rmSync(dir, { recursive: true })
    },
  }
}

export const adapters = [
  { name: 'the embedded broker', make: embedded, there: true },
  {
    name: 'Mosquitto',
    make: mosquitto,
    there: canRun('contract and conformance on Mosquitto', mosquittoPath, 'mosquitto'),
  },
]
