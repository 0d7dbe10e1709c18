import type { Totals } from './totals.ts'

/** A rate with what is certain (`lower`), what it may be at most, and over what; null = zero denominator. */
export interface Rate {
  readonly value: number | null
  readonly lower: number | null
  readonly upper: number | null
  /** Denominator id (domain.md, D6): `calendar`, `schedule`, `quota:1400`, `effective` ... */
  readonly denominator: string
}

/** Rates of domain.md section 4.6; absent = not applicable (no schedule, no quota). */
export interface Rates {
  readonly coverage: Rate
  readonly utilCalendar: Rate
  readonly shareHours: Rate
  readonly shareWeighted: Rate
  readonly smeShare: Rate
  readonly utilSchedule?: Rate
  readonly availInstrument?: Rate
  readonly utilQuota?: Rate
}

/** A zero denominator gives null, never 0 % (domain.md, section 1.5). */
export const ratio = (above: number, below: number): number | null => (below > 0 ? above / below : null)

const rate = (denominator: string, value: number | null, lower = value, upper = value): Rate => ({
  value,
  lower,
  upper,
  denominator,
})

/** All rates of summed rows with the bounds of records.md section 9: whatever the unknown time turns out to be. */
export function ratesOf(totals: Totals, weight: number): Rates {
  const m = totals.measures
  const e = m.effective
  const u = m.effectiveUpper - e
  const x = m.external
  const weighted = m.ownUnit + m.sameEntity + weight * x
  return {
    coverage: rate('calendar', ratio(m.enrolled - m.unknown, m.enrolled)),
    utilCalendar: rate('calendar', ratio(e, m.enrolled), ratio(e, m.enrolled), ratio(e + u, m.enrolled)),
    shareHours: rate('effective', ratio(x, e), ratio(x, e + u), ratio(x + u, e + u)),
    shareWeighted: rate(
      'effective',
      ratio(weighted, e),
      ratio(weighted, e + u),
      ratio(weighted + Math.max(1, weight) * u, e + u),
    ),
    smeShare: rate(
      'external',
      ratio(m.smeExternal, x),
      ratio(m.smeExternal, x + u),
      ratio(m.smeExternal + u, x + u),
    ),
    ...scheduleRates(totals),
    ...quotaRate(totals),
  }
}

function scheduleRates({ measures: m, scheduled }: Totals): Pick<Rates, 'utilSchedule' | 'availInstrument'> {
  if (scheduled === 0) return {}
  const { schedule, scheduleEffective, scheduleEffectiveUpper, scheduleUnknown, scheduleDown } = m
  const used = ratio(scheduleEffective, schedule)
  const up = schedule - scheduleDown
  return {
    utilSchedule: rate('schedule', used, used, ratio(scheduleEffectiveUpper, schedule)),
    availInstrument: rate(
      'schedule',
      ratio(up - scheduleUnknown, schedule - scheduleUnknown),
      ratio(up - scheduleUnknown, schedule),
      ratio(up, schedule),
    ),
  }
}

function quotaRate({ quota, quotaName }: Totals): Pick<Rates, 'utilQuota'> {
  if (!quota || quotaName === null) return {}
  const value = ratio(quota.effective, quota.due)
  return { utilQuota: rate(`quota:${quotaName}`, value, value, ratio(quota.effectiveUpper, quota.due)) }
}
