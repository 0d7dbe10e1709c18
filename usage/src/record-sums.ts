import type { RecordOf } from '@hours/protocol'
import type { Interval } from './calendar.ts'
import { isIn } from './intervals.ts'
import { type OrganisationTree, relationAt } from './relation.ts'
import type { UseRow } from './use-rows.ts'

/** Records of one instrument that stand; each kind in a unit of its own, never mixed with hours (domain.md, D8). */
export interface CountedRecords {
  readonly sessions: readonly RecordOf<'session'>[]
  readonly charges: readonly RecordOf<'charge'>[]
  readonly vouchers: readonly RecordOf<'voucher'>[]
  readonly subsidies: readonly RecordOf<'subsidy'>[]
  readonly compute: readonly RecordOf<'compute'>[]
  readonly trainings: readonly RecordOf<'training'>[]
  readonly achievements: readonly RecordOf<'achievement'>[]
  readonly ratings: readonly RecordOf<'rating'>[]
  /** Hours that somebody states without a sensor. */
  readonly claims: readonly RecordOf<'claim'>[]
}

/** Distinct ones over accepted sessions with effective time or samples. */
export interface ServedSums {
  readonly projects: number
  readonly organisationsServed: number
  readonly smesServed: number
}

/** Sums over one instrument and period; money in fen, compute in core- and node-milliseconds. */
export interface RecordSums extends ServedSums {
  readonly samples: number
  readonly validSamples: number
  /** Beam-time shifts; a unit of their own. */
  readonly shifts: number
  /** Sessions of which both is known, when their samples came and when their results went out; and ms from the one to the other. */
  readonly turnarounds: number
  readonly turnaroundMs: number
  readonly incomeInsideFen: number
  readonly incomeOutsideFen: number
  /** Charges whose payer nobody knows: neither inside nor outside. */
  readonly incomeUnknownFen: number
  readonly voucherFen: number
  readonly subsidyFen: number
  /** Hours of class `declared` (records.md, section 5): as claims state them, beside verified hours and never among them. */
  readonly declaredOnMs: number
  readonly declaredRunMs: number
  readonly declaredEffectiveMs: number
  readonly declaredExternalMs: number
  readonly coreMs: number
  readonly nodeMs: number
  readonly jobs: number
  readonly trainedIndependent: number
  readonly trainedGuided: number
  readonly demonstrationPersons: number
  /** `award:national`, `paper:core`, `function:new` ... -> count. */
  readonly achievements: Readonly<Record<string, number>>
  /** The same over all levels: awards, papers, patents and functions that are new. */
  readonly awards: number
  readonly papers: number
  readonly patents: number
  readonly functionsNew: number
  readonly ratings: number
  readonly ratingMean: number | null
}
export type PlainSums = Omit<RecordSums, keyof ServedSums>

/** Whose the sums are: the tree of organisations, and the managing unit at an instant. */
export interface SumContext {
  readonly tree: OrganisationTree
  readonly unitAt: (at: number) => string | undefined
}

/** All sums; `used` is who had effective time. */
export function sumRecords(
  records: CountedRecords,
  during: readonly Interval[],
  { used, ...context }: SumContext & { readonly used: readonly UseRow[] },
): RecordSums {
  return {
    ...sumPlain(records, during, context),
    ...sumServed(
      records.sessions.filter(({ from }) => isIn(during, from)),
      context.tree,
      used,
    ),
  }
}

/**
 * Sums the records of one instrument that lie in one of the stretches. Samples, jobs and money cannot be cut: they belong
 * to the stretch in which their session begins, or in which they were booked.
 */
