import type { Interval } from './calendar.ts'
import { type InstrumentResult, ratio, shares } from './figures.ts'

/** Roll-up of several instruments: sums of ms, ratio of sums, never a mean of ratios (domain.md, section 4.6). */
export interface FleetFigures {
  readonly on: number
  readonly effective: number
  readonly external: number
  readonly shareHours: number | null
  readonly shareHoursLower: number | null
  readonly shareHoursUpper: number | null
  readonly shareInstruments: number | null
  readonly shareUsersOrg: number | null
  readonly shareUsersPerson: number | null
  readonly meanOnPerSet: number | null
  readonly meanOnPerSetPeriod: number | null
}

export function fleetFigures(results: readonly InstrumentResult[], period: Interval): FleetFigures {
  const sum = (of: (result: InstrumentResult) => number) => results.reduce((all, one) => all + of(one), 0)
  const on = sum(({ figures }) => figures.on)
  const e = sum(({ figures }) => figures.effective)
  const x = sum(({ figures }) => figures.external)
  const u = sum(({ figures }) => figures.effectiveUpper) - e
  const used = results.flatMap((result) => result.used)
  const outside = used.filter(({ session }) => session.relation === 'external')
  const distinct = (list: typeof used, of: 'beneficiary' | 'user') =>
    new Set(list.map(({ session }) => session[of])).size
  const fractions = sum(({ enrolledMs }) => enrolledMs / (period.to - period.from))
  return {
    on,
    effective: e,
    external: x,
    ...shares(x, e, u),
    shareInstruments: ratio(results.filter(({ figures }) => figures.external > 0).length, results.length),
    shareUsersOrg: ratio(distinct(outside, 'beneficiary'), distinct(used, 'beneficiary')),
    shareUsersPerson: ratio(distinct(outside, 'user'), distinct(used, 'user')),
    meanOnPerSet: ratio(on, results.length),
    meanOnPerSetPeriod: ratio(on, fractions),
  }
}
