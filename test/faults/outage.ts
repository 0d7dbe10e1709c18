import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { createDevice, gridFleet } from '@hours/firmware-sim'
import { DAY, HOUR, MINUTE } from '@hours/protocol'
import { startChild } from './child.ts'
import { maxGapMs, sampleMs } from './fleet.ts'
import { judgeSite, type Outcome } from './judge-site.ts'
import { createProxy } from './proxy.ts'
import type { ManyGateways } from './gateways.child.ts'
import { createServerSite } from './site.ts'

export interface OutageOutcome extends Outcome {
  /** Pages that waited when ingest came back. */
  readonly waiting: number
  /** Wall time until the last of them had its receipt. */
  readonly drainSeconds: number
  /** RSS at its highest, MB: of the gateway that has a process of its own, as every real one has, and of the server. */
  readonly gatewayMb: number
  readonly serverMb: number
  /** What a gateway of those that share a process takes more at its highest than an hour after the start, MB. */
  readonly growthMb: number
}

const mb = 1_048_576
/**
 * What the gateway with a process of its own may take, MB of RSS: the 110 of every gateway (bench/targets.json), and 40
 * for the simulated plugs that play a day in half a minute beside it, and the compiler where nothing is cached.
 */
export const gatewayBoundMb = 150
/** What each may grow by from its first hour on, MB (bench/targets.json, `gatewayGrowthMb`). */
export const growthBoundMb = 5
/** As `run.mjs` starts a gateway. */
const gatewayFlags = ['--max-semi-space-size=1', '--optimize-for-size']

/**
 * A day without ingest: every gateway fills its spool, then all come back at once. One gateway has a
 * process of its own, the others share `processes`, each with a spool of its own on disk; server and judge are those of the fault schedules.
 */
export async function playOutage(
  folder: string,
  { gateways, perGateway, processes }: { gateways: number; perGateway: number; processes: number },
): Promise<OutageOutcome> {
  const start = Date.UTC(2026, 2, 2)
  const end = start + DAY
  const schedule = { seed: 7, start, end, gateways, perGateway, faults: [] }
  const proxy = await createProxy(Math.random, (bytes) =>
    createHash('sha256').update(bytes).digest('base64url'),
  )
  const server = createServerSite(folder, schedule)
  const ready = await server.start(start)
  await server.kill()
  const size = Math.ceil((gateways - 1) / processes)
  const shares = Array.from({ length: processes }, (_, i) => 1 + i * size)
  const childOf = (first: number, last: number) => {
    const many: ManyGateways = {
      ...{ folder, seed: 7, gateways, perGateway, at: start, port: proxy.port, trust: ready.trust },
      ...{ first, last },
    }
    return startChild('gateways.child.ts', [JSON.stringify(many)], undefined, gatewayFlags)
  }
  const children = [childOf(0, 1), ...shares.map((first) => childOf(first, Math.min(gateways, first + size)))]
  const memory = createMemory(size)
  const measure = async () => memory.take((await all<number>('memory')).map((bytes) => bytes / mb))
  const all = async <T>(command: string, body?: object) =>
    Promise.all(children.map((child) => child.ask<T>(command, body)))
  const sum = (list: readonly number[]) => list.reduce((a, b) => a + b, 0)
  try {
    // An hour at a time, so that no process runs ahead of the others for long.
    const last = end + 20 * MINUTE
    let waiting = 0
    for (let to = start + HOUR; to < last + HOUR; to += HOUR) {
      waiting = sum(await all<number>('play', { to: Math.min(to, last) }))
      await measure()
    }
    const again = await server.start(last)
    proxy.target = again.port
    const began = performance.now()
    let [serverMb, at] = [0, last]
    for (let left = waiting; left > 0; ) {
      at += 1_000
      const told = (await server.to(at)) as { memory?: number } | undefined
      serverMb = Math.max(serverMb, (told?.memory ?? 0) / mb)
      left = sum(await all<number>('play', { to: at }))
      await measure()
      if (performance.now() - began > 20 * MINUTE)
        throw new Error(`${left} pages still wait after 20 minutes`)
      await pause(200)
    }
    const drainSeconds = (performance.now() - began) / 1_000
    await all('stop')
    const refused = await server.stop()
    const fleet = gridFleet(schedule)
    const devices = fleet.instruments.map((one) => {
      const device = createDevice(one, { sampleMs, silence: 0.02, keepTruth: true })
      device.messages(start, last)
      return device
    })
    const ids = [...new Set<string>(fleet.instruments.map(({ gateway }) => gateway))]
    const outcome = await judgeSite({
      ...{ schedule, devices, maxGapMs, vkey: ready.vkey, refused },
      folder: join(folder, 'server'),
      gateways: ids.map((id) => ({ id, proxy, losses: { windows: [], breaks: [] } })),
    })
    return { ...outcome, waiting, drainSeconds, serverMb, ...memory.highest() }
  } finally {
    await Promise.allSettled([server.kill(), ...children.map((child) => child.kill())])
    await proxy.close()
  }
}

/** Highest of what processes take: the first has one gateway, the others `size` each. MB. */
function createMemory(size: number) {
  let first: readonly number[] | undefined
  let gatewayMb = 0
  let growthMb = 0
  return {
    take(now: readonly number[]): void {
      const before = (first ??= now)
      gatewayMb = Math.max(gatewayMb, now[0] ?? 0)
      const grown = now.map((own, i) => (own - (before[i] ?? own)) / size)
      growthMb = Math.max(growthMb, ...grown.slice(1))
    },
    highest: () => ({ gatewayMb, growthMb }),
  }
}
