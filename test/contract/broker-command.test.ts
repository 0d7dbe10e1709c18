import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { hashPassword } from '@hours/broker'
import { subscribeExternal } from '@hours/ingest'
import { type PublishDown, systemClock } from '@hours/protocol'
import { connectAsync } from 'mqtt'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { own, silent } from './broker-adapters.ts'

/** `hours broker` as a person runs it: alone, with an ingest in another process behind it. */
const root = join(import.meta.dirname, '..', '..')
const dir = mkdtempSync(join(tmpdir(), 'hours-broker-'))
const accounts = join(dir, 'accounts.json')
const running: ChildProcess[] = []

beforeAll(async () => {
  const password = await hashPassword('secret')
  const file = {
    gateways: [{ site: 'lab', gateway: 'gw-1', password }],
    ingest: { id: 'ingest', password, sites: 'all' },
    readers: [{ id: 'wall', password, sites: ['lab'] }],
  }
  writeFileSync(accounts, JSON.stringify(file), { mode: 0o600 })
})
afterAll(() => {
  for (const child of running) child.kill()
  rmSync(dir, { recursive: true })
})

function hours(args: readonly string[], input = '') {
  const child = spawn(process.execPath, [join(root, 'hours.ts'), 'broker', ...args], {
    cwd: root,
    env: { ...process.env, INIT_CWD: dir, HOURS_LOG: 'silent' },
  })
  running.push(child)
  child.stdin.end(input)
  let output = ''
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()))
  child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()))
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve))
  return { child, ended, output: () => output }
}

describe('hours broker', () => {
  it('passes pages on to an ingest in another process and receipts back, and ends on a signal', async () => {
    const broker = hours(['--mqtt', '0', '--accounts', 'accounts.json'])
    await vi.waitFor(() => expect(broker.output()).toMatch(/mqtt:\/\/127\.0\.0\.1:\d+ for 1 gateways/), {
      timeout: 20_000,
    })
    expect(broker.output()).toContain('not on disk')
    const url = /mqtt:\/\/\S+/.exec(broker.output())![0]
    const pages: string[] = []
    let down: PublishDown | undefined
    const ingest = await subscribeExternal({
      url,
      clientId: 'ingest-1',
      username: 'ingest',
      password: 'secret',
      commit: async ({ payload }) => {
        pages.push(Buffer.from(payload).toString())
      },
      attach: (publish) => {
        down = publish
      },
      clock: systemClock,
      logger: silent,
    })
    const gateway = await connectAsync(url, {
      clientId: 'gw-1',
      username: 'gw-1',
      password: 'secret',
      protocolVersion: 4,
    })
    const receipts: string[] = []
    gateway.on('message', (_topic, payload) => void receipts.push(payload.toString()))
    await gateway.subscribeAsync(own('gw-1', 'receipt'), { qos: 1 })
    await gateway.publishAsync(own('gw-1', 'page'), 'a page', { qos: 1 })
    await vi.waitFor(() => expect(pages).toEqual(['a page']))
    await down!(own('gw-1', 'receipt'), 'a receipt', { retain: false })
    await vi.waitFor(() => expect(receipts).toEqual(['a receipt']))
    await gateway.endAsync()
    await ingest.close()
    broker.child.kill('SIGTERM')
    expect(await broker.ended).toBe(0)
  })

  it('prints the rights of its accounts for Mosquitto, each gateway tied to its site', async () => {
    const acl = hours(['--acl', 'mosquitto', '--accounts', 'accounts.json'])
    expect(await acl.ended).toBe(0)
    expect(acl.output()).toContain('user gw-1\ntopic write hours/1/lab/gw-1/page')
    expect(acl.output()).toContain('user wall\ntopic read hours/1/lab/+/state/+')
    expect(acl.output()).not.toMatch(/scrypt|secret/)
  })

  it('hashes a password from standard input, and refuses a short one', async () => {
    const good = hours(['--hash-password'], '0123456789abcdef0123\n')
    expect(await good.ended).toBe(0)
    expect(good.output()).toMatch(/^scrypt\$\d+\$\d+\$\d+\$[\w-]+\$[\w-]+\n$/)
    const short = hours(['--hash-password'], 'hunter2\n')
    expect(await short.ended).toBe(1)
    expect(short.output()).not.toContain('hunter2')
  })

  it.each([
    [[], 1, /--accounts is missing/],
    [['--mqtt', 'x', '--accounts', 'accounts.json'], 2, /"x" is not a port/],
    [['--accounts', 'nowhere.json'], 1, /nowhere\.json/],
    [['--host', '0.0.0.0', '--accounts', 'accounts.json'], 1, /plain TCP is for loopback/],
  ])('with %j ends with code %i and says what is wrong', async (args, code, why) => {
    const broker = hours(args)
    expect(await broker.ended).toBe(code)
    expect(broker.output()).toMatch(why)
  })
})
