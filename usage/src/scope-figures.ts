import type { RecordOf } from '@hours/protocol'
import type { Interval } from './calendar.ts'
import type { ChannelPeriod } from './channel-figures.ts'
import { type FigureLine, figureList } from './figure-list.ts'
import { type Figures, type InstrumentResult, outsideWeight } from './figures.ts'
import { fleetFigures, type FleetFigures } from './fleet.ts'
import { isIn } from './intervals.ts'
import { type RecordSums, sumServed } from './record-sums.ts'
import type { OrganisationTree } from './relation.ts'
import { shareLevel } from './share-level.ts'
import type { UseRow } from './use-rows.ts'

/** Several instruments as one, with what is counted beside the hours. */
export interface ScopeFigures extends FleetFigures {
  /** `share_level(L)` where the scope is an organisation. */
  readonly shareLevel?: { readonly outside: number; readonly share: number | null }
  readonly counted?: CountedSums
  /** Where the scope is a channel. */
  readonly channel?: ChannelPeriod
  readonly scheduled: boolean
}
export type CountedSums = Omit<RecordSums, 'achievements' | 'ratingMean'>

/** One instrument's part of a scope. */
export interface ScopePart {
  /** The period. */
  readonly span: Interval
  /** The parts of it for which the instrument belongs to the scope. */
  readonly during: readonly Interval[]
  /** Its sessions that stand, also those beyond the period. */
  readonly sessions: readonly RecordOf<'session'>[]
  /** Who used it: one row for each user, beneficiary, relation and project. */
  used(): readonly UseRow[]
  /** The same, one row for each session and day. */
  uses(): readonly UseRow[]
  /** Samples, money and the like. */
  sums(): RecordSums
}

/** Figures of instruments as one; `level` = the organisation whose outside is asked for. */
export function scopeFigures(
  results: readonly InstrumentResult[],
  weight: number,
  more: Partial<Pick<ScopeFigures, 'shareLevel' | 'counted' | 'channel'>> = {},
): ScopeFigures {
  return {
    ...fleetFigures(results, weight),
    ...more,
    scheduled: results.some(({ totals }) => totals.scheduled > 0),
  }
}

/** E of beneficiaries outside of `level`; day by day only where the tree has changed meanwhile. */
export function levelShare(
  tree: OrganisationTree,
  level: string,
  parts: readonly Pick<ScopePart, 'span' | 'used' | 'uses'>[],
  figures: Pick<Figures, 'effective'>,
): { readonly outside: number; readonly share: number | null } {
  const { from, to } = hullOf(parts)
  const still = parts.length === 0 || tree.changes(from, to).length === 0
  const rows = parts.flatMap((part) => (still ? part.used() : part.uses()))
  return shareLevel(tree, level, rows, figures.effective)
}

const hullOf = (parts: readonly Pick<ScopePart, 'span'>[]): Interval => ({
  from: Math.min(...parts.map(({ span }) => span.from)),
  to: Math.max(...parts.map(({ span }) => span.to)),
})

const added = [
  'samples',
  'validSamples',
  'shifts',
  'turnarounds',
  'turnaroundMs',
  'incomeInsideFen',
  'incomeOutsideFen',
  'incomeUnknownFen',
  'voucherFen',
  'subsidyFen',
  'declaredOnMs',
  'declaredRunMs',
  'declaredEffectiveMs',
  'declaredExternalMs',
  'coreMs',
  'nodeMs',
  'jobs',
  'trainedIndependent',
  'trainedGuided',
  'demonstrationPersons',
  'awards',
  'papers',
  'patents',
  'functionsNew',
  'ratings',
] as const satisfies readonly (keyof RecordSums)[]

/** Sums of records over instruments; organisations and projects that several of them served count once. */
export function countedSums(parts: readonly ScopePart[], tree: OrganisationTree): CountedSums {
  const all = parts.map((part) => part.sums())
  const sums = Object.fromEntries(
    added.map((name) => [name, all.reduce((sum, one) => sum + one[name], 0)]),
  ) as Record<(typeof added)[number], number>
  const begun = parts.flatMap(({ sessions, during }) => sessions.filter(({ from }) => isIn(during, from)))
  const used = parts.flatMap((part) => part.used())
  return { ...sums, ...sumServed(begun, tree, used) }
}

/** One instrument with its figures. */
export interface ScopeMember {
  readonly result: InstrumentResult
  readonly part: ScopePart
}

/**
 * Every figure of a scope, then those of each of its instruments by id: what a report states, and what its verifier works
 * out again. The scope is made of `adding` (`setTime`), which are the members unless one of them is a part of another. Of a
 * scope that is one instrument its own lines are the scope's.
 */
export function scopeLines(
  scope: string,
  { members, adding = members }: { members: readonly ScopeMember[]; adding?: readonly ScopeMember[] },
  {
    tree,
    weight = outsideWeight,
    channel,
  }: {
    readonly tree: OrganisationTree
    readonly weight?: number
    readonly channel?: ChannelPeriod | undefined
  },
): FigureLine[] {
  const ordered = inOrder(members)
  const parts = inOrder(adding).map(({ part }) => part)
  const whole = scopeFigures(
    inOrder(adding).map(({ result }) => result),
    weight,
    { counted: countedSums(parts, tree), ...(channel ? { channel } : {}) },
  )
  const level = scope.startsWith('org:') ? scope.slice('org:'.length) : undefined
  const share = level === undefined ? {} : { shareLevel: levelShare(tree, level, parts, whole.figures) }
  const own = ordered
    .filter(({ result }) => result.id !== scope)
    .flatMap(({ result, part }) =>
      figureList(result.id, scopeFigures([result], weight, { counted: countedSums([part], tree) })),
    )
  return [...figureList(scope, { ...whole, ...share }), ...own]
}

const inOrder = (members: readonly ScopeMember[]): ScopeMember[] =>
  members.toSorted((a, b) => (a.result.id < b.result.id ? -1 : 1))
