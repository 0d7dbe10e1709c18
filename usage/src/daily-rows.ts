import type { State } from '@hours/protocol'
import { type Attributed, attributed, countModulo, type UseSession } from './attribution.ts'
import type { CivilSpan, Interval } from './calendar.ts'
import { type AllowanceAt, effective, effectiveUpper } from './effective.ts'
import type { InstrumentInput } from './instrument-input.ts'
import { intersect, subtract, union } from './intervals.ts'
import { type Piece, pieces } from './pieces.ts'
import { inStates, timeline } from './timeline.ts'

/**
 * What an instrument did in one civil day (or any other stretch), integer ms each. Every column adds up: a period's
 * value is the sum over its days, an organisation's the sum over its instruments (records.md, section 8). An index stores
 * them in this order.
 */
export const rowColumns = [
  /** Enrolled time W; the five states partition it. */
  'enrolled',
  'off',
  'standby',
  'run',
  'fault',
  'unknown',
  /** Known time whose page came later than 20 min after its end. */
  'late',
  /** Power-on time that counters prove for gaps that lie wholly inside this row; a part of `unknown`. */
  'onRecovered',
  'maintenance',
  /** E, and E with unknown taken as run. */
  'effective',
  'effectiveUpper',
  /** E by beneficiary; the three relations and `unattributed` partition it, and so do the three purposes. */
  'ownUnit',
  'sameEntity',
  'external',
  'unattributed',
  'research',
  'teaching',
  'service',
  'openUse',
  /** X of SMEs; E of beneficiaries from Hong Kong, Macao or abroad. */
  'smeExternal',
  'hkMacaoForeign',
  /** S inside W, and what it holds; `down` is known fault or maintenance. Zero without a schedule. */
  'schedule',
  'scheduleEffective',
  'scheduleEffectiveUpper',
  'scheduleUnknown',
  'scheduleDown',
  'idle',
  'offSchedule',
  /**
   * Of `unattributed`: what bookings name somebody for, shared among them as E is among sessions; counts as attributed where
   * the rule set says so (`withBookings`).
   */
  'bookedOwnUnit',
  'bookedSameEntity',
  'bookedExternal',
  'bookedResearch',
  'bookedTeaching',
  'bookedService',
  'bookedSmeExternal',
  'bookedHkMacaoForeign',
  /**
   * Time of sessions that is no E, maintenance left out: evidence of grade 3 while the instrument was on, of grade 4 while
   * nothing is known of it (domain.md, 4.4); `External` = of these.
   */
  'recordedOn',
  'recordedOnExternal',
  'recordedUnknown',
  'recordedUnknownExternal',
] as const
export type RowColumn = (typeof rowColumns)[number]
export type Measures = Readonly<Record<RowColumn, number>>

/** One day of one instrument: `values` in the order of `rowColumns`. */
export interface DailyRow extends CivilSpan {
  readonly values: readonly number[]
}

const place = Object.fromEntries(rowColumns.map((column, i) => [column, i])) as Record<RowColumn, number>

/** `values` by their names. */
export function measuresOf(values: readonly number[]): Measures {
  const measures: Partial<Record<RowColumn, number>> = {}
  // Not fromEntries: objects made in one order are read several times faster, and there are thousands of them.
  for (const [i, column] of rowColumns.entries()) measures[column] = values[i] ?? 0
  return measures as Measures
}

/** The instrument's rows for `days` (ascending, disjoint; not only days: any cut gives the same sums). */
export function dailyRows(input: InstrumentInput, days: readonly CivilSpan[]): DailyRow[] {
  const values = days.map(() => rowColumns.map(() => 0))
  const add = (column: RowColumn, i: number, ms: number) => {
    const row = values[i]
    if (row) row[place[column]] = (row[place[column]] ?? 0) + ms
  }
  for (const piece of pieces(input, days)) addPiece(piece, add)
  for (const gap of input.recoveries ?? []) {
    const i = days.findIndex((day) => day.from <= gap.from && gap.to <= day.to)
    if (i >= 0) add('onRecovered', i, gap.onMs)
  }
  return days.map((day, i) => ({ ...day, values: values[i] ?? [] }))
}

