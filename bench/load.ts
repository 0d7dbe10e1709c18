import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { createRandom } from '@hours/firmware-sim'
import { parseBase64url, parseVkey, type ReceiptContext } from '@hours/ledger'
import { nodeCrypto } from '@hours/ledger/node'
import type { GatewayConfig } from '@hours/protocol'
import { createFastClock } from './fast-clock.ts'
import { printFigure, processUsage } from './figure.ts'
import { benchFleet, firstPage } from './fleet.ts'
import { type Action, createLoadGateway, type LoadGateway, loadPageMs } from './load-gateway.ts'
import { attacks, createHostile, type Hostile } from './load-hostile.ts'
import { judgeLoad } from './load-judge.ts'

export interface LoadOptions {
  readonly gateways: number
  readonly perGateway: number
  readonly hostile: number
  /** Pages of each gateway, of 5 simulated minutes. */
  readonly pages: number
  /** Simulated seconds a second. */
  readonly speed: number
  readonly seed: number
}

export interface LoadResult {
  /** What is not as the honest gateways know it, or happened to them; empty when all is well. */
  readonly faults: readonly string[]
  /** Spans that were compared. */
  readonly spans: number
  readonly pages: number
  /** Of them so many were logged more than 20 simulated minutes after their end. */
  readonly late: number
  readonly attacks: ReadonlyMap<string, number>
  /** Real ms from sending a page to its verified receipt, ascending. */
  readonly latencies: readonly number[]
  readonly seconds: number
  readonly rssMb: number
  readonly cpuSeconds: number
  readonly metrics: Readonly<Record<string, number>>
  readonly health: readonly string[]
}

interface LoadSite {
  readonly pid: number
  readonly port: number
  readonly trust: Pick<ReceiptContext, 'logs' | 'service'>
  ask(command: string): Promise<unknown>
}

async function startLoadSite(args: readonly string[]): Promise<LoadSite> {
  const child: ChildProcess = fork(join(import.meta.dirname, 'load-site.ts'), args, {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    execArgv: ['--disable-warning=ExperimentalWarning'],
  })
  const died = once(child, 'exit').then(([code]) => Promise.reject(new Error(`the site ended: ${code}`)))
  died.catch(() => undefined)
  const message = () => Promise.race([once(child, 'message').then(([answer]) => answer as unknown), died])
  const { port, trust } = (await message()) as { port: number; trust: NonNullable<GatewayConfig['trust']> }
  return {
    pid: child.pid ?? 0,
    port,
    trust: {
      logs: trust.logs.flatMap((text) => {
        const key = parseVkey(text, nodeCrypto.sha256)
        return key.ok ? [key.value] : []
      }),
      service: trust.service.map(({ kid, public: text }) => ({
        kid,
        alg: 'Ed25519' as const,
        publicKey: parseBase64url(text) ?? new Uint8Array(),
      })),
    },
    async ask(command) {
      child.send(command)
      return ((await message()) as { value: unknown }).value
    },
  }
}

/** Runs honest gateways at their cadence beside hostile ones, then compares every span with the truth. */
export async function runLoad(options: LoadOptions, say: (line: string) => void): Promise<LoadResult> {
  const { gateways, perGateway, hostile, pages, speed, seed } = options
  const dir = mkdtempSync(join(tmpdir(), 'hours-load-'))
  const random = createRandom(seed)
  const fleet = benchFleet(gateways, perGateway)
  const real = Date.now()
  const args = [dir, gateways, perGateway, firstPage, real, speed].map(String)
  const clock = createFastClock({ start: firstPage, real, speed })
  const site = await startLoadSite(args)
  const honest = fleet
    .slice(hostile)
    .map((one) => createLoadGateway(one, { pages, random, trust: () => site.trust }))
  const enemies = fleet.slice(0, hostile).map((one, i) => {
    const victim = honest[(i * 7) % honest.length]
    if (!victim) throw new Error('no honest gateway')
    const attack = attacks[i % attacks.length] ?? 'garbage'
    const overheard = victim.newest
    return createHostile(one, { attack, victim, overheard, now: () => clock.wall(), random, pauseMs: 200 })
  })
  say(`connecting ${honest.length} gateways ...`)
  for (let at = 0; at < honest.length; at += 50)
    await Promise.all(honest.slice(at, at + 50).map((one) => one.connect(site.port)))
  const attacking = enemies.map((one) => one.run(site.port))
  // Each begins somewhere in its first five minutes, as gateways that were started at any time do.
  const begin = clock.wall() + 10_000
  for (const one of honest) one.begin(begin + Math.floor(random() * loadPageMs))
  const before = processUsage(site.pid)
  const began = performance.now()
  await play(honest, pages, clock, say)
  const seconds = (performance.now() - began) / 1_000
  const after = processUsage(site.pid)
  for (const one of enemies) one.stop()
  await Promise.all(attacking)
  await site.ask('settled')
  const metrics = (await site.ask('metrics')) as Record<string, number>
  const health = (await site.ask('health')) as string[]
  for (const one of honest) one.close()
  await site.ask('stop')
  const { faults, spans, late } = await judgeLoad(dir, honest, enemies, clock)
  rmSync(dir, { recursive: true, force: true })
  return {
    faults,
    spans,
    late,
    pages: honest.length * pages,
    attacks: byAttack(enemies),
    latencies: honest.flatMap((one) => one.latencies).sort((a, b) => a - b),
    seconds,
    rssMb: after.peakMb,
    cpuSeconds: after.cpuSeconds - before.cpuSeconds,
    metrics,
    health,
  }
}

