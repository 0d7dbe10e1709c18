import type { Clock } from '@hours/protocol'

/** How often something may be done by one name: `burst` at once, then `perSecond`. */
export interface Rate {
  readonly perSecond: number
  readonly burst: number
}

/** Names kept at once; beyond it the ones longest untouched are forgotten, which only ever lets somebody in earlier. */
const maxNames = 20_000

/** A token bucket a name: 0 = go on, else ms until the next one is free. Memory is bounded. */
export function createPace({ perSecond, burst }: Rate, clock: Clock): (name: string) => number {
  const buckets = new Map<string, { tokens: number; at: number }>()
  return (name) => {
    const now = clock.monotonic()
    const known = buckets.get(name) ?? { tokens: burst, at: now }
    const tokens = Math.min(burst, known.tokens + ((now - known.at) / 1_000) * perSecond)
    const granted = tokens >= 1
    buckets.delete(name)
    buckets.set(name, { tokens: granted ? tokens - 1 : tokens, at: now })
    if (buckets.size > maxNames) {
      const [oldest] = buckets.keys()
      if (oldest !== undefined) buckets.delete(oldest)
    }
    return granted ? 0 : Math.ceil(((1 - tokens) / perSecond) * 1_000)
  }
}

/** Runs at most `at` tasks at once and lets `queue` wait; undefined = too many are waiting already. */
export function createQueue(
  at: number,
  queue: number,
): <T>(task: () => Promise<T>) => Promise<T | undefined> {
  let running = 0
  const waiting: (() => void)[] = []
  return async (task) => {
    if (running >= at) {
      if (waiting.length >= queue) return undefined
      await new Promise<void>((resolve) => waiting.push(resolve))
    } else running += 1
    try {
      return await task()
    } finally {
      // The place goes to who waits longest; it stays taken meanwhile.
      const next = waiting.shift()
      if (next) next()
      else running -= 1
    }
  }
}
