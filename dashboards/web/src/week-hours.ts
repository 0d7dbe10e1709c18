import type { StateSpans } from '@hours/protocol'
import { hourOfWeek } from './zone.ts'

/** Known and run time of one hour of the week, ms. */
export interface WeekHour {
  readonly run: number
  readonly known: number
}

const quarter = 900_000

/** The 168 hours of the week, Monday first, in the site's time; a skipped or doubled hour is what the zone makes it. */
export function weekHours(spans: StateSpans['spans'], zone: string): WeekHour[] {
  const hours = Array.from({ length: 168 }, () => ({ run: 0, known: 0 }))
  for (const { state, from, to } of spans) {
    if (state === 'unknown') continue
    // No zone changes its offset within a quarter of an hour.
    for (let at = from; at < to; ) {
      const end = Math.min(to, (Math.floor(at / quarter) + 1) * quarter)
      const hour = hours[hourOfWeek(zone, at)]
      if (hour) {
        hour.known += end - at
        if (state === 'run') hour.run += end - at
      }
      at = end
    }
  }
  return hours
}
