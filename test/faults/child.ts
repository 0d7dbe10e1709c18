import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'

/** A real process that does what it is told over IPC, until it is killed. */
export interface Child {
  /** Sends a command, resolves with the answer; rejects when the process ends first. */
  ask<T>(command: string, body?: object): Promise<T>
  /** SIGKILL: resolves when the process is gone. */
  kill(): Promise<void>
  /** Lets files grow to `bytes` at most from now on (RLIMIT_FSIZE); undefined = without limit again. */
  limitFiles(bytes: number | undefined): void
  /** Ends by itself after `ask('stop')`. */
  ended(): Promise<void>
  /** Why it has ended although nobody killed it; undefined while all is well. */
  crashed(): string | undefined
}

/** Lines on stdout go to `onLine`; stderr is kept for the message of a crash. `flags` are for Node. */
export function startChild(
  script: string,
  args: readonly string[],
  onLine?: (line: string) => void,
  flags: readonly string[] = [],
): Child {
  const child: ChildProcess = spawn(
    process.execPath,
    ['--disable-warning=ExperimentalWarning', ...flags, join(import.meta.dirname, script), ...args],
    { stdio: ['ignore', 'pipe', 'pipe', 'ipc'], env: { ...process.env, TZ: 'UTC' } },
  )
  const waiting = new Map<number, { done: (value: unknown) => void; failed: (error: Error) => void }>()
  let count = 0
  let wanted = false
  let crash: string | undefined
  let errors = ''
  let rest = ''
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (errors = (errors + text).slice(-4_000)))
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    const lines = (rest + text).split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) onLine?.(line)
  })
  child.on('message', (raw) => {
    const { id, value, error } = raw as { id: number; value?: unknown; error?: string }
    const one = waiting.get(id)
    waiting.delete(id)
    if (error === undefined) one?.done(value)
    else one?.failed(new Error(`${script}: ${error}`))
  })
  const closed = once(child, 'close').then(([code, signal]) => {
    if (!wanted) crash = `${script} ended by itself (${String(code ?? signal)}): ${errors}`
    for (const { failed } of waiting.values()) failed(new Error(crash ?? `${script} was killed`))
    waiting.clear()
  })
  return {
    ask<T>(command: string, body: object = {}) {
      const id = count++
      if (command === 'stop') wanted = true
      return new Promise<T>((done, failed) => {
        waiting.set(id, { done: (value) => done(value as T), failed })
        child.send({ id, command, ...body }, (error) => {
          if (error && waiting.delete(id)) failed(error)
        })
      })
    },
    async kill() {
      wanted = true
      child.kill('SIGKILL')
      await closed
    },
    limitFiles(bytes) {
      const limit = bytes === undefined ? 'unlimited' : String(bytes)
      const done = spawnSync('prlimit', ['--pid', String(child.pid), `--fsize=${limit}:unlimited`])
      if (done.status !== 0 && crash === undefined)
        throw new Error(`prlimit: ${String(done.error ?? done.stderr)}`)
    },
    ended: () => closed,
    crashed: () => crash,
  }
}

/** The child's side: answers each command with what its handler returns. */
export function serveCommands(
  handlers: Readonly<Record<string, (body: never) => unknown>>,
  afterStop = () => process.exit(0),
): void {
  // A file over its limit is an error of the write that made it, not the end of the process.
  process.on('SIGXFSZ', () => undefined)
  process.on('disconnect', () => process.exit(0))
  process.on('message', (raw) => {
    const message = raw as { id: number; command: string }
    const run = async () => await handlers[message.command]?.(message as never)
    run().then(
      (value) => answer({ id: message.id, value }, message.command),
      (error: unknown) =>
        answer({ id: message.id, error: String((error as Error).stack ?? error) }, message.command),
    )
  })
  function answer(body: object, command: string): void {
    process.send?.(body, () => {
      if (command === 'stop') afterStop()
    })
  }
}
