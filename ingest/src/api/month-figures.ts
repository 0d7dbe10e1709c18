import { civilMonths } from '@hours/usage'
import { isPowered, type Millis, type State, states } from '@hours/protocol'
import type { InstrumentEntry, StateDay } from '../ports.ts'
import type { ApiContext } from './context.ts'

/** Figures of the civil month so far; ms and shares. */
export interface MonthFigures {
  readonly on: number
  readonly run: number
  readonly known: number
  readonly length: number
  readonly utilCalendar: number | null
  readonly coverage: number | null
}

/** Daily rows summed over [from, to): states in ms; unknown is what is left of the enrolled part. */
export function sumDays(rows: readonly StateDay[]): Record<State, number> & { onRecovered: number } {
  const sum = { off: 0, standby: 0, run: 0, fault: 0, unknown: 0, onRecovered: 0 }
  for (const row of rows) {
    for (const state of states) sum[state] += row.states[state]
    sum.onRecovered += row.onRecovered
  }
  return sum
}

export const powered = (durations: Readonly<Record<State, number>>): number =>
  states.filter(isPowered).reduce((sum, state) => sum + durations[state], 0)

/** Length of the part of [from, to) in which the instrument is enrolled, ms. */
export function enrolledLength({ enrolments }: InstrumentEntry, from: Millis, to: Millis): number {
  return enrolments.reduce(
    (sum, one) => sum + Math.max(0, Math.min(to, one.to ?? Infinity) - Math.max(from, one.from)),
    0,
  )
}

/** The month so far of one instrument: what is known of it, and shares with the calendar as denominator. */
export function monthFigures({ ingest }: ApiContext, entry: InstrumentEntry, now: Millis): MonthFigures {
  const month = civilMonths(entry.zone, now, now + 1)[0]
  if (!month) throw new Error(`no month at ${now}`)
  const rows = ingest.index.days([entry.key], month.from, Math.min(month.to, now))
  const sum = sumDays(rows)
  const length = enrolledLength(entry, month.from, Math.min(now, month.to))
  const known = sum.off + sum.standby + sum.run + sum.fault
  return {
    on: powered(sum),
    run: sum.run,
    known,
    length,
    utilCalendar: length > 0 ? sum.run / length : null,
    coverage: length > 0 ? Math.min(1, known / length) : null,
  }
}
