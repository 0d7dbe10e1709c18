import type { Span, StateDurations } from '@hours/protocol'
import { attribute, type Purpose, type UseSession, within } from './attribution.ts'
import { civilYear, type Interval } from './calendar.ts'
import { effective, effectiveUpper } from './effective.ts'
import { clip, intersect, subtract, total, union } from './intervals.ts'
import { durations, inStates, timeline } from './timeline.ts'

/** Everything one instrument's figures come from; intervals half-open, Unix ms. */
export interface InstrumentInput {
  readonly id: string
  readonly zone: string
  /** May reach beyond the period: a run over its edge contributes its own side. */
  readonly spans: readonly Span[]
  readonly enrolled: readonly Interval[]
  readonly prepMs: number
  readonly postMs: number
  readonly maintenance: readonly Interval[]
  readonly sessions: readonly UseSession[]
  /** Opening hours as instants; absent = the instrument has no schedule. */
  readonly schedule?: readonly Interval[]
  /** Quota of effective hours a year; absent = no quota. */
  readonly quotaHours?: number
  /** Counter growth over gaps that lie wholly in the period, ms (domain.md, 4.4). */
  readonly recoveredMs?: number
}

/** KPIs of domain.md section 4.6 in camelCase; ms and fractions; absent = not applicable, null = zero denominator. */
export interface InstrumentFigures {
  readonly states: StateDurations
  readonly on: number
  readonly onUpper: number
  readonly run: number
  readonly effective: number
  readonly effectiveUpper: number
  readonly external: number
  readonly externalUpper: number
  readonly unattributed: number
  readonly purpose: Readonly<Partial<Record<Purpose, number>>>
  readonly coverage: number | null
  readonly utilCalendar: number | null
  readonly shareHours: number | null
  readonly shareHoursLower: number | null
  readonly shareHoursUpper: number | null
  readonly shareWeighted: number | null
  readonly utilSchedule?: number | null
  readonly offSchedule?: number
  readonly availInstrument?: number | null
  readonly utilQuota?: number | null
}

/** Figures and what roll-ups need beside them. */
export interface InstrumentResult {
  readonly figures: InstrumentFigures
  /** Length of the enrolled part of the period, ms. */
  readonly enrolledMs: number
  /** Accepted sessions with effective time, for counts of users and organisations. */
  readonly used: readonly { readonly session: UseSession; readonly ms: number }[]
}

/** Weight of outside hours in `share_weighted` (a university's own sheet, domain.md 1.3). */
export const outsideWeight = 1.5

export const ratio = (above: number, below: number): number | null => (below > 0 ? above / below : null)

/** Every figure of one instrument over one period; pure, integer ms. */
export function instrumentFigures(input: InstrumentInput, period: Interval): InstrumentResult {
  const window = clip(union(input.enrolled), period)
  const enrolledMs = total(window)
  const all = timeline(input.spans, reach(input.spans, period))
  const cut = window.flatMap((part) => timeline(input.spans, part))
  const states = durations(cut)
  const bounded = (blocks: readonly Interval[]) => intersect(blocks, window)
  const own = bounded(effective(all, input, input.maintenance))
  const upper = bounded(effectiveUpper(all, input, input.maintenance))
  const e = total(own)
  const u = total(upper) - e
  const { bySession, unattributed } = attribute(own, input.sessions)
  const used = input.sessions
    .map((session) => ({ session, ms: bySession.get(session.id) ?? 0 }))
    .filter(({ ms }) => ms > 0)
  const sumOf = (wanted: (session: UseSession) => boolean) =>
    used.reduce((sum, { session, ms }) => sum + (wanted(session) ? ms : 0), 0)
  const x = sumOf(({ relation }) => relation === 'external')
  const internal = sumOf(({ relation }) => relation !== 'external')
  const recovered = input.recoveredMs ?? 0
  const on = states.standby + states.run + states.fault + recovered
  const figures: InstrumentFigures = {
    states,
    on,
    onUpper: on + states.unknown - recovered,
    run: states.run,
    effective: e,
    effectiveUpper: e + u,
    external: x,
    externalUpper: x + u,
    unattributed,
    purpose: purposes(used),
    coverage: ratio(enrolledMs - states.unknown, enrolledMs),
    utilCalendar: ratio(e, enrolledMs),
    ...shares(x, e, u),
    shareWeighted: ratio(internal + outsideWeight * x, e),
    ...scheduled(input, own, cut, window),
    ...quota(input, e, window),
  }
  return { figures, enrolledMs, used }
}

/** Sharing rate with its bounds (records.md, section 9): whatever the unknown time turns out to be. */
export const shares = (x: number, e: number, u: number) => ({
  shareHours: ratio(x, e),
  shareHoursLower: ratio(x, e + u),
  shareHoursUpper: ratio(x + u, e + u),
})

/** From the first span to the last one, and at least the period. */
function reach(spans: readonly Span[], period: Interval): Interval {
  let { from, to } = period
  for (const span of spans) {
    from = Math.min(from, span.from)
    to = Math.max(to, span.to)
  }
  return { from, to }
}

function purposes(used: InstrumentResult['used']): Partial<Record<Purpose, number>> {
  const sums: Partial<Record<Purpose, number>> = {}
  for (const { session, ms } of used) sums[session.purpose] = (sums[session.purpose] ?? 0) + ms
  return sums
}

function scheduled(
  input: InstrumentInput,
  own: readonly Interval[],
  cut: readonly Span[],
  window: readonly Interval[],
) {
  if (!input.schedule) return {}
  const open = intersect(union(input.schedule), window)
  const inside = within(own, open)
  const unknown = union(inStates(cut, ['unknown']))
  const down = subtract(union([...inStates(cut, ['fault']), ...input.maintenance]), unknown)
  const openMs = total(open)
  const unknownMs = total(intersect(open, unknown))
  return {
    utilSchedule: ratio(inside, openMs),
    offSchedule: total(own) - inside,
    availInstrument: ratio(openMs - total(intersect(open, down)) - unknownMs, openMs - unknownMs),
  }
}

/** The quota is for a whole year: a period takes its share of each year it crosses. */
function quota({ quotaHours, zone }: InstrumentInput, e: number, window: readonly Interval[]) {
  if (quotaHours === undefined) return {}
  let due = 0
  for (const part of window)
    for (let at = part.from; at < part.to; ) {
      const year = civilYear(zone, at)
      const end = Math.min(part.to, year.to)
      due += (quotaHours * 3_600_000 * (end - at)) / (year.to - year.from)
      at = end
    }
  return { utilQuota: ratio(e, due) }
}
