import type { Names } from './api-shapes.ts'
import type { ListPlace } from './pager.tsx'

/** `GET /api/v1/rulesets` */
export interface RuleSet {
  readonly id: string
  readonly version?: string | number
  readonly names?: Names
  /** False: a filter leaves some out of the cohort. */
  readonly everyInstrument?: boolean
  /** What it must be told, or may be. */
  readonly parameters?: Readonly<
    Record<string, { readonly title?: Names; readonly required?: boolean; readonly default?: unknown }>
  >
}
export interface RuleSets {
  readonly items: readonly RuleSet[]
}

/** `GET /api/v1/assessments?ruleset=&scope=&period=` */
export interface AssessmentItem {
  readonly id: string
  readonly names?: Names
  readonly weight?: number | null
  readonly score: number | null
  readonly max?: number | null
  readonly reason?: string | null
}
interface AssessmentReason extends Names {
  readonly id: string
}
interface AssessmentAward {
  readonly id: string
  readonly title: Names
  readonly fen: number | null
}
type FigureValue = number | string | boolean | null

/** What a rule set makes of one instrument, or of the cohort. */
interface AssessmentOutcome {
  readonly figures: Readonly<Record<string, FigureValue>>
  readonly score: number | null
  readonly reasons: readonly AssessmentReason[]
  readonly awards: readonly AssessmentAward[]
  /** Items that could not be worked out. */
  readonly incomplete: readonly string[]
}
export interface AssessedInstrument extends AssessmentOutcome {
  readonly id: string
  readonly names: Names
  readonly rank: number | null
  /** ms; `coverage` is a fraction. */
  readonly hours: {
    readonly effective: number
    readonly effectiveUpper: number
    readonly external: number
    readonly externalUpper: number
    readonly coverage: number | null
    readonly grade: string
  }
}
/** What a figure of a rule set is called and counted in. */
export interface FigureTitle {
  readonly id: string
  readonly names: Names
  readonly unit: string | null
}
export interface Assessment extends ListPlace {
  readonly scope: string
  readonly period: string
  readonly zone?: string
  readonly ruleset: RuleSet
  readonly total: number | null
  readonly max?: number | null
  readonly grade?: string | null
  readonly items: readonly AssessmentItem[]
  readonly cohort?: number | null
  readonly leftOut: readonly string[]
  readonly titles: { readonly fleet: readonly FigureTitle[]; readonly instrument: readonly FigureTitle[] }
  readonly fleet: AssessmentOutcome
  readonly instruments: readonly AssessedInstrument[]
  readonly coverage?: number | null
  readonly checkpoint?: { readonly origin: string; readonly size: number; readonly root: string } | null
}