export function sumPlain(
  records: CountedRecords,
  during: readonly Interval[],
  context: SumContext,
): PlainSums {
  const inside = (at: number) => isIn(during, at)
  const begun = records.sessions.filter(({ from }) => inside(from))
  const sum = <T>(list: readonly T[], of: (one: T) => number | undefined) =>
    list.reduce((all, one) => all + (of(one) ?? 0), 0)
  const dated = <T extends { readonly at: number }>(list: readonly T[]) => list.filter(({ at }) => inside(at))
  const compute = records.compute.filter(({ from }) => inside(from))
  const trained = (level: RecordOf<'training'>['level']) =>
    sum(dated(records.trainings), (one) => (one.level === level ? one.persons : 0))
  const scores = dated(records.ratings).map(({ score }) => score)
  const achieved = dated(records.achievements)
  const turned = begun.flatMap(({ receivedAt, reportedAt }) =>
    receivedAt === undefined || reportedAt === undefined ? [] : [reportedAt - receivedAt],
  )
  const counted = (kind: RecordOf<'achievement'>['kind']) =>
    sum(achieved, (one) => (one.kind === kind ? one.count : 0))
  return {
    samples: sum(begun, (one) => one.samples),
    validSamples: sum(begun, (one) => one.validSamples),
    shifts: sum(begun, (one) => one.shifts),
    turnarounds: turned.length,
    turnaroundMs: sum(turned, (ms) => ms),
    ...incomeOf(dated(records.charges), records.sessions, context),
    voucherFen: sum(dated(records.vouchers), ({ fen }) => fen),
    subsidyFen: sum(dated(records.subsidies), ({ fen }) => fen),
    ...declaredOf(records.claims.filter(({ from }) => inside(from))),
    coreMs: sum(compute, (one) => one.coreMs),
    nodeMs: sum(compute, (one) => one.nodeMs),
    jobs: sum(compute, (one) => one.jobs),
    trainedIndependent: trained('independent'),
    trainedGuided: trained('guided'),
    demonstrationPersons: trained('demonstration'),
    achievements: achievementsOf(achieved),
    awards: counted('award'),
    papers: counted('paper'),
    patents: counted('patent'),
    functionsNew: sum(achieved, ({ kind, level, count }) =>
      kind === 'function' && level === 'new' ? count : 0,
    ),
    ratings: scores.length,
    ratingMean: scores.length > 0 ? sum(scores, (one) => one) / scores.length : null,
  }
}

/** A claim belongs whole to the stretch in which it begins, as in the reconciliation. */
function declaredOf(claims: readonly RecordOf<'claim'>[]) {
  const sum = (of: (one: RecordOf<'claim'>) => number | undefined) =>
    claims.reduce((all, one) => all + (of(one) ?? 0), 0)
  return {
    declaredOnMs: sum(({ onMs }) => onMs),
    declaredRunMs: sum(({ runMs }) => runMs),
    declaredEffectiveMs: sum(({ effectiveMs }) => effectiveMs),
    declaredExternalMs: sum(({ externalMs }) => externalMs),
  }
}

function incomeOf(
  charges: readonly RecordOf<'charge'>[],
  sessions: readonly RecordOf<'session'>[],
  { tree, unitAt }: SumContext,
) {
  const beneficiary = new Map<string, string>(sessions.map((one) => [one.id, one.beneficiary]))
  const income = { incomeInsideFen: 0, incomeOutsideFen: 0, incomeUnknownFen: 0 }
  for (const { at, fen, payer, session = '' } of charges) {
    const unit = unitAt(at)
    const who = payer ?? beneficiary.get(session)
    const relation = unit === undefined || who === undefined ? undefined : relationAt(tree, unit, who, at)
    if (relation === undefined) income.incomeUnknownFen += fen
    else if (relation === 'external') income.incomeOutsideFen += fen
    else income.incomeInsideFen += fen
  }
  return income
}

function achievementsOf(achievements: readonly RecordOf<'achievement'>[]): Record<string, number> {
  const sums = new Map<string, number>()
  for (const { kind, level, count } of achievements)
    sums.set(`${kind}:${level}`, (sums.get(`${kind}:${level}`) ?? 0) + count)
  return Object.fromEntries(sums)
}

/** `begun` = the sessions that begin in the stretches; those with samples served somebody, whoever had effective time (`used`). */
export function sumServed(
  begun: readonly RecordOf<'session'>[],
  tree: OrganisationTree,
  used: readonly UseRow[],
): ServedSums {
  const organisations = new Set<string>(used.map(({ beneficiary }) => beneficiary))
  const smes = new Set<string>(used.filter(({ sme }) => sme).map(({ beneficiary }) => beneficiary))
  const projects = new Set<string>(used.flatMap(({ project }) => project ?? []))
  for (const { beneficiary, samples = 0, project, from } of begun) {
    const [known] = tree.path(beneficiary, from)
    if (samples === 0 || !known) continue
    organisations.add(beneficiary)
    if (known.flags?.sme === true) smes.add(beneficiary)
    if (project !== undefined) projects.add(project)
  }
  return { projects: projects.size, organisationsServed: organisations.size, smesServed: smes.size }
}
