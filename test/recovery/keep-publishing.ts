import { setTimeout as pause } from 'node:timers/promises'
import { expect, vi } from 'vitest'
import type { Publisher } from './publisher.ts'

/** Publishers that, as gateways do, make a connection that ends again. */
export interface KeptPublishing {
  /** Until so many more pages have their receipt. */
  grown(by: number): Promise<void>
  /** Until no page is acknowledged any more: what was under way is settled, and then nothing for half a second. */
  standstill(): Promise<void>
  /** No more pages are made; resolves when each has its receipt. */
  end(): Promise<void>
}

export function keepPublishing(publishers: readonly Publisher[], port: number): KeptPublishing {
  const sum = (of: 'acknowledged' | 'receipted') => publishers.reduce((all, one) => all + one.counts()[of], 0)
  const state = { over: false }
  const loops = publishers.map(async (one) => {
    const connect = () =>
      one.publish(port).then(
        () => true,
        async () => {
          await pause(100)
          return false
        },
      )
    while (!state.over) await connect()
    // What the last connection left without a receipt; a site that is being opened again refuses it for a moment.
    while (!(await connect()));
  })
  return {
    async grown(by) {
      const before = sum('receipted')
      await vi.waitFor(() => expect(sum('receipted')).toBeGreaterThan(before + by), { timeout: 60_000 })
    },
    async standstill() {
      let last = -1
      await vi.waitFor(
        () => {
          const now = sum('acknowledged')
          const same = now === last
          last = now
          expect(same).toBe(true)
        },
        { timeout: 60_000, interval: 500 },
      )
    },
    async end() {
      state.over = true
      for (const one of publishers) one.stop()
      await Promise.all(loops)
    },
  }
}
