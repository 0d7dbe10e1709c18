import type { RecordOf, Span } from '@hours/protocol'
import type { UseSession } from './attribution.ts'
import type { Interval } from './calendar.ts'
import type { InstrumentInput, Recovery } from './instrument-input.ts'
import { union } from './intervals.ts'
import { createOrganisationTree, type OrganisationTree, relationAt } from './relation.ts'
import { expandSchedule } from './schedule.ts'
import { isWorkOrder } from './work-order.ts'

/** The records that stand (corrections applied) which figures are made of. */
export interface StandingRecords {
  readonly organisations: readonly RecordOf<'organisation'>[]
  readonly enrolments: readonly RecordOf<'enrolment'>[]
  readonly schedules: readonly RecordOf<'schedule'>[]
  readonly sessions: readonly RecordOf<'session'>[]
  readonly maintenance: readonly RecordOf<'maintenance'>[]
  readonly bookings?: readonly RecordOf<'booking'>[]
}

/** Prep, post or their absence reach over a period's edge, and so must the spans: a day on either side. */
export const reachMs = 86_400_000

/**
 * One instrument's input for `instrumentFigures` and `dailyRows`, out of spans and records alone: ingest and the verifier
 * call the same code, so that a regulator's recomputation and the page cannot differ.
 */
export function inputFromRecords(options: {
  readonly site: string
  readonly instrument: string
  readonly zone: string
  readonly period: Interval
  readonly spans: readonly Span[]
  readonly records: StandingRecords
  /** Gaps with counter growth, each with its place. */
  readonly recoveries?: readonly Recovery[]
  /** Growth over gaps that lie wholly in the period, where their places are not known. */
  readonly recoveredMs?: number
  readonly late?: readonly Interval[]
  /** Instead of `spans` and `late`. */
  readonly within?: NonNullable<InstrumentInput['within']>
  /** Shared by all instruments of one run; made from `records` when absent. */
  readonly tree?: OrganisationTree
}): InstrumentInput {
  const { site, instrument, zone, period, records } = options
  const ofInstrument = (one: { readonly stream: string; readonly instrument: string }) =>
    one.stream === site && one.instrument === instrument
  const own = records.enrolments.filter(ofInstrument).toSorted((a, b) => a.from - b.from)
  const tree = options.tree ?? createOrganisationTree(records.organisations)
  const schedule = openHours(records.schedules, options)
  return {
    id: `${site}/${instrument}`,
    zone,
    spans: options.spans,
    enrolled: enrolledTime(own, period),
    prepMs: own[0]?.prepMs ?? 0,
    postMs: own[0]?.postMs ?? 0,
    allowances: own,
    maintenance: records.maintenance.filter(ofInstrument),
    sessions: records.sessions.filter(ofInstrument).flatMap((session) => partsOf(session, own, tree)),
    bookings: (records.bookings ?? [])
      .filter(ofInstrument)
      .flatMap((booking) => bookedUse(booking).flatMap((use) => partsOf(use, own, tree))),
    ...(options.recoveries ? { recoveries: options.recoveries } : {}),
    ...(options.recoveredMs === undefined ? {} : { recoveredMs: options.recoveredMs }),
    ...(options.late ? { late: options.late } : {}),
    ...(options.within ? { within: options.within } : {}),
    ...(schedule ? { schedule } : {}),
  }
}

/** The newest record for an instant stands: an enrolment ends where the next one begins, and where it says so. */
function enrolledTime(own: readonly RecordOf<'enrolment'>[], period: Interval): Interval[] {
  return own.map(({ from, to = period.to + reachMs }, i) => ({
    from,
    to: Math.min(to, own[i + 1]?.from ?? Infinity),
  }))
}

/**
 * Opening hours as instants: each schedule stands from its date until the next one of its kind, one of the instrument
 * itself before one of the whole site. A change is no reason to judge earlier days anew.
 */
