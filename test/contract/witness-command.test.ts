import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createVkey, formatVkey, noteType } from '@hours/ledger'
import { createSigner, generateKey, nodeCrypto } from '@hours/ledger/node'
import { afterAll, beforeAll, expect, it } from 'vitest'

/** `hours witness` as a regulator runs it. */
const root = join(import.meta.dirname, '..', '..')
const running: ChildProcess[] = []
let folder = ''

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'hours-witness-'))
  const { publicKey } = createSigner('log#1', generateKey())
  const log = createVkey('hours.example/2026', noteType.ed25519, publicKey, nodeCrypto.sha256)
  writeFileSync(
    join(folder, 'logs.txt'),
    `# the operator's policy, or vkeys alone\nlog ${formatVkey(log)} https://hours.example\n${formatVkey(log)}\nquorum none\n`,
  )
})
afterAll(() => {
  for (const child of running) child.kill('SIGKILL')
  rmSync(folder, { recursive: true })
})

function witness(...args: string[]) {
  const flags = ['witness', '--logs', 'logs.txt', '--data', 'w', '--http', '0', ...args]
  const child = spawn(process.execPath, [join(root, 'hours.ts'), ...flags], {
    cwd: root,
    env: { ...process.env, INIT_CWD: folder },
  })
  running.push(child)
  let output = ''
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve))
  const listening = new Promise<void>((resolve, reject) => {
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (chunk: Buffer) => {
        output += chunk.toString()
        if (/^witness .*:\d+$/m.test(output)) resolve()
      })
    void ended.then(() => reject(new Error(output)))
  })
  listening.catch(() => undefined)
  return { child, ended, listening, output: () => output }
}
const named = ['--name', 'regulator.example/w1']

it('has its folder for itself: a second one on it is refused by name, the next after a kill -9 goes on with the key', async () => {
  const first = witness(...named)
  await first.listening
  const second = witness(...named)
  expect(await second.ended).toBe(1)
  expect(second.output()).toMatch(
    new RegExp(
      `witness folder .*w: process ${first.child.pid} is writing it already. Fix: stop that process`,
    ),
  )
  first.child.kill('SIGKILL')
  await first.ended
  const third = witness(...named)
  await third.listening
  const line = /^witness \S+ (\S+)/m
  expect(line.exec(third.output())?.[1]).toBe(line.exec(first.output())?.[1])
  third.child.kill('SIGTERM')
  expect(await third.ended).toBe(0)
}, 60_000)

it('refuses a name that no policy could hold, before it makes a key', async () => {
  const spaced = witness('--name', 'the regulator')
  expect(await spaced.ended).toBe(2)
  expect(spaced.output()).toMatch(/--name "the regulator".*Fix: /)
}, 30_000)
