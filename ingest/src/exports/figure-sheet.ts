import type { AssessmentBody } from '../api/assessment-answer.ts'
import type { Ranking } from './ranking-table.ts'
import type { Millis, Names, RecordOf } from '@hours/protocol'
import type {
  CountedRecords,
  FigureLine,
  Figures,
  Interval,
  RecordSums,
  Relation,
  RuleSetDocument,
  UseRow,
} from '@hours/usage'

/** One figure of one instrument or of a whole scope, as `GET /api/v1/figures` gives it, with its names. */
export interface FigureRow extends FigureLine {
  readonly names: Names
}

/** What every export is made from; plain data. Integer ms, fen and counts, exact ratios: rounded where it is printed. */
export interface FigureSheet {
  readonly scope: string
  readonly period: string
  readonly zone: string
  readonly from: Millis
  /** Where the figures end: the period's end, or now while it goes on. */
  readonly to: Millis
  readonly ruleset: { readonly id: string; readonly version: string; readonly hash: string }
  /** Of a `close` record; null = never closed. */
  readonly revision: number | null
  readonly simulated: boolean
  readonly checkpoint: { readonly origin: string; readonly size: number; readonly root: string } | null
  /** Figures of the scope first, then of each instrument by key. */
  readonly rows: readonly FigureRow[]
  readonly instruments: readonly SheetInstrument[]
  /** Where it was asked for: what the rule set makes of the scope. */
  readonly assessment?: SheetAssessment | undefined
}

/** An assessment as it is printed: everything of the API's answer, all instruments, and what was given to the rule set. */
export interface SheetAssessment extends Ranking {
  readonly fleet: AssessmentBody['fleet']
  readonly cohort: number
  readonly leftOut: readonly string[]
  readonly parameters: readonly {
    readonly id: string
    readonly names: RuleSetDocument['title']
    readonly unit: string | null
    /** Null = not given, and not needed. */
    readonly value: string | number | boolean | null
  }[]
}

/** An instrument of the sheet with what forms ask for beside its figures. */
export interface SheetInstrument {
  readonly key: string
  readonly names: Names
  readonly enrolment: RecordOf<'enrolment'>
  readonly unitNames: Names
  readonly zone: string
  readonly span: Interval
  /** The parts of the period for which it belongs to the scope. */
  readonly during: readonly Interval[]
  readonly figures: Figures
  readonly sums: RecordSums
  /** Who had its effective time: a row for each session and day. */
  readonly uses: () => readonly UseRow[]
  /** Sessions, money, trainings ... that count, of all times. */
  readonly records: CountedRecords
  /** What a session's beneficiary is to the unit that manages the instrument when it begins; absent = nobody knows. */
  readonly relationOf: (session: RecordOf<'session'>) => Relation | undefined
}