function openHours(
  schedules: readonly RecordOf<'schedule'>[],
  {
    site,
    instrument,
    zone,
    period,
  }: Pick<Parameters<typeof inputFromRecords>[0], 'site' | 'instrument' | 'zone' | 'period'>,
): Interval[] | undefined {
  const all = schedules
    .filter((one) => one.stream === site && (one.instrument === instrument || one.instrument === '*'))
    .toSorted((a, b) => a.from - b.from)
  const at = (instant: number) =>
    all.findLast((one) => one.instrument === instrument && one.from <= instant) ??
    all.findLast((one) => one.from <= instant)
  const changes = all.map(({ from }) => from).filter((from) => from > period.from && from < period.to)
  const edges = [...new Set([period.from, ...changes, period.to])]
  if (all.every(({ from }) => from >= period.to)) return undefined
  return union(
    edges.slice(0, -1).flatMap((from, i) => {
      const schedule = at(from)
      return schedule ? expandSchedule(schedule, zone, { from, to: edges[i + 1] ?? from }) : []
    }),
  )
}

/**
 * A session cut where the tree or the managing unit changes: each part is judged by its own instant. A work order without
 * clock times has none.
 */
function partsOf(
  session: Use,
  enrolments: readonly RecordOf<'enrolment'>[],
  tree: OrganisationTree,
): UseSession[] {
  if (isWorkOrder(session)) return []
  const moves = enrolments.map(({ from }) => from).filter((at) => at > session.from && at < session.to)
  const edges = [
    session.from,
    ...new Set([...tree.changes(session.from, session.to), ...moves]),
    session.to,
  ].sort((a, b) => a - b)
  return edges.slice(0, -1).flatMap((from, i): UseSession[] => {
    const to = edges[i + 1] ?? from
    const unit = enrolments.findLast((one) => one.from <= from)?.unit
    const relation = unit === undefined ? undefined : relationAt(tree, unit, session.beneficiary, from)
    if (!relation || to <= from) return []
    // Parts keep the place of their session in the order of ids; samples are counted with the first.
    const id = i === 0 ? session.id : `${session.id}\u0000${i}`
    const samples = i === 0 ? session.samples : undefined
    const { beneficiary, purpose, user, project } = session
    return [
      {
        ...{ id, from, to, relation, beneficiary, purpose, user },
        ...flagsAt(tree, beneficiary, from),
        openUse: session.way === 'self',
        ...(project === undefined ? {} : { project }),
        ...(samples === undefined ? {} : { samples }),
      },
    ]
  })
}

type Use = Pick<
  RecordOf<'session'>,
  'id' | 'from' | 'to' | 'beneficiary' | 'purpose' | 'user' | 'project' | 'samples' | 'way'
>

/** A booking that says for whom and what for, and was not called off; nobody says how it was used. */
function bookedUse({ beneficiary, purpose, cancelled, ...booking }: RecordOf<'booking'>): Use[] {
  if (beneficiary === undefined || purpose === undefined || cancelled === true) return []
  const { id, from, to, user } = booking
  return [{ ...{ id, from, to, user, beneficiary, purpose }, way: 'remote' }]
}

/** A unit of a small company is one too: the flags of all above it up to its legal entity count. */
function flagsAt(tree: OrganisationTree, beneficiary: string, at: number) {
  const path = tree.path(beneficiary, at)
  const entity = path.findIndex(({ kind }) => kind === 'entity')
  const own = path.slice(0, entity + 1 || 1)
  return {
    sme: own.some(({ flags }) => flags?.sme === true),
    hkMacaoForeign: own.some(({ flags }) => flags?.hkMacaoForeign === true),
  }
}

/** The enrolments of one instrument with one more, in log order: a later record ends the earlier ones where it begins. */
export function withEnrolment(
  earlier: readonly RecordOf<'enrolment'>[],
  record: RecordOf<'enrolment'>,
): RecordOf<'enrolment'>[] {
  const cut = earlier.map((one) =>
    (one.to ?? Number.POSITIVE_INFINITY) > record.from ? { ...one, to: record.from } : one,
  )
  return [...cut.filter((one) => one.to === undefined || one.to > one.from), record]
}
