import {
  DAY,
  every,
  HOUR,
  type InstrumentKey,
  instrumentKey,
  type Millis,
  MINUTE,
  type PowerReport,
  type SiteId,
} from '@hours/protocol'
import { civilDays } from '@hours/usage'
import type { Ingest } from '../ports.ts'
import type { SeriesOutbox, SeriesPoint } from './series-ports.ts'
import { storedPower } from './expected-series.ts'
import { rebuildSeries } from './rebuild-series.ts'
import { gatewayPoint, powerPoints } from './series-points.ts'
import { createDayTeller } from './tell-days.ts'

export interface SeriesFeedOptions {
  readonly ingest: Ingest
  readonly outbox: Pick<SeriesOutbox, 'put' | 'gather'>
  readonly onError: (error: unknown) => void
  /** How long a changed day waits for more of its pages, ms; default by the number of instruments. */
  readonly delayMs?: number
}

/** Keeps the series store fed from what is projected and from the power that ingest has taken; the outbox does the bringing. */
export interface SeriesFeed {
  /** Until everything that is known to have changed has been put into the outbox, hours of the week included. */
  settled(): Promise<void>
  /** Everything again, of all instruments from their enrolment on: for a new or a lost series store. */
  rebuild(onProgress?: (done: number, total: number) => void): Promise<void>
  close(): Promise<void>
}

/** A changed day waits this long for more of its pages: 6 ms of work for each of 9,900 instruments is a minute. */
const leastDelayMs = 5_000
const longestDelayMs = 900_000

/**
 * Tells the days that the index has marked, gateways each minute, power as it comes. What the outbox does not take, as
 * when its disk is full, is an error to be told and is tried again; it never ends anything.
 */
export function feedSeries({ ingest, outbox, onError, delayMs }: SeriesFeedOptions): SeriesFeed {
  const { clock, index, registry, live, untold } = ingest
  const delay = () =>
    delayMs ?? Math.min(longestDelayMs, Math.max(leastDelayMs, registry.instruments().length * 100))
  const teller = createDayTeller({ ingest, outbox, freshMs: delay })
  const owed = createOwedPower()
  let working: Promise<void> | undefined
  let timer: ReturnType<typeof setTimeout> | undefined
  let closed = false

  /** By the real clock, whatever the injected one does: this only keeps a day from being made for each of its pages. */
  function schedule(): void {
    if (timer || working || closed) return
    timer = setTimeout(() => void work(() => teller.tell()).catch(onError), delay())
    timer.unref()
  }

  /** One thing at a time; afterwards it looks whether more has come. */
  async function work(task: () => Promise<void>): Promise<void> {
    while (working) await working.catch(() => undefined)
    clearTimeout(timer)
    timer = undefined
    working = task()
    try {
      await working
    } finally {
      working = undefined
      if (untold.any()) schedule()
    }
  }

  async function settled(): Promise<void> {
    await ingest.settled()
    await work(() => teller.tell(true))
  }

  function tellGateways(): void {
    const now = clock.wall()
    const at = now - (now % MINUTE)
    const expected = expectedGateways(now)
    const points = registry.gateways().flatMap(({ site, gateway }): SeriesPoint[] => {
      if (!expected.has(gateway)) return []
      const { online, status } = live.gateway(site, gateway)
      return [gatewayPoint({ site, gateway, at }, { online, status, counts: index.gatewayCounts(gateway) })]
    })
    if (points.length > 0) outbox.put(points)
  }

  /** Those that an instrument stands at now: one that was replaced is missed by nobody. */
  const expectedGateways = (now: Millis): ReadonlySet<string> =>
    new Set(
      registry
        .instruments()
        .flatMap(({ enrolments }) => enrolments.filter(({ from, to = Infinity }) => from <= now && now < to))
        .map(({ gateway }) => gateway),
    )

  /** Today and yesterday of everybody: time that nobody accounts for must show even if no page ever comes. */
  function sweep(): void {
    const now = clock.wall()
    untold.markAll(
      registry.instruments().map(({ key, zone, enrolments }) => ({
        key,
        days: civilDays(zone, Math.max(now - DAY, enrolments[0]?.from ?? now), now + 1),
      })),
    )
  }

  function tellPower(site: SiteId, report: PowerReport): Promise<void> | undefined {
    const points = powerPoints(site, report)
    if (points.length === 0) return undefined
    // Ingest has it: the series must not make the broker refuse it.
    return outbox.gather(points).catch((error: unknown) => {
      owed.add(site, report)
      onError(error)
    })
  }

  function payPower(): void {
    for (const [key, { from, to }] of owed.all()) {
      const entry = registry.instrument(key)
      if (entry) outbox.put(storedPower(ingest, entry, { label: '', from, to }))
      owed.paid(key)
    }
  }

  const guarded = (task: () => void) => () => {
    try {
      task()
    } catch (error) {
      onError(error)
    }
  }
  const stops = [
    untold.onMarked(schedule),
    ingest.onPower(tellPower),
    every(clock, HOUR, guarded(sweep)),
    every(clock, MINUTE, guarded(tellGateways)),
    every(clock, MINUTE, guarded(payPower)),
  ]
  guarded(sweep)()
  schedule()

  return {
    settled,
    async rebuild(onProgress) {
      await ingest.settled()
      await work(async () => {
        const upTo = untold.newestMark()
        await rebuildSeries(ingest, { outbox, ...(onProgress ? { onProgress } : {}) })
        untold.clear(upTo)
      })
    },
    async close() {
      closed = true
      teller.stop()
      clearTimeout(timer)
      for (const stop of stops) stop()
      await working?.catch(() => undefined)
    },
  }
}

/** Minutes of power that the outbox did not take: one stretch an instrument, out of the store that has them. */
function createOwedPower() {
  const owed = new Map<InstrumentKey, { from: Millis; to: Millis }>()
  return {
    add(site: SiteId, { from, instruments }: PowerReport): void {
      for (const { id, mw } of instruments) {
        const key = instrumentKey(site, id)
        const to = from + mw.length * MINUTE
        const known = owed.get(key) ?? { from, to }
        owed.set(key, { from: Math.min(known.from, from), to: Math.max(known.to, to) })
      }
    },
    all: () => [...owed],
    paid: (key: InstrumentKey) => owed.delete(key),
  }
}