/** What a piece holds, added to the rows of its days. */
function addPiece(
  { input, cuts, days }: Piece,
  addTo: (column: RowColumn, day: number, ms: number) => void,
): void {
  const add = (column: RowColumn, i: number, ms: number) => addTo(column, days[i] ?? 0, ms)
  const spread = (column: RowColumn, intervals: readonly Interval[]) =>
    eachPart(intervals, cuts, (_, from, to, i) => add(column, i, to - from))
  const time = instrumentTime(input, cuts)
  spread('enrolled', time.window)
  for (const state of ['off', 'standby', 'run', 'fault', 'unknown'] as const)
    spread(state, time.inState(state))
  spread('maintenance', time.maintenance)
  spread('late', time.late)
  spread('effective', time.own)
  spread('effectiveUpper', time.upper)
  if (time.open) spreadSchedule(spread, time, time.open)
  const share = (
    parts: Iterable<Attributed>,
    of: (session: UseSession) => readonly RowColumn[],
    alone?: RowColumn,
  ) => {
    const columns = new Map<UseSession, readonly RowColumn[]>()
    eachPart(parts, cuts, ({ sessions }, from, to, i) => {
      if (sessions.length === 0 && alone) add(alone, i, to - from)
      for (const [j, session] of sessions.entries()) {
        const own = columns.get(session) ?? of(session)
        columns.set(session, own)
        const ms = countModulo(from, to, sessions.length, j)
        for (const column of own) add(column, i, ms)
      }
    })
  }
  share(time.parts(), columnsOf, 'unattributed')
  share(time.booked(), bookedColumnsOf)
  share(attributed(time.idleOn, input.sessions), recordedColumnsOf('recordedOn'))
  share(
    attributed(subtract(time.inState('unknown'), time.maintenance), input.sessions),
    recordedColumnsOf('recordedUnknown'),
  )
}

const relationColumn = { own_unit: 'ownUnit', same_entity: 'sameEntity', external: 'external' } as const

function columnsOf(session: UseSession): RowColumn[] {
  const columns: RowColumn[] = [relationColumn[session.relation], session.purpose]
  if (session.openUse === true) columns.push('openUse')
  if (session.sme === true && session.relation === 'external') columns.push('smeExternal')
  if (session.hkMacaoForeign === true) columns.push('hkMacaoForeign')
  return columns
}

const bookedColumn = {
  ...{ ownUnit: 'bookedOwnUnit', sameEntity: 'bookedSameEntity', external: 'bookedExternal' },
  ...{ research: 'bookedResearch', teaching: 'bookedTeaching', service: 'bookedService' },
  ...{ smeExternal: 'bookedSmeExternal', hkMacaoForeign: 'bookedHkMacaoForeign' },
} as const satisfies Partial<Record<RowColumn, RowColumn>>

const bookedColumnsOf = (booking: UseSession): RowColumn[] =>
  columnsOf(booking).flatMap((column) =>
    column in bookedColumn ? [bookedColumn[column as keyof typeof bookedColumn]] : [],
  )

/** Measures with bookings taken for sessions where no session is (records.md, section 8: `bookings: claimed`). */
export function withBookings(measures: Measures): Measures {
  const named = measures.bookedOwnUnit + measures.bookedSameEntity + measures.bookedExternal
  const counted: Partial<Record<RowColumn, number>> = {}
  for (const [column, booked] of Object.entries(bookedColumn) as [RowColumn, RowColumn][])
    counted[column] = measures[column] + measures[booked]
  return { ...measures, ...counted, unattributed: measures.unattributed - named }
}

const recordedColumnsOf =
  (column: 'recordedOn' | 'recordedUnknown') =>
  ({ relation }: UseSession): RowColumn[] =>
    relation === 'external' ? [column, `${column}External`] : [column]

