import type { Clock, Commit, GatewayId, UpMessage } from '@hours/protocol'
import { createPace } from './limits.ts'

/** Commits of many gateways side by side, answered for each gateway in the order they came. */
export interface OrderedCommit {
  /** Settles when `message` is durable and so is everything the gateway sent before it; rejects as `commit` does. */
  take(gateway: GatewayId, message: UpMessage): Promise<void>
  /** Settles when nothing is under way. */
  idle(): Promise<void>
}

/**
 * Commits start at once (that is what makes groups of them) and are answered in order: aedes runs its hook
 * concurrently even for one client and would send PUBACKs out of order [MQTT-4.6.0-2]. The order is kept by gateway,
 * not by connection, so that the will of a session that was taken over does not overtake the new session. Above
 * `perSecond` the answer is delayed: while a client waits its socket is not read, which is all the back-pressure it takes.
 */
export function createOrderedCommit(options: {
  readonly commit: Commit
  readonly clock: Clock
  readonly perSecond: number
}): OrderedCommit {
  const { commit, clock } = options
  const pace = createPace(options.perSecond, clock)
  const tails = new Map<GatewayId, Promise<unknown>>()

  async function settle(
    message: UpMessage,
    before: Promise<unknown> | undefined,
    wait: number,
  ): Promise<void> {
    const due = wait > 0 ? new Promise<void>((resolve) => void clock.after(wait, resolve)) : undefined
    const [outcome] = await Promise.allSettled([Promise.try(commit, message)])
    await before
    await due
    if (outcome.status === 'rejected') throw outcome.reason
  }

  return {
    take(gateway, message) {
      const done = settle(message, tails.get(gateway), pace(gateway))
      const tail: Promise<unknown> = done
        .catch(() => undefined)
        .then(() => tails.get(gateway) === tail && tails.delete(gateway))
      tails.set(gateway, tail)
      return done
    },
    async idle() {
      while (tails.size > 0) await Promise.all(tails.values())
    },
  }
}
