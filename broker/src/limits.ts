/** What one connection, address or gateway may take; defaults of wire.md, section 4. */
export interface Limits {
  /** Bytes of a packet before and after the client is admitted. */
  readonly connectBytes: number
  readonly packetBytes: number
  readonly connectTimeoutMs: number
  readonly drainTimeoutMs: number
  readonly connections: number
  readonly connectionsPerAddress: number
  /** Publishes a second of one gateway; above that acknowledgements are delayed, nothing is dropped. */
  readonly publishesPerSecond: number
}

export const defaultLimits: Limits = {
  connectBytes: 4 * 1024,
  packetBytes: 64 * 1024,
  connectTimeoutMs: 5_000,
  drainTimeoutMs: 10_000,
  connections: 12_000,
  connectionsPerAddress: 4_000,
  publishesPerSecond: 20_000,
}

/** Counts open connections, in all and by address; `admit` says whether one more may come. */
export function createConnectionCount(limits: Limits): {
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

/** A token bucket of one second: how long (ms) the next publish has to wait; 0 mostly. */
export function createPace(perSecond: number, now: () => number): () => number {
  let tokens = perSecond
  let at = now()
  return () => {
    const time = now()
    tokens = Math.min(perSecond, tokens + ((time - at) * perSecond) / 1_000)
    at = time
    tokens -= 1
    return tokens >= 0 ? 0 : (-tokens * 1_000) / perSecond
  }
}
