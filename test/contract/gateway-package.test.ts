import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Broker, createBroker } from '@hours/broker'
import { createDevicePublisher, createPlugBroker } from '@hours/firmware-sim'
import { createIngest, type RunningIngest } from '@hours/ingest'
import { instrumentKey, type InstrumentId, type SiteId, systemClock } from '@hours/protocol'
import { pino } from 'pino'
import { afterAll, beforeAll, expect, it, vi } from 'vitest'
import { packGateway } from '../../cli/gateway-package/pack-gateway.ts'

const root = join(import.meta.dirname, '..', '..')
const platform = `linux-${process.arch}` as 'linux-x64'
const folder = mkdtempSync(join(tmpdir(), 'gateway-package-'))
const home = join(folder, 'empty')
/** Unpacked, as docs/operating.md says; in `npm run long` npm installs it, which takes 20 s of a core. */
const byNpm = process.env['HOURS_LONG'] === '1'
const installed = byNpm ? join(home, 'node_modules', 'instrument-hours-gateway') : join(home, 'gateway')
const program = byNpm ? join(home, 'node_modules', '.bin', 'hours-gateway') : join(installed, 'hours-gateway')
const from = Date.now() - 60_000
const site = 'lab' as SiteId
const log = pino({ level: 'silent' })

let ingest: RunningIngest
let broker: Broker
let plugs: Awaited<ReturnType<typeof createPlugBroker>>
let running: ChildProcess | undefined

beforeAll(async () => {
  const { file } = await packGateway(root, { out: folder, platform, level: 1 })
  install(file)
  ingest = await createIngest({
    ...{ dataDir: join(folder, 'site'), clock: systemClock, log, logName: 'demo.test', simulated: true },
  })
  ingest.setGatewayPassword('gw-1', 'secret')
  const listen = { host: '127.0.0.1', port: 0, allowPlain: true } as const
  broker = await createBroker({ commit: ingest.commit, directory: ingest.directory, log, listen })
  ingest.attach(broker.publish)
  plugs = await createPlugBroker()
}, 300_000)
afterAll(async () => {
  running?.kill('SIGKILL')
  await plugs.close()
  await broker.close()
  await ingest.close()
  rmSync(folder, { recursive: true, force: true })
})

function install(file: string): void {
  mkdirSync(join(home, 'gateway'), { recursive: true })
  if (!byNpm) {
    execFileSync('tar', ['-xzf', file, '--strip-components=1', '-C', join(home, 'gateway')])
    return
  }
  // No cache and no registry: what is not in the file is not there.
  const env = { ...process.env, npm_config_cache: join(folder, 'cache') }
  const npm = ['install', '--offline', '--ignore-scripts', '--no-audit', '--no-fund', file]
  execFileSync('npm', npm, { cwd: home, env, stdio: ['ignore', 'ignore', 'inherit'] })
}

const thresholds = { onStartMw: 5_000, onStopMw: 3_000, runStartMw: 400_000, runStopMw: 300_000 }
const nowhere = 'http://127.0.0.1:9'
/** One source of each kind whose library is loaded only when it is configured; nobody is there to answer them. */
const others = [
  { kind: 'modbus-tcp', host: '127.0.0.1', port: 9, meter: 'sdm120' },
  { kind: 'modbus-rtu', path: '/dev/no-such-line', meter: 'pzem' },
  { kind: 'opcua', endpoint: 'opc.tcp://127.0.0.1:9', stateNode: 'ns=1;i=1' },
  { kind: 'sparkplug', group: 'lab', node: 'edge', device: 'sem' },
  { kind: 'mtconnect', url: nowhere },
]
const config = () => ({
  ...{ site, gateway: 'gw-1', clock: 'sim', data: 'data', heartbeatMs: 1_000 },
  broker: { url: `mqtt://127.0.0.1:${broker.port}`, password: 'secret' },
  local: { url: plugs.url },
  instruments: [
    { id: 'sem-01', source: { kind: 'tasmota', topic: 'pow1' }, thresholds, dwellMs: 0 },
    ...others.map((source, i) => ({ id: `other-${i}`, source, thresholds })),
  ],
})

