import { execFileSync, spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setImmediate as turn, setTimeout as pause } from 'node:timers/promises'
import { createDevicePublisher, createPlugBroker } from '@hours/firmware-sim'
import { createGateway, openPageKey, openSpool, parseGatewayConfig, simSync } from '@hours/gateway'
import { createManualClock, DAY, HOUR, SECOND } from '@hours/protocol'
import { pino } from 'pino'
import { packGateway } from '../cli/gateway-package/pack-gateway.ts'
import { platforms } from '../cli/gateway-package/runtime.ts'
import { printFigure, printMachine, processUsage } from './figure.ts'

/**
 * What a gateway with 16 instruments at 1 Hz needs: 24 simulated hours through source port, detector, pages and spool
 * (growth, CPU, bytes written), then the real process behind a real local broker, from the sources and packed. Run: node bench/gateway.ts [seconds]
 */
const plugs = Array.from({ length: 16 }, (_, i) => `pow${i + 1}`)

/** JSON is YAML. */
const yaml = (data: string, local: string) =>
  JSON.stringify({
    site: 'bench',
    gateway: 'gw-1',
    broker: { url: 'mqtt://127.0.0.1:1' },
    local: { url: local },
    data,
    clock: 'sim',
    instruments: plugs.map((topic, i) => ({
      id: `instrument-${i + 1}`,
      source: { kind: 'tasmota', topic },
      thresholds: { onStartMw: 5_000, onStopMw: 3_000, runStartMw: 400_000, runStopMw: 300_000 },
      maxGapMs: 30_000,
    })),
  })

/** Some hours of run, some of standby, with noise, as a real plug prints them. */
const watts = (plug: number, second: number): number =>
  (Math.floor(second / 5_400 + plug / 3) % 3 === 0 ? 900 : 60) +
  ((second * 7_919 + plug * 104_729) % 101) / 10

const message = (plug: number, second: number): string =>
  `{"Time":"2026-01-05T00:00:00Z","ENERGY":{"Total":${(1_000 + second / 9_000).toFixed(3)},"Power":${watts(plug, second).toFixed(1)},"Voltage":229,"Current":1.2}}`.replace(
    /"Time":"[^"]*",/,
    '',
  )

const writtenMb = () => {
  const io = readFileSync('/proc/self/io', 'utf8')
  return Number(/write_bytes: (\d+)/.exec(io)?.[1] ?? 0) / 1e6
}

/** One day in this process. */
async function simulatedDay(dir: string): Promise<void> {
  const start = Date.UTC(2026, 0, 5)
  const clock = createManualClock(start, start - DAY)
  const config = parseGatewayConfig(yaml(dir, 'mqtt://127.0.0.1:2'))
  const spool = openSpool(join(dir, 'spool.sqlite'), config.spool, () => clock.wall())
  const gateway = createGateway({
    config,
    clock,
    sync: simSync(clock),
    log: pino({ level: 'silent' }),
    signer: openPageKey(dir, 'gw-1'),
    spool,
    connect: () => Promise.reject(new Error('no broker in this part')),
    bootId: 'bench',
  })
  gateway.start()
  const rss: number[] = []
  const [cpu, written] = [process.cpuUsage(), writtenMb()]
  for (let second = 0; second < DAY / SECOND; second++) {
    for (const [i, topic] of plugs.entries())
      gateway.handleLocal(`tele/${topic}/SENSOR`, Buffer.from(message(i, second)), clock.wall())
    clock.advanceTo(clock.wall() + SECOND)
    if (second % 60 === 0) await turn()
    if (second % (HOUR / SECOND) === 0) {
      globalThis.gc?.()
      rss.push(processUsage(process.pid).rssMb)
    }
  }
  const used = process.cpuUsage(cpu)
  const seconds = (used.user + used.system) / 1e6
  const [early, late] = [rss.slice(6, 10), rss.slice(-4)].map(
    (part) => part.reduce((a, b) => a + b, 0) / part.length,
  )
  printFigure(
    'gatewayGrowthMb',
    (late ?? 0) - (early ?? 0),
    `hours 20-23 against 6-9, RSS ${late?.toFixed(0) ?? ''} MB`,
  )
  printFigure(
    'gatewayDayCpuShare',
    seconds / (DAY / SECOND),
    `of a core; ${seconds.toFixed(1)} s for the day`,
  )
  printFigure(
    'gatewayDayWrittenMb',
    writtenMb() - written,
    `MB to disk; ${gateway.pending()} pages in the spool`,
  )
  await gateway.stop()
  spool.close()
}

