import type { Clock } from '@hours/protocol'
import type { Position } from '../ports.ts'

/** Records that wait for the next publish. */
export interface Waiting {
  readonly bytes: Uint8Array
  /** SHA-256 of the bytes, base64url. */
  readonly digest: string
  readonly done: (position: Position) => void
  readonly failed: (error: unknown) => void
}

/** A publish begins at the earliest this long after the one before began (records.md, section 7), ms. */
const publishEveryMs = 50
/** More entries than this go to the next publish. */
const maxBatch = 4_096

/**
 * Group commit: `publish` runs when records wait and 50 ms have passed since the last one began, on the injected
 * clock or on the machine's, whichever says so first (an injected clock may stand still). Never two at once.
 */
export function createAppendQueue(clock: Clock, publish: (batch: readonly Waiting[]) => Promise<void>) {
  const waiting: Waiting[] = []
  let began = Number.NEGATIVE_INFINITY
  let busy: Promise<void> | undefined
  let cancel: (() => void) | undefined

  function schedule(): void {
    if (busy || cancel || waiting.length === 0) return
    const rest = Math.max(0, began + publishEveryMs - clock.monotonic())
    if (rest === 0) {
      const turn = setImmediate(start)
      cancel = () => clearImmediate(turn)
      return
    }
    const cancelInjected = clock.after(rest, start)
    const timer = setTimeout(start, publishEveryMs)
    cancel = () => {
      cancelInjected()
      clearTimeout(timer)
    }
  }

  function start(): void {
    cancel?.()
    cancel = undefined
    if (busy || waiting.length === 0) return
    began = clock.monotonic()
    busy = run(waiting.splice(0, maxBatch)).finally(() => {
      busy = undefined
      schedule()
    })
  }

  async function run(batch: readonly Waiting[]): Promise<void> {
    try {
      await publish(batch)
    } catch (error) {
      // What was accepted after these may build on them, so it fails with them; the senders keep their copies.
      for (const one of [...batch, ...waiting.splice(0)]) one.failed(error)
    }
  }

  return {
    add(records: readonly Waiting[]): void {
      waiting.push(...records)
      schedule()
    },
    /** Publishes what waits at once. */
    async drain(): Promise<void> {
      while (busy || waiting.length > 0) {
        if (!busy) start()
        await busy
      }
    },
    size: () => waiting.length,
  }
}
