import type { InstrumentKey, Millis } from '@hours/protocol'
import { civilMonths } from '@hours/usage'
import type { InstrumentEntry } from '../ports.ts'
import type { ApiContext } from './context.ts'
import { type MonthFigures, monthFigures } from './month-figures.ts'

/** The month's figures of every instrument, kept until its pages change. */
export interface MonthCache {
  /** As the index stands now; made anew when pages came since. */
  of(entry: InstrumentEntry, now: Millis): MonthFigures
  /** What was made last, for an order of thousands; undefined until there is something. */
  peek(entry: InstrumentEntry): MonthFigures | undefined
  close(): void
}

interface Kept {
  readonly at: Millis
  readonly monthEnd: Millis
  readonly enrolment: unknown
  readonly figures: MonthFigures
  /** By the machine's own clock, ms. */
  readonly madeAt: number
  stale: boolean
}

/** Without a new page only the length of the month so far grows. */
const keptForMs = 600_000
/** Milliseconds of work at a time in the background, and how often. */
const sliceMs = 4
const sliceEveryMs = 100
/** In the background nothing is made again sooner: where simulated days pass in seconds each page would be gone at once. */
const restMs = 2_000

export function createMonthCache(context: ApiContext, entries: () => readonly InstrumentEntry[]): MonthCache {
  const { ingest } = context
  const kept = new Map<InstrumentKey, Kept>()
  const stop = ingest.onProjected((touched) => {
    for (const { key } of touched) {
      const known = kept.get(key)
      if (known) known.stale = true
    }
  })

  function isGood(known: Kept | undefined, entry: InstrumentEntry, now: Millis): known is Kept {
    if (known === undefined || known.stale || known.enrolment !== entry.enrolment) return false
    return now >= known.at && now - known.at < keptForMs && now < known.monthEnd
  }

  function of(entry: InstrumentEntry, now: Millis): MonthFigures {
    const known = kept.get(entry.key)
    if (isGood(known, entry, now)) return known.figures
    const figures = monthFigures(context, entry, now)
    const monthEnd = civilMonths(entry.zone, now, now + 1)[0]?.to ?? now
    kept.set(entry.key, {
      at: now,
      monthEnd,
      enrolment: entry.enrolment,
      figures,
      madeAt: performance.now(),
      stale: false,
    })
    return figures
  }

  let cursor = 0
  /** Goes round the fleet a few milliseconds at a time, so that no request finds thousands to be made. */
  function slice(): void {
    const all = entries()
    const now = ingest.clock.wall()
    const end = performance.now() + sliceMs
    for (let left = all.length; left > 0 && performance.now() < end; left--) {
      const entry = all[cursor++ % all.length]
      const known = entry && kept.get(entry.key)
      if (known && performance.now() - known.madeAt < restMs) continue
      if (entry && !isGood(known, entry, now)) of(entry, now)
    }
  }
  const timer = setInterval(slice, sliceEveryMs)
  timer.unref()

  return {
    of,
    peek: ({ key }) => kept.get(key)?.figures,
    close() {
      clearInterval(timer)
      stop()
    },
  }
}
