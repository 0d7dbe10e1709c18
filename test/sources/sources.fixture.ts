import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createGatewayLogger, parseGatewayConfig, type RunningGateway, runGateway } from '@hours/gateway'
import type { InstrumentSettings, Source } from '@hours/protocol'
import { onTestFinished, vi } from 'vitest'
import { stringify } from 'yaml'

/** Debian's Python, which has Debian's packages, before any other. */
export const python = existsSync('/usr/bin/python3') ? '/usr/bin/python3' : 'python3'

/** A Debian program that a test needs: absent, the test is skipped aloud, or fails where services are required. */
export function hasPeer(what: string, command: string, ...args: readonly string[]): boolean {
  const { error, status } = spawnSync(command, args, { stdio: 'ignore' })
  if (!error && status === 0) return true
  if (process.env['HOURS_REQUIRE_SERVICES'] === '1') throw new Error(`${what} is not installed`)
  console.warn(`skipped: ${what} is not installed`)
  return false
}

export type SourceText = Partial<Source> & { readonly kind: Source['kind'] }

/** Thresholds of the tests' meters: powered from 5 W, run from 400 W. A change counts at once. */
export const instrument = (source: SourceText, change: Record<string, unknown> = {}) => ({
  id: 'sem-01',
  source,
  thresholds: { onStartMw: 5_000, onStopMw: 3_000, runStartMw: 400_000, runStopMw: 300_000 },
  dwellMs: 0,
  maxGapMs: 5_000,
  ...change,
})

export interface SourceBench {
  readonly running: RunningGateway
  /** `[state, mW]` that the live view shows. */
  readonly now: (id?: string) => readonly [state: string, mw: number | null]
  readonly alarms: () => readonly string[]
  /** Waits until the live view shows it. */
  readonly shows: (state: string, mw?: number | null) => Promise<void>
  readonly raises: (alarm: string) => Promise<void>
  readonly ends: (alarm: string) => Promise<void>
}

/** The gateway itself, out of a YAML text as an operator writes it; its broker is not there. */
export function runSources(
  instruments: readonly Record<string, unknown>[],
  more: Record<string, unknown> = {},
): SourceBench {
  const data = mkdtempSync(join(tmpdir(), 'sources-'))
  const text = stringify({
    site: 'lab',
    gateway: 'gw-1',
    broker: { url: 'mqtt://127.0.0.1:1' },
    clock: 'sim',
    data,
    instruments,
    ...more,
  })
  const running = runGateway(parseGatewayConfig(text), createGatewayLogger('silent'), { turnMs: 500 })
  onTestFinished(async () => {
    await running.stop()
    rmSync(data, { recursive: true, force: true })
  })
  const alarms = () => running.gateway.status().alarms ?? []
  const first = (instruments[0] as unknown as InstrumentSettings).id
  const now = (id: string = first): readonly [string, number | null] => {
    const all = running.gateway.status().instruments as Record<string, [string, number, number | null]>
    const [state, , mw] = all[id] ?? ['absent', 0, null]
    return [state, mw]
  }
  const until = (check: () => void) => vi.waitFor(check, { timeout: 20_000, interval: 50 })
  return {
    running,
    now,
    alarms,
    shows: (state, mw) =>
      until(() => {
        const [is, power] = now()
        if (is !== state || (mw !== undefined && power !== mw))
          throw new Error(
            `${is} ${power ?? 'null'} (${alarms().join(', ')}), waited for ${state} ${mw ?? ''}`,
          )
      }),
    raises: (alarm) =>
      until(() => {
        if (!alarms().includes(alarm)) throw new Error(`no ${alarm} among ${alarms().join(', ')}`)
      }),
    ends: (alarm) =>
      until(() => {
        if (alarms().includes(alarm)) throw new Error(`still ${alarm}`)
      }),
  }
}

/** A child process that says line by line what it does; it ends with the test. */
export interface Peer {
  readonly process: ChildProcess
  write(line: string): void
  /** Waits for a line that holds `text` and has not been waited for yet. */
  says(text: string): Promise<void>
  stop(): Promise<void>
}

export function startPeer(command: string, args: readonly string[]): Peer {
  const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'pipe'] })
  let heard = ''
  const hear = (chunk: Buffer) => (heard += chunk.toString())
  child.stdout.on('data', hear)
  child.stderr.on('data', hear)
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()))
  const stop = () => {
    child.kill('SIGKILL')
    return ended
  }
  onTestFinished(stop)
  return {
    process: child,
    write: (line) => void child.stdin.write(`${line}\n`),
    says: (text) =>
      vi.waitFor(
        () => {
          const at = heard.indexOf(text)
          if (at < 0) throw new Error(`${command} has not said "${text}" but: ${heard}`)
          heard = heard.slice(at + text.length)
        },
        { timeout: 20_000, interval: 20 },
      ),
    stop,
  }
}

/** A port that was free a moment ago, for peers that cannot take port 0. */
export async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  await new Promise((resolve) => server.close(resolve))
  if (address === null || typeof address === 'string') throw new Error('no port')
  return address.port
}

/** A folder that goes with the test. */
export function testFolder(): string {
  const path = mkdtempSync(join(tmpdir(), 'sources-'))
  onTestFinished(() => rmSync(path, { recursive: true, force: true }))
  return path
}
