import type { Clock, Commit, GatewayId, UpMessage } from '@hours/protocol'
import { createPace } from './limits.ts'

/** Commits of many gateways side by side, answered for each gateway in the order they came. */
export interface OrderedCommit {
  /**
   * Settles when `message` is durable and so is everything the gateway sent before it; rejects as `commit` does, when too
   * much of the gateway waits already, or when `isGone` says, at its turn, that nobody waits for the answer any more.
   */
  take(gateway: GatewayId, message: UpMessage, isGone?: () => boolean): Promise<void>
  /** Settles when nothing is under way. */
  idle(): Promise<void>
}

/** A message that is refused costs its sender so many: looking at it costs the site more than taking it. */
const refusedCost = 20
/** And a long one costs one more for so many bytes. */
const bytesACost = 4_096

/** What waits of one gateway. */
interface Line {
  underway: number
  /** The start of what came last, where it has to wait. */
  start: Promise<unknown> | undefined
  tail: Promise<unknown> | undefined
}

/**
 * Commits start at once (that is what makes groups of them) and are answered in order: aedes runs its hook
 * concurrently even for one client and would send PUBACKs out of order [MQTT-4.6.0-2]. The order is kept by gateway,
 * not by connection, so that the will of a session that was taken over does not overtake the new session. Above the pace
 * they start later: while a client waits its socket is not read, which is all the back-pressure it takes.
 */
export function createOrderedCommit(options: {
  readonly commit: Commit
  readonly clock: Clock
  readonly perSecond: number
  readonly burst?: number
  readonly mostUnderway?: number
}): OrderedCommit {
  const { commit, clock, perSecond, burst = perSecond, mostUnderway = Infinity } = options
  const pace = createPace(perSecond, clock, { burst })
  const lines = new Map<GatewayId, Line>()

  async function settle(message: UpMessage, { start, tail }: Line, isGone: () => boolean): Promise<void> {
    const committed = start
      ? start.then(() => (isGone() ? Promise.reject(new Error('gone before its turn')) : commit(message)))
      : Promise.try(commit, message)
    const [outcome] = await Promise.allSettled([committed])
    await tail
    if (outcome.status === 'rejected') throw outcome.reason
  }

  /** When it may start: with its pace, and never before what came first. */
  function startOf(line: Line, wait: number): Promise<unknown> | undefined {
    if (wait === 0) return line.start
    const due = new Promise<void>((resolve) => void clock.after(wait, resolve))
    const start: Promise<unknown> = Promise.all([line.start, due]).then(() => {
      if (line.start === start) line.start = undefined
    })
    return start
  }

  return {
    async take(gateway, given, isGone = () => false) {
      const line = lines.get(gateway) ?? { underway: 0, start: undefined, tail: undefined }
      if (line.underway >= mostUnderway)
        throw new Error(`${line.underway} messages of ${gateway} wait already`)
      lines.set(gateway, line)
      line.underway += 1
      line.start = startOf(line, pace(gateway, 1 + Math.floor(given.payload.length / bytesACost)))
      const message = { ...given, onRefused: () => void pace(gateway, refusedCost) }
      const done = settle(message, { ...line }, isGone)
      line.tail = done.catch(() => undefined)
      try {
        await done
      } finally {
        line.underway -= 1
        if (line.underway === 0) lines.delete(gateway)
      }
    },
    async idle() {
      while (lines.size > 0)
        await Promise.all([...lines.values()].flatMap(({ tail }) => (tail ? [tail] : [])))
    },
  }
}
