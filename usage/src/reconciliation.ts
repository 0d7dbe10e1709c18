import { firstPlace, nobody, type Span } from '@hours/protocol'
import type { Interval } from './calendar.ts'
import { clip, intersect, subtract, union } from './intervals.ts'
import { inStates, timeline } from './timeline.ts'

/** A reservation that stands (not cancelled). */
export interface BookedTime extends Interval {
  readonly id: string
  readonly user: string
  /** Somebody says that it was moved or cancelled, and no second person has decided of it yet. */
  readonly contested?: boolean
}

/** A stretch of use that somebody has recorded. */
export interface RecordedUse extends Interval {
  readonly id: string
  readonly user: string
}

export type FindingKind =
  /** Booked, known throughout, and never run. */
  | 'no_show'
  /** Booked, never seen running, but not all of it is known, or whether it stood is not decided: nobody is blamed. */
  | 'no_show_unproven'
  /** The run of a booking goes on after its end. */
  | 'overrun'
  /** First run of a booking only after the time of grace. */
  | 'late_arrival'
  /** Run that no booking covers, maintenance apart. */
  | 'unbooked_run'
  /** Run inside a booking, recorded by somebody else. */
  | 'other_user'
  /** Recorded use while the instrument was off. */
  | 'session_while_off'

/** A difference between what was booked or recorded and what was sensed; listed, never edited away. */
export interface Finding extends Interval {
  readonly kind: FindingKind
  /** What it amounts to inside the period, ms. */
  readonly ms: number
  readonly booking?: string
  readonly session?: string
  readonly user?: string
}

export interface Reconciliation {
  readonly findings: readonly Finding[]
  readonly totals: Readonly<Record<FindingKind, { readonly count: number; readonly ms: number }>>
}

export interface ReconciliationInput {
  readonly spans: readonly Span[]
  readonly bookings: readonly BookedTime[]
  readonly sessions: readonly RecordedUse[]
  readonly maintenance: readonly Interval[]
  readonly period: Interval
  /** Nobody is called late, over or absent for less; default 15 min. */
  readonly graceMs?: number
}

const defaultGraceMs = 900_000
export const findingKinds: readonly FindingKind[] = [
  'no_show',
  'no_show_unproven',
  'overrun',
  'late_arrival',
  'unbooked_run',
  'other_user',
  'session_while_off',
]

/** Booked against sensed for one instrument. Each booking is judged whole; its hours are cut at the period's edges. */
export function reconcileUse(input: ReconciliationInput): Reconciliation {
  const { period, graceMs = defaultGraceMs } = input
  const sensed = sense(input)
  const bookings = input.bookings.filter(({ from, to }) => to > from).toSorted((a, b) => a.from - b.from)
  const booked = union(bookings)
  const used = sessionsByTime(input.sessions)
  const overruns = bookings.flatMap((booking) => overrun(booking, booked, sensed, graceMs))
  const covered = union([...booked, ...sensed.maintenance, ...overruns])
  const all: Finding[] = [
    ...bookings.flatMap((booking) => absence(booking, sensed, graceMs)),
    ...overruns,
    ...bookings.flatMap((booking) => otherUsers(booking, used(booking), sensed)),
    ...subtract(sensed.run, covered)
      .filter(({ from, to }) => to - from >= graceMs)
      .map((part) => finding('unbooked_run', part)),
    ...input.sessions.flatMap((session) => whileOff(session, sensed, graceMs)),
  ]
  const findings = all
    .flatMap((one) => inPeriod(one, period))
    .sort((a, b) => a.from - b.from || findingKinds.indexOf(a.kind) - findingKinds.indexOf(b.kind))
  const totalOf = (kind: FindingKind) => {
    const own = findings.filter((one) => one.kind === kind)
    return { count: own.length, ms: own.reduce((sum, { ms }) => sum + ms, 0) }
  }
  const totals = Object.fromEntries(findingKinds.map((kind) => [kind, totalOf(kind)]))
  return { findings, totals: totals as Reconciliation['totals'] }
}

interface Sensed {
  readonly run: readonly Interval[]
  readonly off: readonly Interval[]
  readonly unknown: readonly Interval[]
  readonly maintenance: readonly Interval[]
}

