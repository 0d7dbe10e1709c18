import { type Clock, HOUR, type Millis } from '@hours/protocol'
import type { SeriesOutbox, SeriesPoint, SeriesStore } from './series-ports.ts'
import { faultOf } from './measurements.ts'
import { openOutboxFile, type WaitingBatch } from './outbox-file.ts'
import { SeriesError } from './series-error.ts'

export interface SeriesOutboxOptions {
  /** File on disk; `:memory:` only in tests. */
  readonly path: string
  readonly store: SeriesStore
  readonly clock: Clock
  /** Points sent at once; default 10,000, which InfluxDB gets as two requests of 5,000. */
  readonly batch?: number
  /** Bytes that may wait; beyond, the oldest are dropped and counted. Default 2 GiB. */
  readonly maxBytes?: number
  /** Jitter of the back-off; default Math.random. */
  readonly random?: () => number
  /**
   * After a batch it rests for this part of the time the batch took, so that a drain leaves the server to others, and
   * after one that was not full until more has come; 0 = never.
   */
  readonly rest?: number
  readonly onError?: (error: unknown) => void
}

/** The outbox with what operators ask it. */
export interface RunningOutbox extends SeriesOutbox {
  state(): ReturnType<SeriesOutbox['state']> & {
    dropped: number
    bytes: number
    /** Points that were older than the store keeps. */
    expired: number
    /** Why the series lack what came before; null = they do not, as far as is known. */
    lacking: string | null
    /** Why points were refused for ever, the most frequent reasons first. */
    reasons: readonly { readonly reason: string; readonly points: number }[]
    /** What others have where the series go, in plain words. */
    foreign: readonly string[]
  }
  /** Points that no try will store, newest first, each with the server's reason. */
  quarantined(limit: number): { id: number; at: Millis; reason: string; point: SeriesPoint }[]
  /** Puts everything that was quarantined behind what waits: the reason may be gone. */
  retryQuarantined(): void
  /** Everything has been made again: nothing that was dropped or damaged is missing any more. */
  rebuilt(): void
}

/** Single messages are gathered so long before they are written down, and before they are sent. */
const gatherMs = 5
const lingerMs = 200
const firstWaitMs = 1_000
const longestWaitMs = 60_000

/**
 * Takes points at any speed, keeps them on disk, and brings them to the store in the order they came: a later point of
 * the same series and time must win. Nothing upstream waits; nothing is lost while the store is away.
 */
