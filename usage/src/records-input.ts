import type { RecordOf, Span } from '@hours/protocol'
import type { UseSession } from './attribution.ts'
import type { Interval } from './calendar.ts'
import type { InstrumentInput } from './figures.ts'
import { createOrganisationTree, type OrganisationTree, relationAt } from './relation.ts'
import { expandSchedule } from './schedule.ts'

/** The records that stand (corrections applied) which figures are made of. */
export interface StandingRecords {
  readonly organisations: readonly RecordOf<'organisation'>[]
  readonly enrolments: readonly RecordOf<'enrolment'>[]
  readonly schedules: readonly RecordOf<'schedule'>[]
  readonly sessions: readonly RecordOf<'session'>[]
  readonly maintenance: readonly RecordOf<'maintenance'>[]
}

/** Yearly quota of effective hours by class of instrument (domain.md, section 1.2): 7 h x 5 d x 40 w, 4 h x 5 d x 40 w. */
export const classQuotaHours: Readonly<Record<RecordOf<'enrolment'>['class'], number>> = {
  general: 1_400,
  special: 800,
  machinery: 800,
}

/** Prep, post or their absence reach over a period's edge, and so must the spans: a day on either side. */
export const reachMs = 86_400_000

/**
 * One instrument's input for `instrumentFigures`, out of spans and records alone: ingest and the verifier call the same
 * code, so that a regulator's recomputation and the page cannot differ.
 */
export function inputFromRecords(options: {
  readonly site: string
  readonly instrument: string
  readonly zone: string
  readonly period: Interval
  readonly spans: readonly Span[]
  readonly recoveredMs: number
  readonly records: StandingRecords
}): InstrumentInput {
  const { site, instrument, zone, period, records } = options
  const own = records.enrolments
    .filter((one) => one.stream === site && one.instrument === instrument)
    .toSorted((a, b) => a.from - b.from)
  const last = own.findLast((one) => one.from < period.to) ?? own.at(-1)
  const tree = createOrganisationTree(records.organisations)
  const schedule = scheduleAt(records.schedules, site, instrument, period.to)
  return {
    id: `${site}/${instrument}`,
    zone,
    spans: options.spans,
    enrolled: own.map(({ from, to }) => ({ from, to: to ?? period.to + reachMs })),
    prepMs: last?.prepMs ?? 0,
    postMs: last?.postMs ?? 0,
    maintenance: records.maintenance.filter((one) => one.stream === site && one.instrument === instrument),
    sessions: records.sessions
      .filter((one) => one.stream === site && one.instrument === instrument)
      .flatMap((session) => partsOf(session, own, tree)),
    recoveredMs: options.recoveredMs,
    ...(schedule ? { schedule: expandSchedule(schedule, zone, period) } : {}),
    ...(last ? { quotaHours: classQuotaHours[last.class] } : {}),
  }
}

/** The newest schedule of the instrument, else of its whole site, that is in force before `at`. */
function scheduleAt(
  schedules: readonly RecordOf<'schedule'>[],
  site: string,
  instrument: string,
  at: number,
) {
  const inForce = schedules
    .filter((one) => one.stream === site && one.from < at)
    .toSorted((a, b) => a.from - b.from)
  return (
    inForce.findLast((one) => one.instrument === instrument) ??
    inForce.findLast((one) => one.instrument === '*')
  )
}

/** A session cut where the tree or the managing unit changes: each part is judged by its own instant. */
function partsOf(
  session: RecordOf<'session'>,
  enrolments: readonly RecordOf<'enrolment'>[],
  tree: OrganisationTree,
): UseSession[] {
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
    const { beneficiary, purpose, user, samples } = session
    // Parts keep the place of their session in the order of ids.
    const id = i === 0 ? session.id : `${session.id}\u0000${i}`
    return [
      { id, from, to, relation, beneficiary, purpose, user, ...(samples === undefined ? {} : { samples }) },
    ]
  })
}
