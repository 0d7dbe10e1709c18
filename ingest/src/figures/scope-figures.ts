import {
  type Figures,
  fleetFigures,
  type FleetFigures,
  figuresFromTotals,
  type InstrumentResult,
  type OrganisationTree,
  type RecordSums,
  shareLevel,
  sumRecords,
} from '@hours/usage'
import type { RecordsByInstrument } from './counted-records.ts'
import type { InstrumentPart } from './figure-reader.ts'

/** Several instruments as one, with what is counted beside the hours. */
export interface ScopeFigures extends FleetFigures {
  /** `share_level(L)` where the scope is an organisation. */
  readonly shareLevel?: { readonly outside: number; readonly share: number | null }
  readonly counted?: CountedSums
  readonly scheduled: boolean
}
export type CountedSums = Omit<RecordSums, 'achievements' | 'ratingMean'>

/** What `fleetFigures` asks for, worked out once an instrument however many levels sum it up. */
export function resultOf(part: InstrumentPart, weight: number): InstrumentResult {
  return {
    id: part.entry.key,
    figures: figuresFromTotals(part.totals, weight),
    totals: part.totals,
    used: part.used(),
  }
}

/** Figures of instruments as one; `level` = the organisation whose outside is asked for. */
export function scopeFigures(
  results: readonly InstrumentResult[],
  weight: number,
  more: Partial<Pick<ScopeFigures, 'shareLevel' | 'counted'>> = {},
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
  parts: readonly InstrumentPart[],
  figures: Pick<Figures, 'effective'>,
): { readonly outside: number; readonly share: number | null } {
  const from = Math.min(...parts.map(({ span }) => span.from))
  const to = Math.max(...parts.map(({ span }) => span.to))
  const still = parts.length === 0 || tree.changes(from, to).length === 0
  const rows = parts.flatMap((part) => (still ? part.used() : part.uses()))
  return shareLevel(tree, level, rows, figures.effective)
}

const added = [
  'samples',
  'validSamples',
  'incomeInsideFen',
  'incomeOutsideFen',
  'incomeUnknownFen',
  'voucherFen',
  'subsidyFen',
  'coreMs',
  'nodeMs',
  'jobs',
  'trainedIndependent',
  'trainedGuided',
  'demonstrationPersons',
  'ratings',
] as const satisfies readonly (keyof RecordSums)[]

/** Sums of records over instruments; organisations and projects that several of them served count once. */
export function countedSums(parts: readonly InstrumentPart[], records: RecordsByInstrument): CountedSums {
  const all = parts.map((part) => part.sums())
  const sums = Object.fromEntries(
    added.map((name) => [name, all.reduce((sum, one) => sum + one[name], 0)]),
  ) as Record<(typeof added)[number], number>
  const span = {
    from: Math.min(...parts.map((part) => part.span.from)),
    to: Math.max(...parts.map((part) => part.span.to)),
  }
  const { projects, organisationsServed, smesServed } = sumRecords(
    { ...noRecords, sessions: parts.flatMap(({ entry }) => records.of(entry.key).sessions) },
    span,
    { tree: records.tree(), unitAt: () => undefined, used: parts.flatMap((part) => part.used()) },
  )
  return { ...sums, projects, organisationsServed, smesServed }
}

const noRecords = {
  charges: [],
  vouchers: [],
  subsidies: [],
  compute: [],
  trainings: [],
  achievements: [],
  ratings: [],
}