export function createSeriesOutbox(options: SeriesOutboxOptions): RunningOutbox {
  const { store, clock, batch = 10_000, maxBytes = 2 ** 31, random = Math.random, rest = 0.25 } = options
  const file = openOutboxFile(options.path, maxBytes)
  let failing: string | null = null
  /** Why the file itself takes nothing. */
  let refusing: string | null = null
  let failures = 0
  let draining: Promise<void> | undefined
  let cancelRetry: (() => void) | undefined
  let closed = false
  let hurry = false
  let wake: (() => void) | undefined
  let foreign: readonly string[] = []
  let looked = Number.NEGATIVE_INFINITY
  let gathering: { points: SeriesPoint[]; written: Promise<void> } | undefined

  /** Sends until nothing waits; throws at the first failure that only time can mend. */
  async function drain(): Promise<void> {
    let next = file.oldest(batch)
    while (next && !closed) {
      const begun = performance.now()
      const sent = send(next.points)
      // Read while the server is at work; a failure of the batch under way is met below.
      sent.catch(() => undefined)
      const following: WaitingBatch | undefined = file.oldest(batch, next.through)
      await sent
      if (isClosed()) return
      file.remove(next.through)
      failing = null
      failures = 0
      await lookAround()
      const took = performance.now() - begun
      if (rest > 0)
        await pause(next.points.length < batch / 2 ? Math.max(lingerMs, took * rest) : took * rest)
      next = following ?? file.oldest(batch)
    }
  }

  const isClosed = () => closed

  /** Once an hour, while the store answers: whether somebody else writes there. */
  async function lookAround(): Promise<void> {
    if (!store.foreign || clock.monotonic() - looked < HOUR) return
    looked = clock.monotonic()
    try {
      foreign = await store.foreign()
    } catch (error) {
      if (!(error instanceof SeriesError)) options.onError?.(error)
    }
  }

  /** Ends early when somebody waits for all of it. */
  function pause(ms: number): Promise<void> {
    if (hurry || isClosed()) return Promise.resolve()
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms).unref()
      wake = () => {
        clearTimeout(timer)
        resolve()
      }
    })
  }

  /** Stores all of them, halving a batch that the server takes only in part until the bad line stands alone. */
  async function send(points: readonly SeriesPoint[]): Promise<void> {
    try {
      await store.write(points)
    } catch (error) {
      if (!(error instanceof SeriesError) || error.code === 'away' || error.code === 'refused') throw error
      if (error.code === 'expired') {
        file.expired(error.dropped ?? 1)
        return
      }
      // A measurement that somebody else writes in another type is thousands of bad points at once.
      if (points.length === 1 || error.dropped === points.length) {
        file.quarantine(points, error.message, clock.wall())
        return
      }
      const middle = points.length >> 1
      await send(points.slice(0, middle))
      await send(points.slice(middle))
    }
  }

  function run(): Promise<void> {
    draining ??= drain()
      .catch((error: unknown) => {
        if (closed) return
        failing = error instanceof Error ? error.message : String(error)
        failures += 1
        retryLater()
        throw error
      })
      .finally(() => {
        draining = undefined
        // What came while the last look was under way has woken nobody.
        if (!closed && file.counts().pending > 0) begin()
      })
    return draining
  }

  function retryLater(): void {
    const longest = Math.min(longestWaitMs, firstWaitMs * 2 ** Math.min(failures - 1, 10))
    cancelRetry?.()
    // Full jitter, but never at once: many services come back together after an outage.
    cancelRetry = clock.after(Math.ceil(longest * (0.25 + 0.75 * random())), () => {
      cancelRetry = undefined
      begin()
    })
  }

  function begin(): void {
    if (closed || cancelRetry || draining) return
    run().catch((error: unknown) => {
      if (!(error instanceof SeriesError)) options.onError?.(error)
    })
  }

  /** One transaction for what comes within some milliseconds: each costs as much as sixty points. */
  function gatherMore() {
    const points: SeriesPoint[] = []
    const written = new Promise<void>((resolve, reject) => {
      setTimeout(() => {
        gathering = undefined
        try {
          if (!closed) put(points)
          resolve()
        } catch (error) {
          reject(error instanceof Error ? error : new Error(String(error)))
        }
      }, gatherMs)
    })
    return { points, written }
  }

  /** What is no point at all never reaches a server. */
  function accepted(points: readonly SeriesPoint[]): readonly SeriesPoint[] {
    return points.filter((point) => {
      const fault = faultOf(point)
      if (fault !== undefined) file.quarantine([point], fault, clock.wall())
      return fault === undefined
    })
  }

  function put(points: readonly SeriesPoint[]): void {
    try {
      const good = accepted(points)
      if (good.length > 0) file.add(good, clock.wall())
      refusing = null
    } catch (error) {
      refusing = `${options.path} takes nothing: ${String(error)}. Fix: free space on its disk; what it did not take is told again.`
      throw error
    }
    begin()
  }

  /** Another store than before, or a new one in the place of a damaged one, has been told nothing of the past. */
  function noteStore(): void {
    const before = file.note('store')
    if (before !== null && before !== store.name)
      file.note('rebuild', `The series went to ${before} before; ${store.name} has what came since.`)
    if (before !== store.name) file.note('store', store.name)
    if (store.begunAnew !== undefined) file.note('rebuild', store.begunAnew)
  }

  noteStore()
  begin()
  return {
    put,
    gather(points) {
      gathering ??= gatherMore()
      gathering.points.push(...points)
      return gathering.written
    },
    state: () => ({
      ...file.counts(),
      failing: refusing ?? failing,
      lacking: file.note('rebuild'),
      reasons: file.reasons(),
      foreign,
    }),
    quarantined: (limit) => file.quarantined(limit),
    retryQuarantined() {
      file.requeueQuarantined(clock.wall())
      begin()
    },
    rebuilt() {
      file.forgetDropped()
      file.note('rebuild', null)
    },
    async flush() {
      cancelRetry?.()
      cancelRetry = undefined
      hurry = true
      wake?.()
      try {
        await gathering?.written
        // What is under way may have been begun before the last points came.
        while (!closed && file.counts().pending > 0) await run()
      } finally {
        hurry = false
      }
    },
    async close() {
      await gathering?.written.catch(() => undefined)
      closed = true
      wake?.()
      cancelRetry?.()
      await draining?.catch(() => undefined)
      file.close()
    },
  }
}
