import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** The demo as a user starts it, in a process of its own: broker, log, index, API, page and a simulated fleet. */
export interface RealSite {
  /** Without the slash at the end. */
  readonly url: string
  readonly dir: string
  /** An answer of the API. */
  get<T>(path: string): Promise<T>
  close(): Promise<void>
}

const repo = join(import.meta.dirname, '../..')

/** Resolves when the history is played and the fleet is live; `days` of history take about 3 s each. */
export async function startSite(days: number): Promise<RealSite> {
  const dir = mkdtempSync(join(tmpdir(), 'hours-site-'))
  const args = ['hours.ts', 'up', '--data', dir, '--http', '0', '--mqtt', '0', '--days', String(days)]
  const child = spawn(process.execPath, args, { cwd: repo, stdio: ['ignore', 'pipe', 'pipe'] })
  const url = await live(child)
  return {
    url,
    dir,
    async get<T>(path: string) {
      const answer = await fetch(`${url}/api/v1/${path}`)
      if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`)
      return (await answer.json()) as T
    },
    async close() {
      const ended = once(child, 'exit')
      child.kill('SIGTERM')
      await ended
      rmSync(dir, { recursive: true, force: true })
    },
  }
}

async function live(child: ChildProcess): Promise<string> {
  let said = ''
  const { stdout, stderr } = child
  if (!stdout || !stderr) throw new Error('the demo has no output')
  return new Promise((resolve, reject) => {
    const listen = (bytes: Buffer) => {
      said += bytes.toString()
      const address = /http:\/\/127\.0\.0\.1:\d+/.exec(said)?.[0]
      if (address !== undefined && said.includes('The fleet is live')) resolve(address)
    }
    stdout.on('data', listen)
    stderr.on('data', listen)
    child.once('exit', (code) => reject(new Error(`the demo ended with ${code}:\n${said}`)))
  })
}
