import type { Clock, Millis } from '@hours/protocol'
import type { InFlightLimits } from './back-pressure.ts'

/** What one connection, address or gateway may take; defaults of wire.md, section 4. */
export interface Limits {
  /** Bytes of a packet before and after the client is admitted. */
  readonly connectBytes: number
  readonly packetBytes: number
  /** From the TCP connection to the end of the TLS handshake, and from there to the CONNECT packet. */
  readonly connectTimeoutMs: Millis
  /** How long a client that reads nothing may hold what is sent to it. */
  readonly drainTimeoutMs: Millis
  readonly connections: number
  readonly connectionsPerAddress: number
  /** Publishes a second of one gateway, and how many at once; above that they wait, and what comes behind them. */
  readonly publishesPerSecond: number
  readonly publishBurst: number
  /** Publishes of one gateway that may wait, over all of its connections. */
  readonly publishesUnderway: number
  /** Publishes of one connection, and their bytes, that may wait for a commit; above that its socket is not read. */
  readonly inFlight: InFlightLimits
  /** Connects a second of one id and of one address; above that the CONNACK is delayed. */
  readonly connectsPerSecond: number
  readonly connectsPerSecondPerAddress: number
  /** Instruments of one gateway whose retained state is kept, and bytes of all it has retained. */
  readonly instrumentsPerGateway: number
  readonly retainedBytesPerGateway: number
}

export const defaultLimits: Limits = {
  connectBytes: 4 * 1024,
  packetBytes: 64 * 1024,
  connectTimeoutMs: 5_000,
  drainTimeoutMs: 10_000,
  connections: 12_000,
  connectionsPerAddress: 4_000,
  // A gateway that has caught up sends one or two a second; one that has two weeks in its spool, some 30.
  publishesPerSecond: 50,
  publishBurst: 500,
  publishesUnderway: 2_048,
  inFlight: { packets: 1_024, bytes: 512 * 1024 },
  connectsPerSecond: 5,
  connectsPerSecondPerAddress: 200,
  instrumentsPerGateway: 256,
  retainedBytesPerGateway: 128 * 1024,
}

/** Counts open connections, in all and by address; `admit` says whether one more may come. */
export function createConnectionCount(limits: Pick<Limits, 'connections' | 'connectionsPerAddress'>): {
  admit(address: string): (() => void) | undefined
  open(): number
} {
  const byAddress = new Map<string, number>()
  let all = 0
  return {
    open: () => all,
    admit(address) {
      const here = byAddress.get(address) ?? 0
      if (all >= limits.connections || here >= limits.connectionsPerAddress) return undefined
      all += 1
      byAddress.set(address, here + 1)
      let left = false
      return () => {
        if (left) return
        left = true
        all -= 1
        const now = (byAddress.get(address) ?? 1) - 1
        if (now <= 0) byAddress.delete(address)
        else byAddress.set(address, now)
      }
    },
  }
}

/** Keys a pace remembers; the one not heard of for the longest time is forgotten first. */
const mostKeys = 20_000

/**
 * A token bucket for each key, of one second or of `burst`: how long (ms, at most `longest`) the next one has to wait; 0
 * mostly. One may cost more than one token.
 */
export function createPace(
  perSecond: number,
  clock: Pick<Clock, 'monotonic'>,
  { longest = Infinity, burst = perSecond }: { readonly longest?: Millis; readonly burst?: number } = {},
): (key: string, cost?: number) => Millis {
  const buckets = new Map<string, { tokens: number; at: Millis }>()
  return (key, cost = 1) => {
    const now = clock.monotonic()
    const { tokens, at } = buckets.get(key) ?? { tokens: burst, at: now }
    const full = Math.min(burst, tokens + ((now - at) * perSecond) / 1_000)
    const left = Math.max(full - cost, (-longest * perSecond) / 1_000)
    buckets.delete(key)
    buckets.set(key, { tokens: left, at: now })
    const oldest = buckets.size > mostKeys ? buckets.keys().next().value : undefined
    if (oldest !== undefined) buckets.delete(oldest)
    return left >= 0 ? 0 : Math.ceil((-left * 1_000) / perSecond)
  }
}

/** Lets `width` tasks run at once and `longest` wait; one more is refused (undefined) without being started. */
export function createTurnstile(
  width: number,
  longest: number,
): <T>(task: () => Promise<T>) => Promise<T | undefined> {
  const waiting: (() => void)[] = []
  let running = 0
  return async (task) => {
    if (running >= width) {
      if (waiting.length >= longest) return undefined
      await new Promise<void>((resolve) => void waiting.push(resolve))
    } else running += 1
    try {
      return await task()
    } finally {
      // The place goes to the next in line, or is given up.
      const next = waiting.shift()
      if (next) next()
      else running -= 1
    }
  }
}

/**
 * Bytes that are retained under names of a key: whether `bytes` may be kept under this name too. What may not leaves what
 * was there.
 */
export function createRetainedCount(most: number): (key: string, name: string, bytes: number) => boolean {
  const sizes = new Map<string, { all: number; readonly byName: Map<string, number> }>()
  return (key, name, bytes) => {
    const kept = sizes.get(key) ?? { all: 0, byName: new Map<string, number>() }
    const all = kept.all - (kept.byName.get(name) ?? 0) + bytes
    if (all > most) return false
    kept.all = all
    if (bytes === 0) kept.byName.delete(name)
    else kept.byName.set(name, bytes)
    sizes.set(key, kept)
    return true
  }
}

/** Counts different names under one key, so that nobody fills the memory with retained topics. */
export function createNameCount(most: number): (key: string, name: string) => boolean {
  const names = new Map<string, Set<string>>()
  return (key, name) => {
    const known = names.get(key) ?? new Set<string>()
    if (!known.has(name) && known.size >= most) return false
    names.set(key, known.add(name))
    return true
  }
}
