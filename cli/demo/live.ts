import { createDevicePublisher, createPlugBroker, type Device } from '@hours/firmware-sim'
import { listenLocally, type Gateway, type LocalListener } from '@hours/gateway'
import type { ManualClock } from '@hours/protocol'

/** The demo's present: simulated plugs on a local broker, gateways that listen to it, the clock that moves them all. */
export interface LivePlay {
  stop(): Promise<void>
}

const tickMs = 200

/**
 * Goes on from where the clock stands at `speed` times real time. Live samples cross a real local broker, as plugs'
 * readings do (records.md, section 11).
 */
export async function playLive(options: {
  readonly clock: ManualClock
  readonly devices: readonly Device[]
  readonly gateways: ReadonlyMap<string, Gateway>
  readonly speed: number
  readonly sampleMs: number
  onError(error: unknown): void
}): Promise<LivePlay> {
  const { clock, devices, gateways, speed, sampleMs } = options
  const plugs = await createPlugBroker()
  const publisher = await createDevicePublisher(plugs.url)
  const listeners: LocalListener[] = [...gateways.values()].map((gateway) =>
    listenLocally({ url: plugs.url }, gateway.filters, {
      onMessage: (topic, payload) => gateway.handleLocal(topic, payload, clock.wall()),
      onConnected: () => undefined,
    }),
  )
  const simStart = clock.wall()
  // In real time the clock is the machine's: what passed since the history ended is played in the first step.
  const behind = speed === 1 ? Math.max(0, Date.now() - simStart) : 0
  const realStart = performance.now() - behind
  let cursor = simStart
  let stopped = false
  let running: Promise<void> = Promise.resolve()

  async function step(): Promise<void> {
    const now = Math.floor(simStart + (performance.now() - realStart) * speed)
    // Small steps, so that readings without a time of their own arrive when they were made.
    while (cursor < now && !stopped) {
      const next = Math.min(now, cursor + sampleMs)
      const messages = devices.flatMap((device) => device.messages(cursor, next))
      clock.advanceTo(next)
      await publisher.publish(messages)
      cursor = next
    }
  }

  const timer = setInterval(() => {
    running = running.then(step).catch((error: unknown) => options.onError(error))
  }, tickMs)

  return {
    async stop() {
      stopped = true
      clearInterval(timer)
      await running
      await Promise.all(listeners.map((listener) => listener.stop()))
      await publisher.close()
      await plugs.close()
    },
  }
}
