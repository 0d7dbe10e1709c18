import { type Signer, signRecord } from '@hours/ledger'
import type { Clock, Millis } from '@hours/protocol'
import type { ClockGuard } from './clock-guard.ts'
import type { EvidenceLogWriter } from './log/evidence-log.ts'

/** While other records arrive there is a `time` record at least so often (records.md, section 2). */
const timeEveryMs = 60_000

/** When the next `time` record is due, and its bytes. */
export interface TimeRecords {
  /** Ends a batch of records, when one is due. */
  readonly trailer: (at: Millis, size: number) => Uint8Array | undefined
  readonly published: (batch: readonly { bytes: Uint8Array }[]) => void
  /** A `time` record for records that nothing followed. */
  readonly tick: (log: EvidenceLogWriter) => Promise<void>
  /** A `time` record now, whenever the last one was; none while the clock is behind. */
  readonly stamp: (log: EvidenceLogWriter) => Promise<void>
}

/**
 * None is made while the clock is behind: a page that was logged before the step would seem to have arrived before it
 * ended, and its hours would count as unknown.
 */
export function createTimeRecords(
  clock: Clock,
  service: Signer,
  { behind }: Pick<ClockGuard, 'behind'>,
): TimeRecords {
  let last = Number.NEGATIVE_INFINITY
  /** Records have been logged since the last one. */
  let owed = false
  let ticking = false
  const times = new WeakSet<Uint8Array>()
  return {
    trailer(at, size) {
      if (clock.monotonic() - last < timeEveryMs || behind() > 0) return undefined
      const payload = JSON.stringify({ v: 1, at, size })
      const bytes = signRecord({ kind: 'time', payload, signer: service })
      times.add(bytes)
      last = clock.monotonic()
      return bytes
    },
    published(batch) {
      const end = batch.at(-1)
      if (end) owed = !times.has(end.bytes)
    },
    async stamp(log) {
      last = Number.NEGATIVE_INFINITY
      await log.tick()
    },
    async tick(log) {
      if (!owed || ticking) return
      ticking = true
      try {
        await log.tick()
      } finally {
        ticking = false
      }
    },
  }
}