function spreadSchedule(
  spread: (column: RowColumn, intervals: readonly Interval[]) => void,
  time: InstrumentTime,
  open: readonly Interval[],
): void {
  const unknown = time.inState('unknown')
  const down = subtract(union([...time.inState('fault'), ...time.maintenance]), unknown)
  spread('schedule', open)
  spread('scheduleEffective', intersect(open, time.own))
  spread('scheduleEffectiveUpper', intersect(open, time.upper))
  spread('scheduleUnknown', intersect(open, unknown))
  spread('scheduleDown', intersect(open, down))
  spread('idle', subtract(subtract(subtract(open, time.own), time.maintenance), unknown))
  spread('offSchedule', subtract(time.own, open))
}

/** Everything of one instrument as ascending, disjoint intervals inside its enrolment. */
export interface InstrumentTime {
  readonly window: readonly Interval[]
  readonly inState: (state: State) => readonly Interval[]
  readonly maintenance: readonly Interval[]
  readonly late: readonly Interval[]
  readonly own: readonly Interval[]
  readonly upper: readonly Interval[]
  /** E by who shares it, made while it is read. */
  readonly parts: () => Iterable<Attributed>
  /** What no session covers of it, by the bookings that do. */
  readonly booked: () => Iterable<Attributed>
  /** On and no E, without maintenance. */
  readonly idleOn: readonly Interval[]
  /** The schedule; absent = the instrument has none. */
  readonly open?: readonly Interval[]
}

export function instrumentTime(input: InstrumentInput, days: readonly Interval[]): InstrumentTime {
  const reach = horizon(input.spans, days)
  const window = intersect(union(input.enrolled), [reach])
  const line = timeline(input.spans, reach)
  const maintenance = union(input.maintenance)
  const inside = (intervals: readonly Interval[]) => intersect(intervals, window)
  const allowance = allowanceAt(input)
  const own = inside(effective(line, allowance, maintenance))
  const inState = (state: State) => inside(inStates(line, [state]))
  const bookings = input.bookings ?? []
  return {
    window,
    inState,
    maintenance: inside(maintenance),
    late: subtract(inside(union(input.late ?? [])), inState('unknown')),
    own,
    upper: inside(effectiveUpper(line, allowance, maintenance, window)),
    parts: () => attributed(own, input.sessions),
    booked: () => (bookings.length === 0 ? [] : attributed(subtract(own, union(input.sessions)), bookings)),
    idleOn: subtract(subtract(inside(inStates(line, ['standby', 'run', 'fault'])), own), inside(maintenance)),
    ...(input.schedule ? { open: inside(union(input.schedule)) } : {}),
  }
}

function allowanceAt(input: InstrumentInput): AllowanceAt {
  const dated = (input.allowances ?? []).toSorted((a, b) => a.from - b.from)
  return (at) => dated.findLast(({ from }) => from <= at) ?? input
}

/**
 * From the first span or day to the last and 1 ms further on both sides: what lies beyond the spans is unknown too, so
 * that E's upper bound does not depend on where somebody cuts the period.
 */
function horizon(spans: readonly Interval[], days: readonly Interval[]): Interval {
  let from = days[0]?.from ?? 0
  let to = days.at(-1)?.to ?? from
  for (const span of spans) {
    from = Math.min(from, span.from)
    to = Math.max(to, span.to)
  }
  return { from: from - 1, to: to + 1 }
}

/** Calls `use` with each piece of the intervals that lies in one of the days; linear in both. */
export function eachPart<T extends Interval>(
  intervals: Iterable<T>,
  days: readonly Interval[],
  use: (interval: T, from: number, to: number, day: number) => void,
): void {
  let first = 0
  for (const interval of intervals) {
    while ((days[first]?.to ?? Infinity) <= interval.from) first += 1
    for (let i = first, day = days[i]; day && day.from < interval.to; day = days[++i]) {
      const from = Math.max(day.from, interval.from)
      const to = Math.min(day.to, interval.to)
      if (to > from) use(interval, from, to, i)
    }
  }
}
