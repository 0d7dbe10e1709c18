import { DAY, type InstrumentKey, type Millis } from '@hours/protocol'
import { byWeekHour, civilDays, clip, intersect, type Interval } from '@hours/usage'
import { createTurns } from '../turns.ts'
import type { ApiContext } from './context.ts'
import type { ScopedEntry } from './scope.ts'

/** Run and known time of instruments by hour of the week, 168 numbers each, ms; Monday 00-01 local first. */
export interface WeekSums {
  readonly run: readonly number[]
  readonly known: readonly number[]
  /** Instruments that are in the sums; fewer than were asked for where there was no time for all of them. */
  readonly counted: number
}

/** Weeks of instruments, kept until pages come that tell of them. */
export interface WeekCache {
  /** Works for about `budgetMs` on what is not kept; who asks again finds it done. */
  sums(entries: readonly ScopedEntry[], weeks: number, budgetMs: number): Promise<WeekSums>
  close(): void
}

interface Kept extends Interval {
  readonly during: string
  /** 168 of run, 168 of known time. */
  readonly hours: Uint32Array
}

const slots = 168

export function createWeekCache({ ingest }: Pick<ApiContext, 'ingest'>): WeekCache {
  const kept = new Map<InstrumentKey, Kept>()
  const stop = ingest.onProjected((touched) => {
    for (const { key, from, to } of touched) {
      const known = kept.get(key)
      if (known && from < known.to && known.from < to) kept.delete(key)
    }
  })

  function hoursOf(entry: ScopedEntry, window: Interval): Uint32Array {
    const known = ingest.index
      .spans(entry.key, window.from, window.to)
      .filter(({ state }) => state !== 'unknown')
    const own = intersect(known, clip(entry.during, window))
    const run = intersect(
      known.filter(({ state }) => state === 'run'),
      own,
    )
    return Uint32Array.from([...byWeekHour(run, entry.zone, window), ...byWeekHour(own, entry.zone, window)])
  }

  const duringOf = ({ during }: ScopedEntry) => during.map(({ from, to }) => `${from} ${to}`).join()

  function find(entry: ScopedEntry, window: Interval): Uint32Array | undefined {
    const known = kept.get(entry.key)
    const isGood = known?.from === window.from && known.to === window.to && known.during === duringOf(entry)
    return isGood ? known.hours : undefined
  }

  function make(entry: ScopedEntry, window: Interval): Uint32Array {
    const hours = hoursOf(entry, window)
    kept.set(entry.key, { ...window, during: duringOf(entry), hours })
    return hours
  }

  return {
    async sums(entries, weeks, budgetMs) {
      const now = ingest.clock.wall()
      const zones = new Set(entries.map(({ zone }) => zone))
      const windows = new Map([...zones].map((zone) => [zone, wholeWeeks(zone, weeks, now)]))
      const sum = new Float64Array(2 * slots)
      const takeTurns = createTurns()
      const end = performance.now() + budgetMs
      let [counted, fresh] = [0, 0]
      for (const entry of entries) {
        const window = windows.get(entry.zone)
        if (!window) continue
        let hours = find(entry, window)
        // One is always made, however little time there is, so that whoever asks again gets further.
        if (!hours && (fresh === 0 || performance.now() < end)) {
          hours = make(entry, window)
          fresh += 1
          await takeTurns()
        }
        if (!hours) continue
        counted += 1
        for (let i = 0; i < 2 * slots; i++) sum[i] = (sum[i] ?? 0) + (hours[i] ?? 0)
      }
      return { run: [...sum.subarray(0, slots)], known: [...sum.subarray(slots)], counted }
    },
    close: stop,
  }
}

/** So many weeks up to the last local midnight: days of the week all come equally often. */
export function wholeWeeks(zone: string, weeks: number, now: Millis): Interval {
  const days = civilDays(zone, now - (weeks * 7 + 1) * DAY, now + 1)
  const to = days.at(-1)?.from ?? now
  return { from: days.at(-1 - weeks * 7)?.from ?? to, to }
}
