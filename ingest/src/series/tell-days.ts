import { DAY, type Millis } from '@hours/protocol'
import { civilDays, type CivilSpan, civilYear } from '@hours/usage'
import type { Ingest, UntoldDay, UntoldYear } from '../ports.ts'
import type { SeriesOutbox } from './series-ports.ts'
import { type DaySource, dayPoints } from './day-points.ts'
import { yearPoints } from './expected-series.ts'
import { createInstrumentInputs } from './instrument-inputs.ts'
import { createSlice } from './time-slice.ts'
import { createToldPoints, type News } from './told-points.ts'

/** Tells the series store the days that it has yet to be told. */
export interface DayTeller {
  /**
   * Until none is left, or until it is stopped; `everything` = hours of the week too that were told within a day. Throws
   * what the outbox throws; what it has not taken stays on the list.
   */
  tell(everything?: boolean): Promise<void>
  stop(): void
}

/** Days taken off the list in one transaction. */
const daysAtOnce = 64

/** `freshMs`: while a long list is worked off, new days come first again after so long, ms. */
export function createDayTeller(options: {
  readonly ingest: Ingest
  readonly outbox: Pick<SeriesOutbox, 'put'>
  readonly freshMs: () => number
}): DayTeller {
  const { ingest, outbox, freshMs } = options
  const { clock, registry, untold } = ingest
  const source: DaySource = { ingest, inputs: createInstrumentInputs(registry) }
  const told = createToldPoints()
  let stopped = false

  /** Told again only once the outbox has it. */
  function bring({ points, taken }: News): void {
    if (points.length > 0) outbox.put(points)
    taken()
  }

  /** Resolves to the year it lies in; undefined where the instrument or its zone is another by now. */
  function tellDay({ key, from, to }: UntoldDay) {
    const entry = registry.instrument(key)
    const [day] = entry ? civilDays(entry.zone, from, from + 1) : []
    if (!entry || day?.from !== from || day.to !== to) return undefined
    bring(told.news(key, dayPoints(source, entry, { day })))
    return civilYear(entry.zone, from)
  }

  async function tellSome(days: readonly UntoldDay[], slice: () => Promise<void>): Promise<void> {
    const done: (UntoldDay & { readonly year?: CivilSpan })[] = []
    try {
      for (const day of days) {
        if (stopped) return
        const year = tellDay(day)
        done.push({ ...day, ...(year ? { year } : {}) })
        await slice()
      }
    } finally {
      if (done.length > 0) untold.told(done)
    }
  }

  async function tellDays(slice: () => Promise<void>): Promise<void> {
    let begun = performance.now()
    let after: UntoldDay | undefined
    for (;;) {
      const days = untold.next(daysAtOnce, after)
      if (days.length === 0 || stopped) return
      await tellSome(days, slice)
      after = days.at(-1)
      if (performance.now() - begun < freshMs()) continue
      after = undefined
      begun = performance.now()
    }
  }

  /** Hours of the week sum a whole year: once a day is enough. */
  async function tellYears(before: Millis, slice: () => Promise<void>): Promise<void> {
    for (const year of untold.years(before)) {
      if (stopped) return
      await tellYear(year, slice)
    }
  }

  async function tellYear(year: UntoldYear, slice: () => Promise<void>): Promise<void> {
    const now = clock.wall()
    const entry = registry.instrument(year.key)
    const civil = entry && civilYear(entry.zone, year.from)
    if (entry && civil?.from === year.from)
      bring(told.weekNews(year.key, await yearPoints(ingest, entry, { year: civil, now, slice })))
    untold.toldYear(year, now)
  }

  return {
    async tell(everything = false) {
      const slice = createSlice()
      await tellDays(slice)
      await tellYears(everything ? Number.MAX_SAFE_INTEGER : clock.wall() - DAY, slice)
    },
    stop() {
      stopped = true
    },
  }
}
