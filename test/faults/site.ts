import type { GatewayConfig, Millis } from '@hours/protocol'
import { type Child, startChild } from './child.ts'
import type { Machine } from './gateway.child.ts'
import type { Losses } from './judge.ts'
import type { Proxy } from './proxy.ts'
import type { Schedule } from './schedule.ts'

/** What the server's process says when it is ready. */
export interface ServerReady {
  readonly port: number
  readonly trust: NonNullable<GatewayConfig['trust']>
  readonly vkey: string
}

/** Broker and ingest: a process that can be killed and started again on the same folder. */
export interface ServerSite {
  readonly up: boolean
  start(at: Millis): Promise<ServerReady>
  kill(): Promise<void>
  /** Moves its clock on, and says how it is; nothing while it is down. */
  to(at: Millis): Promise<unknown>
  disk(bytes: number | undefined): void
  /** Ends it cleanly and returns what was refused. */
  stop(): Promise<string[]>
  /** Processes that ended although nobody killed them. */
  readonly crashes: string[]
}

export function createServerSite(folder: string, schedule: Schedule): ServerSite {
  let child: Child | undefined
  const crashes: string[] = []
  const { seed, gateways, perGateway, start: enrolFrom } = schedule
  return {
    crashes,
    get up() {
      return child !== undefined
    },
    start(at) {
      child = startChild('server.child.ts', [
        folder,
        ...[seed, gateways, perGateway, enrolFrom, at].map(String),
      ])
      return child.ask<ServerReady>('ready')
    },
    async kill() {
      const ending = child
      child = undefined
      const crash = ending?.crashed()
      if (crash !== undefined) crashes.push(crash)
      await ending?.kill()
    },
    async to(at) {
      const asked = child
      return asked?.ask('to', { at }).catch((error: unknown) => {
        if (asked === child) throw error
      })
    },
    disk: (bytes) => child?.limitFiles(bytes),
    async stop() {
      const refused = (await child?.ask<string[]>('stop')) ?? []
      await child?.ended()
      child = undefined
      return refused
    },
  }
}

/** One gateway's machine over the whole schedule, and what its faults may have cost. */
export interface GatewaySite {
  readonly id: string
  readonly proxy: Proxy
  readonly losses: { windows: { from: Millis; to: Millis }[]; breaks: Millis[] } & Losses
  start(at: Millis): Promise<void>
  kill(): Promise<void>
  /** A new boot: monotonic time begins anew. */
  reboot(at: Millis): void
  /** The wall clock is off by `by` more from now on, true time `at`; `wrong` = nobody vouches for it. */
  stepClock(at: Millis, by: Millis, wrong: boolean): Promise<void>
  play(messages: readonly (readonly [Millis, string, string])[], to: Millis): Promise<number>
  disk(at: Millis, bytes: number | undefined): void
  ask<T>(command: string): Promise<T>
  stop(): Promise<void>
}

/** After a wrong clock is right again: the next question to it, and a turn or two. */
const settleMs = 90_000

export function createGatewaySite(
  id: string,
  options: {
    readonly folder: string
    readonly schedule: Schedule
    readonly proxy: Proxy
    readonly trust: () => GatewayConfig['trust']
  },
): GatewaySite {
  const { folder, schedule, proxy } = options
  const { seed, gateways, perGateway } = schedule
  let child: Child | undefined
  let bootedAt = schedule.start - 60_000
  let offset = 0
  let wrong = 0
  let wrongFrom = 0
  /** The clock was stepped while the process was down. */
  let steppedDown = false
  /** True time before which all readings are on disk, and the time of the kill that ended the process. */
  let safe = schedule.start
  const full: { from: Millis; to: Millis }[] = []
  const losses = { windows: [] as { from: Millis; to: Millis }[], breaks: [] as Millis[] }

  function onLine(line: string): void {
    const at = Number(line)
    if (!full.some(({ from, to }) => at >= from && at <= to + 30_000)) safe = Math.max(safe, at)
  }

  return {
    id,
    proxy,
    losses,
    async start(at) {
      const machine: Machine = {
        folder,
        seed,
        gateways,
        perGateway,
        gateway: id,
        at,
        offset,
        bootedAt,
        bootId: `boot-${bootedAt}`,
        synced: wrong === 0,
        port: proxy.port,
        trust: options.trust(),
      }
      // A step behind its back shows at the start, and nothing tells whether the last synchronisation was before or after.
      const settled = steppedDown ? at + settleMs : at
      steppedDown = false
      if (at > schedule.start) losses.windows.push({ from: safe, to: settled })
      child = startChild('gateway.child.ts', [JSON.stringify(machine)], onLine)
      await child.ask('pending')
    },
    async kill() {
      const ending = child
      child = undefined
      const crash = ending?.crashed()
      if (crash !== undefined) throw new Error(crash)
      await ending?.kill()
    },
    reboot(at) {
      bootedAt = at
      losses.breaks.push(at)
    },
    async stepClock(at, by, isWrong) {
      offset += by
      wrong += isWrong ? 1 : -1
      losses.breaks.push(at)
      if (isWrong && wrong === 1) wrongFrom = at
      if (wrong === 0) losses.windows.push({ from: wrongFrom, to: at + settleMs })
      steppedDown ||= child === undefined
      await child?.ask('clock', { by, good: wrong === 0 })
    },
    async play(messages, to) {
      const asked = child
      if (!asked) return 0
      return asked.ask<number>('play', { messages, to }).catch((error: unknown) => {
        if (asked === child) throw error
        return 0
      })
    },
    disk(at, bytes) {
      if (bytes === undefined) {
        const open = full.at(-1)
        if (open) open.to = at
      } else full.push({ from: at, to: Infinity })
      child?.limitFiles(bytes)
    },
    ask: <T>(command: string) => child?.ask<T>(command) ?? Promise.reject(new Error(`${id} is down`)),
    async stop() {
      await child?.ask('stop')
      await child?.ended()
      child = undefined
    },
  }
}