/** A way to start `hours gateway`, and what its figures are called. */
interface Program {
  readonly command: string
  readonly args: readonly string[]
  readonly figures: { readonly rss: string; readonly cpu: string }
}

const root = join(import.meta.dirname, '..')

const sources: Program = {
  command: process.execPath,
  args: ['--max-semi-space-size=1', '--optimize-for-size', 'hours.ts', 'gateway'],
  figures: { rss: 'gatewayRssMb', cpu: 'gatewayCpuShare' },
}

/** The installable gateway, packed and unpacked as for a machine of its own. */
async function packed(dir: string): Promise<Program> {
  const platform = platforms.find((one) => one === `${process.platform}-${process.arch}`) ?? 'linux-x64'
  const { file } = await packGateway(root, { out: dir, platform, level: 1 })
  execFileSync('tar', ['-xzf', file, '-C', dir])
  const figures = { rss: 'packedGatewayRssMb', cpu: 'packedGatewayCpuShare' }
  return { command: join(dir, 'package', 'hours-gateway'), args: [], figures }
}

/** The real process, read from a real broker, for some seconds. */
async function realProcess(dir: string, seconds: number, program: Program): Promise<void> {
  const broker = await createPlugBroker()
  const publisher = await createDevicePublisher(broker.url)
  writeFileSync(join(dir, 'gateway.yaml'), yaml(join(dir, 'real'), broker.url))
  // Types are stripped once and then come from Node's compile cache, as after any second start.
  const env = { ...process.env, HOURS_LOG: 'silent', NODE_COMPILE_CACHE: join(dir, 'cache') }
  const start = async () => {
    const args = [...program.args, '--config', join(dir, 'gateway.yaml')]
    const started = spawn(program.command, args, { cwd: root, env, stdio: ['ignore', 'pipe', 'inherit'] })
    await new Promise((resolve) => started.stdout.once('data', resolve))
    return started
  }
  const first = await start()
  first.kill('SIGTERM')
  await new Promise((resolve) => first.once('exit', resolve))
  const child = await start()
  const pid = child.pid ?? 0
  let before = processUsage(pid)
  for (let second = 0; second < seconds + 10; second++) {
    // The first ten seconds are start-up, which a gateway has once.
    if (second === 10) before = processUsage(pid)
    const messages = plugs.map((topic, i) => ({
      topic: `tele/${topic}/SENSOR`,
      payload: message(i, second),
      at: 0,
    }))
    await Promise.all([publisher.publish(messages), pause(1_000)])
  }
  const after = processUsage(pid)
  printFigure(
    program.figures.rss,
    after.rssMb,
    `peak ${after.peakMb.toFixed(0)} MB; second start (compile cache), --max-semi-space-size=1`,
  )
  printFigure(program.figures.cpu, (after.cpuSeconds - before.cpuSeconds) / seconds, `over ${seconds} s`)
  child.kill('SIGTERM')
  await new Promise((resolve) => child.once('exit', resolve))
  await publisher.close()
  await broker.close()
}

/** The day in a process of its own, so that nothing else grows in it. */
async function dayProcess(): Promise<void> {
  const flags = ['--expose-gc', '--max-semi-space-size=1', import.meta.filename, 'day']
  const child = spawn(process.execPath, flags, { stdio: 'inherit' })
  await new Promise((resolve) => child.once('exit', resolve))
}

const dir = mkdtempSync(join(tmpdir(), 'bench-gateway-'))
const [, , what = '60'] = process.argv
try {
  if (what === 'day') await simulatedDay(dir)
  else {
    printMachine('node bench/gateway.ts')
    await realProcess(dir, Number(what), sources)
    await realProcess(dir, Number(what), await packed(dir))
    await dayProcess()
  }
} finally {
  rmSync(dir, { recursive: true, force: true })
}
