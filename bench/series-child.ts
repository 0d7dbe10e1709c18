import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'

/** What `bench/series-server.ts` says of itself: counters of ingest, and the outbox. */
export interface ServerState {
  readonly pending: number
  readonly oldest: number | null
  readonly quarantined: number
  readonly dropped: number
  readonly failing: string | null
}

export interface SeriesServer {
  readonly child: ChildProcess
  readonly pid: number
  readonly port: number
  state(): Promise<ServerState>
  /** Resolves when all that a start has to tell of every instrument is in InfluxDB. */
  settled(): Promise<void>
  /** What lives on after a collection, MB: objects and buffers. */
  alive(): Promise<number>
  /** Resolves when nothing waits for InfluxDB any more. */
  drained(limitMs: number): Promise<void>
  stop(): Promise<void>
  kill(): Promise<void>
}

/** Starts the server on the folder `dir`, which holds what an earlier one has left. */
export async function startSeriesServer(options: {
  readonly gateways: number
  readonly perGateway: number
  readonly influxUrl: string
  readonly dir: string
  /** How long a changed day waits for more pages, ms. */
  readonly delayMs: number
  readonly port?: number
}): Promise<SeriesServer> {
  const { gateways, perGateway, influxUrl, dir, delayMs, port = 0 } = options
  const args = [gateways, perGateway, influxUrl, dir, delayMs, port].map(String)
  const child = fork(join(import.meta.dirname, 'series-server.ts'), args, {
    stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
    // As the systemd unit starts it, and able to be told to collect.
    execArgv: ['--disable-warning=ExperimentalWarning', '--max-semi-space-size=16', '--expose-gc'],
  })
  if (!child.stdout) throw new Error('the server has no output')
  const [line] = (await once(child.stdout, 'data')) as [Buffer]
  const told = JSON.parse(line.toString()) as { port: number }

  async function ask(what: 'state' | 'settle' | 'alive'): Promise<unknown> {
    const answer = once(child, 'message')
    child.send(what)
    return (await answer)[0]
  }
  const state = async () => (await ask('state')) as ServerState

  async function ended(act: () => void): Promise<void> {
    const exit = once(child, 'exit')
    act()
    await exit
  }

  return {
    child,
    pid: child.pid ?? 0,
    port: told.port,
    state,
    settled: async () => {
      await ask('settle')
    },
    alive: async () => ((await ask('alive')) as { mb: number }).mb,
    async drained(limitMs) {
      const limit = performance.now() + limitMs
      while ((await state()).pending > 0) {
        if (performance.now() > limit) throw new Error(`the outbox still holds points after ${limitMs} ms`)
        await new Promise((resolve) => setTimeout(resolve, 100))
      }
    },
    stop: () => ended(() => child.send('stop')),
    kill: () => ended(() => child.kill('SIGKILL')),
  }
}
