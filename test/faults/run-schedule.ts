import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { createDevice, createRandom, type Device, type Fleet, gridFleet } from '@hours/firmware-sim'
import { MINUTE } from '@hours/protocol'
import { maxGapMs, sampleMs } from './fleet.ts'
import { judgeSite, type Outcome } from './judge-site.ts'
import { createProxy } from './proxy.ts'
import type { Fault, Schedule } from './schedule.ts'
import { createGatewaySite, createServerSite, type GatewaySite, type ServerReady } from './site.ts'

/** One thing that happens at a moment; `during` = while the readings before it are still on their way. */
interface Action {
  readonly at: number
  readonly during: boolean
  run(): Promise<void>
}

const gridMs = 10 * MINUTE
const drainLimitMs = 90_000

/** Plays one schedule with real processes in `folder` and judges what the log says in the end. */
export async function runSchedule(schedule: Schedule, folder: string): Promise<Outcome> {
  const random = createRandom(schedule.seed + 99)
  const fleet: Fleet = gridFleet(schedule)
  const devices = fleet.instruments.map((one) =>
    createDevice(one, { sampleMs, silence: 0.02, keepTruth: true }),
  )
  const ids = [...new Set(fleet.instruments.map((one) => one.gateway))]
  const proxies = await Promise.all(ids.map(() => createProxy(random, digestOf)))
  const server = createServerSite(folder, schedule)
  let ready: ServerReady | undefined
  const gateways = ids.map((id, i) =>
    createGatewaySite(id, { folder, schedule, proxy: proxies[i]!, trust: () => ready?.trust }),
  )

  async function startServer(at: number): Promise<void> {
    ready = await server.start(at)
    for (const proxy of proxies) proxy.target = ready.port
  }
  async function killServer(): Promise<void> {
    for (const proxy of proxies) proxy.target = undefined
    await server.kill()
  }

  const actions = schedule.faults
    .flatMap((fault) => actionsOf(fault, gateways[fault.gateway]!))
    .sort((a, b) => a.at - b.at)

  /** Faults of one kind may overlap: what is up is taken down once, and comes back when the last of them is over. */
  const held = new Map<string, number>()
  const hold = (name: string): boolean => {
    held.set(name, (held.get(name) ?? 0) + 1)
    return held.get(name) === 1
  }
  const release = (name: string): boolean => {
    held.set(name, (held.get(name) ?? 0) - 1)
    return held.get(name) === 0
  }

  function actionsOf(fault: Fault, gateway: GatewaySite): Action[] {
    const { kind, at, forMs, amount } = fault
    const end = at + forMs
    const { proxy } = gateway
    const name = `${kind.startsWith('server') ? 'server' : gateway.id} ${kind.endsWith('disk') ? 'disk' : kind}`
    const act = (when: number, run: () => Promise<void> | void, during = false): Action => ({
      at: when,
      during,
      run: async () => {
        await run()
      },
    })
    const whileHeld = (begin: () => Promise<void> | void, over: () => Promise<void> | void) => [
      act(at, () => (hold(name) ? begin() : undefined)),
      act(end, () => (release(name) ? over() : undefined)),
    ]
    switch (kind) {
      case 'gateway-kill':
      case 'gateway-reboot': {
        const down = `${gateway.id} down`
        const boots = kind === 'gateway-reboot'
        const back = boots ? Math.floor(at + forMs / 2) : end
        return [
          act(at, () => (hold(down) ? gateway.kill() : undefined), true),
          act(back, async () => {
            if (boots) {
              // A machine without a clock of its own comes up at some other time, until somebody tells it.
              await gateway.stepClock(back, amount, true)
              gateway.reboot(back)
            }
            if (release(down)) await gateway.start(back)
          }),
          ...(boots ? [act(end, () => gateway.stepClock(end, -amount, false))] : []),
        ]
      }
      case 'server-kill':
        return [
          act(at, () => (hold(name) ? killServer() : undefined), true),
          act(end, () => (release(name) ? startServer(end) : undefined)),
        ]
      case 'gateway-disk':
        return whileHeld(
          () => gateway.disk(at, amount),
          () => gateway.disk(end, undefined),
        )
      case 'server-disk':
        return whileHeld(
          () => server.disk(amount),
          () => server.disk(undefined),
        )
      case 'cut':
        return whileHeld(
          () => {
            proxy.weather.cut = true
            proxy.drop()
          },
          () => void (proxy.weather.cut = false),
        )
      case 'slow':
        return whileHeld(
          () => void Object.assign(proxy.weather, { delayMs: 15, bytesPerSecond: amount }),
          () => void Object.assign(proxy.weather, { delayMs: 0, bytesPerSecond: Infinity }),
        )
      case 'echo':
        return whileHeld(
          () => void (proxy.weather.echo = 0.1),
          () => void (proxy.weather.echo = 0),
        )
      case 'clock-step':
        return [
          act(at, () => gateway.stepClock(at, amount, true)),
          act(end, () => gateway.stepClock(end, -amount, false)),
        ]
      case 'storm':
        return Array.from({ length: amount }, (_, i) =>
          act(at + Math.floor((forMs * i) / amount), () => {
            for (const one of proxies) one.drop()
          }),
        )
    }
  }

  async function play(from: number, to: number, during: readonly Action[]): Promise<number> {
    // Ingest is told first: a page from its future would be refused, and rightly.
    if (during.length === 0) await server.to(to)
    else server.to(to).catch(() => undefined)
    const playing = gateways.map((gateway) => gateway.play(readings(devices, gateway.id, from, to), to))
    if (during.length > 0) {
      await pause(Math.floor(random() * 12))
      for (const action of during) await action.run()
    }
    const pending = await Promise.all(playing)
    // The network takes real time; simulated time must not run away from it altogether.
    const most = Math.max(...pending)
    await pause(Math.min(20, 2 + most))
    return most
  }

  /** Some plugs say everything twice. */
  function readings(all: readonly Device[], gateway: string, from: number, to: number) {
    const messages = all
      .filter((device) => device.instrument.gateway === gateway)
      .flatMap((device) => device.messages(from, to))
      .flatMap(({ at, topic, payload }) => {
        const message = [at, topic, payload] as const
        return random() < 0.05 ? [message, message] : [message]
      })
    return messages.sort((a, b) => a[0] - b[0])
  }

  /** Everything is well again: all that waits has to arrive. */
  async function drain(from: number): Promise<void> {
    const limit = performance.now() + drainLimitMs
    for (let at = from; ; at += 1_000) {
      const pending = await play(at, at + 1_000, [])
      if (pending === 0) return
      if (performance.now() > limit)
        throw new Error(`${pending} pages have no receipt after ${drainLimitMs} ms: ${await told(at)}`)
    }
  }

  /** How everybody is, for the message of a schedule that does not end. */
  async function told(at: number): Promise<string> {
    const all = [server.to(at), ...gateways.map((one) => one.ask('status'))]
    return JSON.stringify(await Promise.all(all.map((one) => one.catch(String))))
  }

  try {
    await startServer(schedule.start)
    for (const gateway of gateways) await gateway.start(schedule.start)
    const last = schedule.end + 40 * MINUTE
    const grid = Array.from(
      { length: Math.ceil((last - schedule.start) / gridMs) },
      (_, i) => schedule.start + i * gridMs,
    )
    const moments = [...new Set([...grid, ...actions.map(({ at }) => at), last])].sort((a, b) => a - b)
    for (const [i, from] of moments.entries()) {
      for (const action of actions) if (action.at === from && !action.during) await action.run()
      const to = moments[i + 1]
      if (to === undefined) break
      const during = actions.filter((action) => action.at === to && action.during)
      await play(from, to, during)
    }
    await drain(last)
    const refused = (await Promise.all(gateways.map((one) => one.ask<string[]>('refused')))).flat()
    for (const gateway of gateways) await gateway.stop()
    refused.push(...(await server.stop()))
    return await judgeSite({
      schedule,
      folder: join(folder, 'server'),
      devices,
      gateways,
      maxGapMs,
      vkey: ready?.vkey ?? '',
      refused,
    })
  } finally {
    await Promise.allSettled([server.kill(), ...gateways.map((one) => one.kill())])
    await Promise.allSettled(proxies.map((proxy) => proxy.close()))
  }
}

const digestOf = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('base64url')