/** Does what the gateways do when it is time, until each page has its receipt. */
async function play(
  honest: readonly LoadGateway[],
  pages: number,
  clock: ReturnType<typeof createFastClock>,
  say: (line: string) => void,
): Promise<void> {
  /** Actions by simulated second, and pages to be planned when they begin. */
  const due = new Map<number, Action[]>()
  const add = (action: Action) => {
    const second = Math.ceil(action.at / 1_000)
    due.set(second, [...(due.get(second) ?? []), action])
  }
  for (const one of honest)
    for (let n = 0; n < pages; n++)
      add({ at: one.from() + n * loadPageMs, run: () => one.plan(n).forEach(add) })
  const end = Math.max(...honest.map((one) => one.from())) + pages * loadPageMs
  for (let second = Math.floor(clock.wall() / 1_000); second <= Math.ceil(end / 1_000); second++) {
    while (clock.wall() < second * 1_000) await pause(2)
    const now = due.get(second) ?? []
    due.delete(second)
    for (const { run } of now) run()
    // What a page's plan has put into this very second.
    for (const { run } of due.get(second) ?? []) run()
    due.delete(second)
    if (second % 300 === 0) say(`${Math.round((end / 1_000 - second) / 60)} simulated minutes to go ...`)
  }
  for (let tries = 0; honest.some((one) => one.waiting() > 0) && tries < 600; tries++) await pause(100)
}

function byAttack(enemies: readonly Hostile[]): Map<string, number> {
  const all = new Map<string, number>()
  for (const { attack, count } of enemies) all.set(attack, (all.get(attack) ?? 0) + count())
  return all
}

export const quantile = (ascending: readonly number[], share: number): number =>
  ascending[Math.min(ascending.length - 1, Math.floor(ascending.length * share))] ?? NaN

/** `npm run bench -- load`: 2,475 gateways (9,900 instruments), 5 % of them hostile, an hour at 6-fold speed. */
export async function benchLoad(): Promise<boolean> {
  const options = { gateways: 2_475, perGateway: 4, hostile: 124, pages: 12, speed: 6, seed: 8 }
  const result = await runLoad(options, (line) => console.log(`# ${line}`))
  const { latencies, metrics } = result
  const told = [...result.attacks].map(([name, count]) => `${name} ${count}`).join(', ')
  console.log(`# attacks: ${told}`)
  console.log(`# site: ${JSON.stringify(metrics)}; health ${JSON.stringify(result.health)}`)
  for (const fault of result.faults.slice(0, 20)) console.log(`FAULT ${fault}`)
  const exact = printFigure(
    'loadFaults',
    result.faults.length,
    `${result.spans} spans of ${(options.gateways - options.hostile) * options.perGateway} instruments compared to the ms, ${result.pages} pages, ${result.late} of them late`,
  )
  const fast = printFigure(
    'loadReceiptP99Ms',
    quantile(latencies, 0.99),
    `median ${Math.round(quantile(latencies, 0.5))}, worst ${Math.round(latencies.at(-1) ?? 0)}`,
  )
  const small = printFigure('loadRssMb', result.rssMb)
  const cpu = result.cpuSeconds / result.seconds
  printFigure(
    'loadCpuShare',
    cpu,
    `cores, at ${options.speed}-fold speed over ${result.seconds.toFixed(0)} s`,
  )
  return exact && fast && small
}
