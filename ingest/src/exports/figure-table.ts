import { printed, printedText, printedUnit } from '@hours/protocol'
import { csvOf } from '../api/csv.ts'
import type { FigureSheet } from './figure-sheet.ts'

/** Columns of the CSV and XLSX of figures: printed values first, then the exact ones. */
export const figureColumns = [
  'data',
  'period',
  'of',
  'name_zh',
  'name_en',
  'kpi',
  'unit',
  'value',
  'lower',
  'upper',
  'denominator',
  'coverage_pct',
  'grade',
  'exact_unit',
  'exact_value',
  'exact_lower',
  'exact_upper',
] as const

/** The rows of a sheet as a table; numbers stay numbers. */
export function figureCells(sheet: FigureSheet): (string | number | null)[][] {
  const data = sheet.simulated ? 'SIMULATED' : 'measured'
  return sheet.rows.map((row) => [
    ...[data, sheet.period, row.of, row.names.zh ?? null, row.names.en ?? null],
    ...[row.kpi, printedUnit[row.unit]],
    ...[printed(row.value, row.unit), printed(row.lower, row.unit), printed(row.upper, row.unit)],
    ...[row.denominator, printed(row.coverage, 'share'), row.grade],
    ...[row.unit, row.value, row.lower, row.upper],
  ])
}

/** RFC 4180, all decimals printed; the value of what has none is `n/a`, never 0. */
export function figuresCsv(sheet: FigureSheet): Buffer {
  const bounds = ['lower', 'upper'] as const
  const rows = figureCells(sheet).map((cells, i) => {
    const row = sheet.rows[i]
    if (!row) return cells
    const texts = new Map<number, string>([
      [figureColumns.indexOf('value'), printedText(row.value, row.unit)],
      ...bounds.flatMap((bound): [number, string][] =>
        row[bound] === null ? [] : [[figureColumns.indexOf(bound), printedText(row[bound], row.unit)]],
      ),
    ])
    return cells.map((cell, j) => texts.get(j) ?? cell)
  })
  return Buffer.from(csvOf({ head: figureColumns, rows }))
}

/** The sheet as JSON: exact values with their definitions, the same bytes for the same figures. */
export function figuresJson(sheet: FigureSheet): Buffer {
  const { instruments: _, ...body } = sheet
  return Buffer.from(`${JSON.stringify(body, null, 1)}\n`)
}