function sense({ spans, bookings, sessions, maintenance, period }: ReconciliationInput): Sensed {
  const all = [period, ...spans, ...bookings, ...sessions]
  const line = timeline(spans, {
    from: all.reduce((at, { from }) => Math.min(at, from), period.from),
    to: all.reduce((at, { to }) => Math.max(at, to), period.to),
  })
  return {
    run: inStates(line, ['run']),
    off: inStates(line, ['off']),
    unknown: inStates(line, ['unknown']),
    maintenance: union(maintenance),
  }
}

/** The part of an ascending, disjoint list that lies in the window; found by halving, as a year has thousands. */
function within(list: readonly Interval[], window: Interval): Interval[] {
  const first = firstBeyond(list, window.from)
  let end = first
  while ((list[end]?.from ?? Infinity) < window.to) end += 1
  return clip(list.slice(first, end), window)
}

/** Index of the first that ends after `at`. */
const firstBeyond = (list: readonly Pick<Interval, 'to'>[], at: number): number =>
  firstPlace(list.length, (i) => (list[i]?.to ?? 0) > at)

/** Sessions that share time with a window, in the order in which they begin. */
function sessionsByTime(sessions: readonly RecordedUse[]): (window: Interval) => readonly RecordedUse[] {
  const ordered = sessions.toSorted((a, b) => a.from - b.from)
  // The latest end so far never goes back: nothing before the first that reaches the window can touch it.
  let latest = -Infinity
  const reached = ordered.map(({ from, to }) => {
    latest = Math.max(latest, to)
    return { from, to: latest }
  })
  return (window) => {
    const found: RecordedUse[] = []
    for (let i = firstBeyond(reached, window.from), one = ordered[i]; one; one = ordered[++i]) {
      if (one.from >= window.to) break
      if (one.to > window.from) found.push(one)
    }
    return found
  }
}

const finding = (kind: FindingKind, { from, to }: Interval, more: Partial<Finding> = {}): Finding => ({
  kind,
  from,
  to,
  ms: to - from,
  ...more,
})

const of = ({ id, user }: BookedTime) => ({ booking: id, user })

function absence(booking: BookedTime, sensed: Sensed, graceMs: number): Finding[] {
  const [first] = within(sensed.run, booking)
  const blind = (until: number) => within(sensed.unknown, { from: booking.from, to: until }).length > 0
  if (!first) {
    // Under maintenance nobody could come.
    if (within(sensed.maintenance, booking).length > 0) return []
    const isProven = booking.contested !== true && !blind(booking.to)
    return [finding(isProven ? 'no_show' : 'no_show_unproven', booking, of(booking))]
  }
  if (first.from - booking.from <= graceMs || blind(first.from)) return []
  return [finding('late_arrival', { from: booking.from, to: first.from }, of(booking))]
}

function overrun(
  booking: BookedTime,
  booked: readonly Interval[],
  sensed: Sensed,
  graceMs: number,
): Finding[] {
  const run = sensed.run[firstBeyond(sensed.run, booking.to)]
  if (!run || run.from >= booking.to) return []
  const rest = { from: booking.to, to: run.to }
  const [after] = subtract([rest], within(booked, rest))
  if (after?.from !== booking.to || after.to - after.from < graceMs) return []
  return [finding('overrun', after, of(booking))]
}

/** Run that somebody other than who booked has recorded; where either of them is not known, nobody is said to be another. */
function otherUsers(booking: BookedTime, sessions: readonly RecordedUse[], sensed: Sensed): Finding[] {
  if (booking.user === nobody) return []
  const own = union(sessions.filter(({ user }) => user === booking.user))
  return sessions
    .filter(({ user }) => user !== booking.user && user !== nobody)
    .flatMap((session) =>
      intersect(within(sensed.run, booking), subtract([session], own)).map((part) =>
        finding('other_user', part, { booking: booking.id, session: session.id, user: session.user }),
      ),
    )
}

const whileOff = (session: RecordedUse, sensed: Sensed, graceMs: number): Finding[] =>
  within(sensed.off, session)
    .filter(({ from, to }) => to - from >= graceMs)
    .map((part) => finding('session_while_off', part, { session: session.id, user: session.user }))

function inPeriod(one: Finding, period: Interval): Finding[] {
  const ms = Math.min(one.to, period.to) - Math.max(one.from, period.from)
  return ms > 0 ? [{ ...one, ms }] : []
}
