import { setImmediate as turn } from 'node:timers/promises'
import type { Device, DeviceMessage } from '@hours/firmware-sim'
import type { ManualClock } from '@hours/protocol'

/** A gateway as the history needs it: its source port, and how much it still has to bring in. */
export interface HistoryGateway {
  readonly id: string
  handleLocal(topic: string, payload: Uint8Array, arrival: number): void
  pending(): number
}

export interface HistoryOptions {
  readonly clock: ManualClock
  readonly devices: readonly Device[]
  readonly gateways: ReadonlyMap<string, HistoryGateway>
  readonly from: number
  readonly to: number
  /** How much simulated time is played before the pages made in it must have their receipts. */
  readonly stepMs: number
  /** Pages a gateway may still hold when a step ends. */
  readonly allow: number
  /** Messages of these gateways are lost in these intervals: the outage that every real year has. */
  readonly outages?: readonly { gateway: string; from: number; to: number }[]
  readonly signal: AbortSignal
  readonly onStep: (at: number) => void
}

const utf8 = new TextEncoder()
const turnsAStep = 4

/**
 * Plays [from, to) through the real pipeline as fast as it takes it: device payloads enter at the gateways' source
 * port in order of time, everything after that is what production runs (records.md, section 11). The clock never runs
 * more than a step ahead of the log, so that pages arrive as they would have.
 */
export async function playHistory(options: HistoryOptions): Promise<void> {
  const { clock, devices, gateways, from, to, stepMs, signal } = options
  for (let at = from; at < to && !signal.aborted; at += stepMs) {
    const end = Math.min(at + stepMs, to)
    const messages = devices.flatMap((device) =>
      device.messages(at, end).map((message) => ({ message, gateway: device.instrument.gateway })),
    )
    messages.sort((a, b) => a.message.at - b.message.at)
    for (const { message, gateway } of messages) {
      if (message.at > clock.wall()) clock.advanceTo(message.at)
      if (!lost(options, gateway, message)) feed(gateways.get(gateway), message)
    }
    if (clock.wall() < end) clock.advanceTo(end)
    await drained(options)
    options.onStep(end)
  }
}

const feed = (gateway: HistoryGateway | undefined, { topic, payload, at }: DeviceMessage) =>
  gateway?.handleLocal(topic, utf8.encode(payload), at)

const lost = ({ outages }: HistoryOptions, gateway: string, { at }: DeviceMessage) =>
  outages?.some((one) => one.gateway === gateway && at >= one.from && at < one.to) ?? false

/** Waits for receipts; simulated time goes on a little while it waits, because commits are timed by it too. */
async function drained({ clock, gateways, allow, signal }: HistoryOptions): Promise<void> {
  const limit = performance.now() + 30_000
  let moved = performance.now()
  // The network gets its turns even when there is nothing to wait for.
  for (let i = 0; i < turnsAStep; i++) await turn()
  while (!signal.aborted && [...gateways.values()].some((gateway) => gateway.pending() > allow)) {
    await turn()
    if (performance.now() - moved >= 1) {
      clock.advanceTo(clock.wall() + 250)
      moved = performance.now()
    }
    if (performance.now() > limit) {
      const behind = [...gateways.values()].map((gateway) => `${gateway.id} ${gateway.pending()}`).join(', ')
      throw new Error(`history: no receipts for 30 s; pages still held: ${behind}`)
    }
  }
}
