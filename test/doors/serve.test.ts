import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { request } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connectAsync } from 'mqtt'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { createIngest } from '@hours/ingest'
import { systemClock } from '@hours/protocol'
import { pino } from 'pino'
import { renewGateway } from '../../cli/gateway-identity.ts'
import { password } from './doors.fixture.ts'

const folder = mkdtempSync(join(tmpdir(), 'hours-serve-'))
const data = join(folder, 'site')
const device = join(folder, 'device')
const env = { ...process.env, HOURS_DATA: data, HOURS_LOG: 'silent' }
const hours = (...args: string[]) =>
  spawnSync(process.execPath, ['hours.ts', ...args], { env, encoding: 'utf8', timeout: 60_000 })

let serve: ChildProcess
let said = ''
let ca = ''
let page: URL
let mqttPort = 0

beforeAll(async () => {
  expect(hours('init', '--name', 'hours.test').status).toBe(0)
  await enrolInLog()
  serve = spawn(process.execPath, ['hours.ts', 'serve', '--tls', 'auto', '--http', '0', '--mqtt', '0'], {
    env,
  })
  serve.stdout?.setEncoding('utf8').on('data', (text: string) => (said += text))
  serve.stderr?.setEncoding('utf8').on('data', (text: string) => (said += text))
  await vi.waitFor(() => expect(said).toMatch(/login .*welcome[^]*mqtts:\/\/\S+:\d+\n/), {
    timeout: 50_000,
    interval: 100,
  })
  ca = readFileSync(join(data, 'ca', 'ca.pem'), 'utf8')
  page = new URL(/page\s+(https:\S+)/.exec(said)?.[1] ?? '')
  mqttPort = Number(/mqtts:\/\/\S+:(\d+)/.exec(said)?.[1])
})
afterAll(async () => {
  const ended = new Promise((resolve) => serve.once('exit', resolve))
  serve.kill('SIGTERM')
  await ended
  rmSync(folder, { recursive: true, force: true })
})

/** The log names the gateway by an instrument's enrolment; the broker never enrols anybody. */
async function enrolInLog(): Promise<void> {
  const ingest = await createIngest({
    dataDir: data,
    clock: systemClock,
    log: pino({ level: 'silent' }),
    logName: 'hours.test',
    simulated: false,
  })
  const from = Date.now() - 60_000
  await ingest.recordAll([
    {
      kind: 'organisation',
      stream: 'installation',
      body: { id: 'gibh', parent: null, kind: 'entity', names: {}, from },
    },
    ...['gw-7', 'gw-8'].map((gateway) => ({
      kind: 'enrolment',
      stream: 'lab',
      body: { instrument: `at-${gateway}`, gateway, unit: 'gibh', from, names: {} },
    })),
  ] as never)
  await ingest.close()
}

interface Answer {
  readonly status: number
  readonly body: string
  readonly cookies: readonly string[]
}

const ask = (
  path: string,
  {
    method = 'GET',
    body,
    headers = {},
  }: { method?: string; body?: object; headers?: Record<string, string> } = {},
) =>
  new Promise<Answer>((resolve, reject) => {
    const json = body === undefined ? {} : { 'content-type': 'application/json' }
    const asked = request(
      new URL(path, page),
      { method, ca, servername: 'localhost', headers: { ...json, ...headers } },
      (answer) => {
        let text = ''
        answer.setEncoding('utf8').on('data', (part: string) => (text += part))
        answer.on('end', () =>
          resolve({
            status: answer.statusCode ?? 0,
            body: text,
            cookies: answer.headers['set-cookie'] ?? [],
          }),
        )
      },
    )
    asked.on('error', reject)
    asked.end(body && JSON.stringify(body))
  })

