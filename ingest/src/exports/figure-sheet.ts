import type { Millis, Names, RecordOf } from '@hours/protocol'
import type { FleetFigures, Grade, InstrumentResult, Interval, RecordSums } from '@hours/usage'
import { countRows, fleetRows, kpiRows } from './kpi-rows.ts'

/** Integer ms, an exact ratio, a count, or fen: never mixed (domain.md, D8). Rounded only where it is printed. */
export type FigureUnit = 'ms' | 'share' | 'ratio' | 'count' | 'fen'

/** One figure of one instrument or of a whole scope, with what is certain (`lower`) and what it may be at most. */
export interface FigureRow {
  /** `site/instrument`, or the scope as typed. */
  readonly of: string
  readonly names: Names
  /** Id of domain.md section 4.6, such as `on_h`. */
  readonly kpi: string
  readonly unit: FigureUnit
  /** null = not applicable: a zero denominator is not 0 %. */
  readonly value: number | null
  /** null = the figure has no bounds (counts, money, means). */
  readonly lower: number | null
  readonly upper: number | null
  readonly denominator: string | null
  readonly coverage: number | null
  readonly grade: Grade
}

/** What every export is made from; plain data. */
export interface FigureSheet {
  readonly scope: string
  readonly period: string
  readonly zone: string
  readonly from: Millis
  /** Where the figures end: the period's end, or now while it goes on. */
  readonly to: Millis
  readonly simulated: boolean
  readonly checkpoint: { readonly origin: string; readonly size: number; readonly root: string } | null
  /** Figures of the scope first, then of each instrument by key. */
  readonly rows: readonly FigureRow[]
  readonly instruments: readonly SheetInstrument[]
}

/** An instrument of the sheet with what forms ask for beside its figures. */
export interface SheetInstrument {
  readonly key: string
  readonly names: Names
  readonly enrolment: RecordOf<'enrolment'>
  readonly unitNames: Names
  readonly zone: string
  readonly span: Interval
  readonly result: InstrumentResult
  readonly sums: RecordSums
}

/** Puts results together; rows of the scope stand first. */
export function figureSheet(
  head: Omit<FigureSheet, 'rows' | 'instruments'>,
  instruments: readonly SheetInstrument[],
  fleet: FleetFigures,
): FigureSheet {
  const ordered = instruments.toSorted((a, b) => (a.key < b.key ? -1 : 1))
  const one = ordered.length === 1 ? ordered[0] : undefined
  const whole = one?.key === head.scope
  const rows = [
    ...(whole ? [] : fleetRows({ of: head.scope, names: {} }, fleet)),
    ...(whole ? [] : countRows({ of: head.scope, names: {} }, fleet.figures, addSums(ordered))),
    ...ordered.flatMap(({ key: of, names, result, sums }) => [
      ...kpiRows({ of, names }, result.figures),
      ...countRows({ of, names }, result.figures, sums),
    ]),
  ]
  return { ...head, rows, instruments: ordered }
}

/** Sums of what adds up; distinct counts (projects, organisations) do not, and are left out of a scope's rows. */
function addSums(all: readonly SheetInstrument[]): Partial<RecordSums> {
  const sum = (of: (sums: RecordSums) => number) => all.reduce((total, { sums }) => total + of(sums), 0)
  return {
    samples: sum((one) => one.samples),
    incomeInsideFen: sum((one) => one.incomeInsideFen),
    incomeOutsideFen: sum((one) => one.incomeOutsideFen),
    incomeUnknownFen: sum((one) => one.incomeUnknownFen),
    voucherFen: sum((one) => one.voucherFen),
    subsidyFen: sum((one) => one.subsidyFen),
    coreMs: sum((one) => one.coreMs),
    jobs: sum((one) => one.jobs),
  }
}
