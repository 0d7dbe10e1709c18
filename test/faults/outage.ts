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
  /** The highest that was seen: of the process with the most gateways, and of the server. */
  readonly gatewaysMb: number
  readonly serverMb: number
}

const mb = 1_048_576

/**
 * A day without ingest: every gateway fills its spool, then all come back at once. The gateways share `processes`
 * processes, each with a spool of its own on disk; server and judge are those of the fault schedules.
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
  const size = Math.ceil(gateways / processes)
  const children = Array.from({ length: processes }, (_, i) => {
    const many: ManyGateways = {
      ...{ folder, seed: 7, gateways, perGateway, at: start, port: proxy.port, trust: ready.trust },
      ...{ first: i * size, last: Math.min(gateways, (i + 1) * size) },
    }
    return startChild('gateways.child.ts', [JSON.stringify(many)])
  })
  const all = async <T>(command: string, body?: object) =>
    Promise.all(children.map((child) => child.ask<T>(command, body)))
  const sum = (list: readonly number[]) => list.reduce((a, b) => a + b, 0)
  try {
    // An hour at a time, so that no process runs ahead of the others for long.
    const last = end + 20 * MINUTE
    let waiting = 0
    for (let to = start + HOUR; to < last + HOUR; to += HOUR)
      waiting = sum(await all<number>('play', { to: Math.min(to, last) }))
    const again = await server.start(last)
    proxy.target = again.port
    const began = performance.now()
    let [gatewaysMb, serverMb, at] = [0, 0, last]
    for (let left = waiting; left > 0; ) {
      at += 1_000
      const told = (await server.to(at)) as { memory?: number } | undefined
      serverMb = Math.max(serverMb, (told?.memory ?? 0) / mb)
      left = sum(await all<number>('play', { to: at }))
      gatewaysMb = Math.max(gatewaysMb, ...(await all<number>('memory')).map((bytes) => bytes / mb))
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
    return { ...outcome, waiting, drainSeconds, gatewaysMb, serverMb }
  } finally {
    await Promise.allSettled([server.kill(), ...children.map((child) => child.kill())])
    await proxy.close()
  }
}