describe('a site of its own', () => {
  it('refuses to listen beyond loopback without TLS or a proxy', () => {
    const open = hours('serve', '--plain-loopback', '--http-host', '0.0.0.0', '--http', '0')
    expect(open.status).toBe(1)
    expect(open.stderr).toContain('logins would travel in the open')
  })

  it('lets nobody see anything before the first operator has chosen a password by the printed link', async () => {
    expect((await ask('/api/v1/instruments')).status).toBe(401)
    expect((await ask('/health')).status).toBe(200)
    const token = /welcome#(\S+)/.exec(said)?.[1] ?? ''
    const weak = await ask('/api/v1/welcome', { method: 'POST', body: { token, password: 'short' } })
    expect(weak.status).toBe(400)
    const chosen = await ask('/api/v1/welcome', { method: 'POST', body: { token, password } })
    expect(chosen.status).toBe(200)
    expect(chosen.cookies[0]).toMatch(/^__Host-hours=.*HttpOnly; Secure; SameSite=Strict/)
    const again = await ask('/api/v1/welcome', { method: 'POST', body: { token, password } })
    expect(again.status).toBe(401)
    const login = await ask('/api/v1/login', { method: 'POST', body: { account: 'operator', password } })
    const cookie = login.cookies.map((one) => one.split(';')[0]).join('; ')
    expect((await ask('/api/v1/instruments', { headers: { cookie } })).status).toBe(200)
    expect((await ask('/api/v1/audit', { headers: { cookie } })).body).toContain('"action":"login"')
  })

  it('answers to no other name', async () => {
    expect((await ask('/health', { headers: { host: 'evil.example' } })).status).toBe(421)
  })

  it('takes people from the console while it runs', async () => {
    const added = hours('account', 'add', 'lin', '--role', 'viewer', '--organisation', 'gibh')
    const token = /welcome#(\S+)/.exec(added.stdout)?.[1] ?? ''
    expect((await ask('/api/v1/welcome', { method: 'POST', body: { token, password } })).status).toBe(200)
    const key = hours(
      'account',
      'key',
      'operator',
      '--label',
      'prometheus',
      '--scopes',
      'monitor',
    ).stdout.trim()
    const bearer = { authorization: `Bearer ${key}` }
    const metrics = (await ask('/metrics', { headers: bearer })).body
    expect(metrics).toContain('hours_ingest_log_size')
    expect(metrics).toMatch(
      /# TYPE hours_broker_refused_connects_total counter\nhours_broker_refused_connects_total \d/,
    )
    expect(metrics).toMatch(/# TYPE hours_broker_connections gauge/)
    expect((await ask('/api/v1/instruments', { headers: bearer })).status).toBe(403)
    hours('account', 'disable', 'lin')
    const gone = await ask('/api/v1/login', { method: 'POST', body: { account: 'lin', password } })
    expect(gone.status).toBe(401)
    expect(hours('account', 'list').stdout).toMatch(/lin\tviewer\tgibh\tDISABLED/)
  })

  it('lets a gateway without a certificate in by the password the console made, over TLS', async () => {
    const secret = hours('enrol', '--gateway', 'gw-8', '--password').stdout.trim()
    expect(Buffer.from(secret, 'base64url').length).toBe(32)
    const connect = (password: string) =>
      connectAsync(
        `mqtts://127.0.0.1:${mqttPort}`,
        { clientId: 'gw-8', username: 'gw-8', password, ca, reconnectPeriod: 0 },
        false,
      )
    const client = await connect(secret)
    expect(client.connected).toBe(true)
    client.end(true)
    await expect(connect(`${secret}x`)).rejects.toThrow(/[Bb]ad username or password|[Nn]ot authorized/)
  })

  it('lets a gateway in by its code, renews without a gap, and ends its session when it is shut out', async () => {
    const made = hours('enrol', '--site', 'lab', '--gateway', 'gw-7')
    const [, code = '', pin = ''] = /--code (\S+) --pin (\S+)/.exec(made.stdout) ?? []
    const args = [
      'gateway',
      'enrol',
      '--url',
      page.origin,
      '--code',
      code,
      '--gateway',
      'gw-7',
      '--data',
      device,
    ]
    const stranger = hours(...args, '--pin', '0'.repeat(64))
    expect(stranger.stderr).toContain('not the --pin')
    const enrolled = hours(...args, '--pin', pin)
    expect(enrolled.stderr).toBe('')
    expect(enrolled.stdout).toContain('gateway: "gw-7"')
    expect(statSync(join(device, 'tls.key')).mode & 0o077).toBe(0)
    expect(hours(...args, '--pin', pin).stderr).toContain('401')

    const connect = () =>
      connectAsync(
        `mqtts://127.0.0.1:${mqttPort}`,
        {
          clientId: 'gw-7',
          reconnectPeriod: 0,
          ca,
          key: readFileSync(join(device, 'tls.key')),
          cert: readFileSync(join(device, 'tls.pem')),
        },
        false,
      )
    const first = await connect()
    const oldKey = readFileSync(join(device, 'tls.key'), 'utf8')
    expect(await renewGateway(device, Date.now())).toBe(false)
    expect(await renewGateway(device, Date.now() + 300 * 86_400_000)).toBe(true)
    expect(readFileSync(join(device, 'tls.key'), 'utf8')).not.toBe(oldKey)
    // The session under the old certificate goes on until the gateway itself takes over with the new one.
    expect(first.connected).toBe(true)
    const second = await connect()
    expect(second.connected).toBe(true)
    const closed = new Promise<void>((resolve) => second.once('close', () => resolve()))
    expect(hours('enrol', '--revoke', 'gw-7').status).toBe(0)
    await closed
    await expect(connect()).rejects.toThrow(/[Nn]ot authorized/)
    await expect(renewGateway(device, Date.now(), true)).rejects.toThrow(/401.*revoked/)
    first.end(true)
    second.end(true)
  })
})
