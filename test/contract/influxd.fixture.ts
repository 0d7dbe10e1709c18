import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'

/** For tests: Debian's influxd on free ports with its data in a temporary folder. */
export interface Influxd {
  readonly url: string
  /** Of the process that runs now. */
  pid(): number
  /** As a power cut would: no time to write anything. */
  kill(): Promise<void>
  stop(): Promise<void>
  /** Stops the process where it stands, as a machine that swaps does. */
  freeze(): void
  thaw(): void
  start(): Promise<void>
  /** Ends it and removes its data. */
  remove(): Promise<void>
}

const isThere = spawnSync('influxd', ['version']).status === 0
const required = process.env['HOURS_REQUIRE_SERVICES'] === '1'
if (!isThere && !required)
  console.warn(
    'left out: influxd is not installed (apt-get install influxdb); suites on a real server are skipped',
  )

/** Whether suites on a real influxd run; they fail instead of being skipped where services are required. */
export const hasInfluxd = isThere || required

export async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as { port: number }
  await new Promise((resolve) => server.close(resolve))
  return port
}

export async function startInfluxd(settings: Record<string, string> = {}): Promise<Influxd> {
  const folder = mkdtempSync(join(tmpdir(), 'hours-influxd-'))
  const port = await freePort()
  const rpc = await freePort()
  const url = `http://127.0.0.1:${port}`
  const env = {
    ...process.env,
    HOME: folder,
    INFLUXDB_REPORTING_DISABLED: 'true',
    INFLUXDB_BIND_ADDRESS: `127.0.0.1:${rpc}`,
    INFLUXDB_META_DIR: join(folder, 'meta'),
    INFLUXDB_DATA_DIR: join(folder, 'data'),
    INFLUXDB_DATA_WAL_DIR: join(folder, 'wal'),
    INFLUXDB_DATA_INDEX_VERSION: 'tsi1',
    INFLUXDB_MONITOR_STORE_ENABLED: 'false',
    INFLUXDB_HTTP_BIND_ADDRESS: `127.0.0.1:${port}`,
    INFLUXDB_HTTP_LOG_ENABLED: 'false',
    ...settings,
  }
  let child: ChildProcess | undefined

  async function start(): Promise<void> {
    // Its defaults are taken from the environment alone, never from the machine's configuration.
    const started = spawn('influxd', ['run', '-config', '/dev/null'], { env, stdio: 'ignore' })
    child = started
    const limit = performance.now() + 30_000
    for (;;) {
      if (started.exitCode !== null) throw new Error(`influxd ended with ${started.exitCode}`)
      if (
        await fetch(`${url}/ping`).then(
          ({ ok }) => ok,
          () => false,
        )
      )
        return
      if (performance.now() > limit) throw new Error('influxd did not get ready within 30 s')
      await wait(50)
    }
  }

  async function end(signal: 'SIGKILL' | 'SIGTERM'): Promise<void> {
    const running = child
    child = undefined
    if (!running || running.exitCode !== null) return
    const ended = new Promise((resolve) => running.once('exit', resolve))
    running.kill(signal)
    await ended
  }

  await start()
  return {
    url,
    pid: () => child?.pid ?? 0,
    start,
    kill: () => end('SIGKILL'),
    stop: () => end('SIGTERM'),
    freeze: () => void child?.kill('SIGSTOP'),
    thaw: () => void child?.kill('SIGCONT'),
    async remove() {
      child?.kill('SIGCONT')
      await end('SIGKILL')
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
