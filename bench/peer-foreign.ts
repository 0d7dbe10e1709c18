import { type ChildProcess, fork, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { createInfluxSeries } from '@hours/ingest'
import { freePort, startInfluxd } from '../test/contract/influxd.fixture.ts'
import { startNodeRed } from './peer-node-red.ts'
import { firstMinute, type PeerSystem, perConnection } from './peer-systems.ts'

interface Places {
  readonly broker: number
  readonly influxUrl: string
  /** For whatever it wants to keep. */
  readonly dir: string
}

/** What is built today: mosquitto, a subscriber, and InfluxDB. */
interface Foreign {
  readonly name: string
  /** Further lines of mosquitto's configuration. */
  readonly broker: readonly string[]
  readonly start: (places: Places) => Promise<ChildProcess>
  /** Makes it write what it holds, where it can be made to. */
  readonly flush?: (child: ChildProcess) => void
}

/** mosquitto and the fifteen lines of `peer-script.ts`, all defaults. */
export const scriptSystem = (): Promise<PeerSystem> =>
  foreignSystem({
    name: '15-line script',
    broker: [],
    async start({ broker, influxUrl }) {
      const child = fork(
        join(import.meta.dirname, 'peer-script.ts'),
        [`mqtt://127.0.0.1:${broker}`, influxUrl],
        { stdio: ['ignore', 'ignore', 'ignore', 'ipc'] },
      )
      await once(child, 'message')
      return child
    },
    flush: (child) => void child.kill('SIGUSR2'),
  })

/** mosquitto that keeps all it is given, and the careful flow of Node-RED, which is installed in a folder. */
export const nodeRedSystem = (installed: string) => async (): Promise<PeerSystem> => {
  const editor = await freePort()
  return foreignSystem({
    name: 'Node-RED, careful',
    broker: ['max_queued_messages 0', 'persistence true'],
    start: ({ broker, influxUrl, dir }) =>
      startNodeRed(installed, join(dir, 'node-red'), {
        broker,
        influx: Number(new URL(influxUrl).port),
        editor,
      }),
  })
}

async function foreignSystem({ name, broker, start, flush }: Foreign): Promise<PeerSystem> {
  const dir = mkdtempSync(join(tmpdir(), 'hours-peer-'))
  const port = await freePort()
  mkdirSync(join(dir, 'kept'))
  const conf = [
    ...(process.getuid?.() === 0 ? ['user root'] : []),
    `listener ${port} 127.0.0.1`,
    'allow_anonymous true',
    'log_dest none',
    `persistence_location ${join(dir, 'kept')}/`,
    ...broker,
    '',
  ].join('\n')
  writeFileSync(join(dir, 'conf'), conf)
  const mosquitto = spawn('mosquitto', ['-c', join(dir, 'conf')], { stdio: 'ignore' })
  const influxd = await startInfluxd()
  const { query } = createInfluxSeries({ url: influxd.url, database: 'peer' })
  await query('CREATE DATABASE peer')
  const places = { broker: port, influxUrl: influxd.url, dir }
  let subscriber = await start(places)

  async function stored(): Promise<number> {
    const [row] = await query('SELECT count("watts") AS "n" FROM "usage"')
    return Number(row?.['n'] ?? 0)
  }
  /** Until nothing more has come for `quiet` s; what failed is tried again meanwhile. */
  async function still(quiet: number): Promise<void> {
    for (let seconds = 0, last = -1; seconds < quiet; ) {
      flush?.(subscriber)
      await pause(1_000)
      const now = await stored()
      seconds = now === last ? seconds + 1 : 0
      last = now
    }
  }

  return {
    name,
    influxd,
    pids: () => ({ broker: mosquitto.pid ?? 0, subscriber: subscriber.pid ?? 0, influxd: influxd.pid() }),
    login: (c) => ({ port, clientId: `load-${c}` }),
    messages: { power: (c, i) => message(c, i) },
    // No work of a start goes on behind what is measured.
    begun: () => Promise.resolve(),
    worked: () => still(3),
    async killSubscriber() {
      await end(subscriber)
      subscriber = await start(places)
    },
    settle: () => still(10),
    stored,
    async remove() {
      await end(subscriber)
      await end(mosquitto)
      await influxd.remove()
      rmSync(dir, { recursive: true })
    },
  }
}

/** A point of 200 bytes, as a script or a flow would be sent it. */
function message(c: number, i: number) {
  const instrument = `inst-${c * perConnection + (i % perConnection)}`
  const body = {
    instrument,
    state: i & 3 ? 'running' : 'idle',
    watts: (i % 20_000) / 10,
    ts: firstMinute + i,
  }
  const text = JSON.stringify({ ...body, pad: '' })
  const pad = 'x'.repeat(Math.max(0, 200 - text.length))
  return { topic: `usage/${instrument}`, payload: Buffer.from(JSON.stringify({ ...body, pad })) }
}

async function end(child: ChildProcess): Promise<void> {
  const ended = once(child, 'exit')
  child.kill('SIGKILL')
  await ended
}