/** Starts the installed program and resolves with what it says first. */
async function start(): Promise<string> {
  running = spawn(program, ['--config', 'gateway.yaml'], {
    cwd: home,
    env: { PATH: '/usr/bin:/bin', HOURS_LOG: 'silent' },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let said = ''
  running.stdout?.setEncoding('utf8').on('data', (text: string) => (said += text))
  await vi.waitFor(() => expect(said).toContain('Ctrl-C ends'), { timeout: 30_000 })
  return said
}

async function stop(): Promise<void> {
  const child = running
  if (!child) return
  child.kill('SIGTERM')
  expect((await once(child, 'exit'))[0]).toBe(0)
}

it('is one file of plain JavaScript on the runtime of the lockfile, with every import inside it', () => {
  const files = readdirSync(installed, { recursive: true, encoding: 'utf8' })
  expect(files.filter((path) => /\.(ts|map)$/.test(path))).toEqual([])
  expect(files.filter((path) => path.endsWith('.test.js') && !path.startsWith('node_modules'))).toEqual([])
  const lock = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')) as {
    packages: Record<string, { version: string }>
  }
  const version = execFileSync(join(installed, 'runtime', 'node'), ['--version'], { encoding: 'utf8' })
  expect(version.trim()).toBe(`v${lock.packages[`node_modules/node-${platform}`]!.version}`)
  const request =
    "import('./cli/certificate-request.js').then((m) => m.newCertificateRequest('gw-1')).then((r) => console.log(r.csr))"
  const made = execFileSync(join(installed, 'runtime', 'node'), ['-e', request], {
    ...{ cwd: installed, encoding: 'utf8' },
  })
  expect(made).toContain('BEGIN CERTIFICATE REQUEST')
})

it('started in an empty folder, its pages reach a real ingest, and each kind of source can be loaded', {
  timeout: 120_000,
}, async () => {
  writeFileSync(join(home, 'gateway.yaml'), JSON.stringify(config()))
  const said = await start()
  await ingest.recordAll(records(/page key gw-1#1 (\S+)/.exec(said)?.[1] ?? ''))
  const plug = await createDevicePublisher(plugs.url)
  const status = () => ingest.live.gateway(site, 'gw-1' as never).status
  await vi.waitFor(
    async () => {
      await plug.publish([{ topic: 'tele/pow1/SENSOR', payload: '{"ENERGY":{"Power":812.5}}', at: 0 }])
      expect(status()?.instruments?.['sem-01' as InstrumentId]?.[0]).toBe('run')
      expect(status()?.alarms).toContain('source_offline:other-2')
    },
    { timeout: 60_000, interval: 200 },
  )
  expect(status()?.alarms?.filter((alarm) => alarm.startsWith('source_failed'))).toEqual([])
  await plug.close()
  // A clean stop seals the open page; what is not sent yet is sent by the next start.
  await stop()
  await start()
  await vi.waitFor(() => expect(ingest.metrics()['pages']).toBeGreaterThan(0), { timeout: 30_000 })
  await ingest.settled()
  const key = instrumentKey(site, 'sem-01' as InstrumentId)
  expect(ingest.index.spans(key, from, Date.now()).map(({ state }) => state)).toContain('run')
  await stop()
})

/** What admits the gateway: its page key, an epoch, its instruments. */
function records(publicKey: string) {
  const unit = { id: 'unit', parent: null, kind: 'entity', names: {}, zone: 'Asia/Shanghai', from }
  const key = { holder: 'gw-1', n: 1, alg: 'Ed25519', public: publicKey, from }
  return [
    { kind: 'organisation', stream: 'installation', body: unit },
    { kind: 'key', stream: 'installation', body: key },
    { kind: 'epoch', stream: 'installation', body: { gateway: 'gw-1', epoch: 0, reason: 'first' } },
    ...config().instruments.map(({ id }) => ({
      ...{ kind: 'enrolment', stream: site },
      body: { instrument: id, gateway: 'gw-1', unit: 'unit', from, names: {} },
    })),
  ] as never
}
