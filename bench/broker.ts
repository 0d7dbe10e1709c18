import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import {
  closeSync,
  existsSync,
  fdatasync,
  mkdtempSync,
  openSync,
  rmSync,
  write,
  writeFileSync,
} from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { promisify } from 'node:util'
import { createBroker, hashPassword, mosquittoAcl } from '@hours/broker'
import { type Commit, GatewayId, SiteId } from '@hours/protocol'
import { pino } from 'pino'
import { printFigure, printMachine, processUsage } from './figure.ts'
import { connectLoad, type LoadClient } from './mqtt-load.ts'

/**
 * Publishes per second with a PUBACK each: the embedded broker with a group commit (append and fdatasync) before every
 * PUBACK, and Mosquitto, which acknowledges from memory. Run: node bench/broker.ts
 */
const site = SiteId.parse('lab')
const ids = Array.from({ length: 16 }, (_, i) => `gw-${i + 1}`)
const password = 'bench-only-password'

/** Appends what has come since the last fdatasync, in one write, and resolves all of it together. */
function groupCommit(path: string): { commit: Commit; groups(): number; close(): void } {
  const file = openSync(path, 'a')
  const [writeAll, sync] = [promisify(write), promisify(fdatasync)]
  let waiting: { bytes: Uint8Array; done: () => void }[] = []
  let groups = 0
  let running = false
  async function run(): Promise<void> {
    running = true
    while (waiting.length > 0) {
      const group = waiting
      waiting = []
      groups += 1
      await writeAll(file, Buffer.concat(group.map(({ bytes }) => bytes)))
      await sync(file)
      for (const { done } of group) done()
    }
    running = false
  }
  return {
    commit: ({ payload }) =>
      new Promise((resolve, reject) => {
        waiting.push({ bytes: payload, done: resolve })
        if (!running) setImmediate(() => void run().catch(reject))
        running = true
      }),
    groups: () => groups,
    close: () => closeSync(file),
  }
}

async function serve(dir: string): Promise<void> {
  const hash = await hashPassword(password)
  const log = groupCommit(join(dir, 'log'))
  const broker = await createBroker({
    commit: log.commit,
    directory: { find: (id) => ({ site, gateway: GatewayId.parse(id), password: hash, revoked: false }) },
    log: pino({ level: 'silent' }),
    listen: { host: '127.0.0.1', port: 0, allowPlain: true },
    limits: {
      ...{ publishesPerSecond: 1_000_000, publishBurst: 1_000_000, publishesUnderway: 1_000_000 },
      connectsPerSecond: 1_000,
    },
  })
  process.send?.(broker.port)
  process.on('message', () => process.send?.(log.groups()))
}

async function measure(port: number, connections: number, bytes: number, each: number): Promise<number> {
  const clients: LoadClient[] = []
  for (const id of ids.slice(0, connections))
    clients.push(await connectLoad({ port, clientId: id, username: id, password }))
  const payload = Buffer.alloc(bytes, 'x')
  const from = performance.now()
  await Promise.all(
    clients.map((client, i) => {
      const topic = `hours/1/lab/${ids[i] ?? ''}/page`
      return client.publishAll(
        Array.from({ length: each }, () => ({ topic, payload })),
        64,
      )
    }),
  )
  const seconds = (performance.now() - from) / 1_000
  for (const client of clients) client.close()
  return (connections * each) / seconds
}

async function series(name: string, port: number, pid: number): Promise<void> {
  for (const [connections, bytes] of [
    [1, 200],
    [16, 200],
    [16, 1_500],
  ] as const) {
    const before = processUsage(pid)
    const each = Math.round(80_000 / connections)
    const rate = await measure(port, connections, bytes, each)
    const after = processUsage(pid)
    const cpu = (after.cpuSeconds - before.cpuSeconds).toFixed(1)
    printFigure(
      `${name} ${connections} x ${bytes} B`,
      rate,
      `publishes/s, 64 in flight each; ${cpu} s CPU, ${Math.round(after.rssMb)} MB`,
    )
  }
}

const message = <T>(child: ChildProcess) =>
  new Promise<T>((resolve) => child.once('message', (value) => resolve(value as T)))

async function ours(dir: string): Promise<void> {
  const child = spawn(process.execPath, [import.meta.filename, '--serve', dir], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  })
  const port = await message<number>(child)
  await series('embedded, fdatasync', port, child.pid ?? 0)
  child.send('groups')
  console.log(`# ${await message<number>(child)} groups for 240,000 publishes`)
  child.kill()
}

async function mosquitto(dir: string): Promise<void> {
  const program = ['/usr/sbin/mosquitto', '/usr/bin/mosquitto'].find((path) => existsSync(path))
  if (!program) {
    console.log('# mosquitto is not installed: left out')
    return
  }
  const passwords = join(dir, 'passwords')
  writeFileSync(passwords, '', { mode: 0o600 })
  for (const id of ids) execFileSync('mosquitto_passwd', ['-b', passwords, id, password])
  writeFileSync(join(dir, 'acl'), mosquittoAcl({ ingest: 'ingest' }), { mode: 0o600 })
  const probe = createServer().listen(0, '127.0.0.1')
  await new Promise((resolve) => probe.once('listening', resolve))
  const { port } = probe.address() as { port: number }
  await new Promise((resolve) => probe.close(resolve))
  const lines = [
    ...(process.getuid?.() === 0 ? ['user root'] : []),
    `listener ${port} 127.0.0.1`,
    'allow_anonymous false',
    `password_file ${passwords}`,
    `acl_file ${join(dir, 'acl')}`,
    'log_dest none',
  ]
  writeFileSync(join(dir, 'conf'), lines.join('\n'))
  const child = spawn(program, ['-c', join(dir, 'conf')], { stdio: 'ignore' })
  await pause(500)
  await series('mosquitto, memory', port, child.pid ?? 0)
  child.kill()
}

const [flag, given] = process.argv.slice(2)
if (flag === '--serve' && given !== undefined) await serve(given)
else {
  const dir = mkdtempSync(join(tmpdir(), 'hours-bench-broker-'))
  printMachine('node bench/broker.ts')
  await ours(dir)
  await mosquitto(dir)
  rmSync(dir, { recursive: true })
}
