import writeXlsxFile, { type SheetData } from 'write-excel-file/node'
import { harmless } from '../api/csv.ts'
import { assessmentSheets } from './assessment-sheets.ts'
import { definitions, reading } from './definitions.ts'
import type { FigureSheet } from './figure-sheet.ts'
import { figureCells, figureColumns } from './figure-table.ts'
import { withFixedTimes } from './zip-times.ts'

export interface WorkbookSheet {
  readonly name: string
  /** Texts that this system made itself, such as digests, stand as they are: a Base64 root may well begin with `+`. */
  readonly isExact?: boolean
  readonly head: readonly string[]
  readonly rows: readonly (readonly (string | number | null)[])[]
}

/** Sheets as an .xlsx: the same bytes for the same cells; no text can become a formula (CWE-1236). */
export async function workbook(sheets: readonly WorkbookSheet[]): Promise<Buffer> {
  const made = sheets.map(({ name, head, rows, isExact = false }) => {
    // A cell of type text is never worked out; the apostrophe is for whoever saves the sheet as CSV.
    const text = (value: string) => ({ value: isExact ? value : harmless(value), type: String })
    const data: SheetData = [
      head.map((value) => ({ ...text(value), fontWeight: 'bold' as const })),
      ...rows.map((row) =>
        row.map((value) => {
          if (value === null || value === '') return null
          return typeof value === 'number' ? { value, type: Number } : text(value)
        }),
      ),
    ]
    return { data, sheet: name, stickyRowsCount: 1 }
  })
  return withFixedTimes(await writeXlsxFile(made).toBuffer())
}

/** Figures, what they mean, and what they were made from. */
export function figuresXlsx(sheet: FigureSheet): Promise<Buffer> {
  const used = new Set(sheet.rows.map(({ kpi }) => kpi))
  return workbook([
    ...(sheet.assessment ? assessmentSheets(sheet.assessment) : []),
    { name: 'figures', head: figureColumns, rows: figureCells(sheet) },
    {
      name: 'definitions',
      head: ['kpi', 'zh', 'en'],
      rows: [
        ...[...definitions].filter(([kpi]) => used.has(kpi)).map(([kpi, { zh, en }]) => [kpi, zh, en]),
        ['', reading.zh, reading.en],
      ],
    },
    { name: 'about', isExact: true, head: ['what', 'value'], rows: aboutRows(sheet) },
  ])
}

/** Where the figures come from, line by line. */
export function aboutRows(sheet: FigureSheet): (readonly [string, string])[] {
  const { scope, period, zone, from, to, checkpoint, simulated, ruleset, revision } = sheet
  return [
    ['data', simulated ? 'SIMULATED' : 'measured'],
    ['scope', scope],
    ['period', period],
    ['zone', zone],
    ['from', new Date(from).toISOString()],
    ['to', new Date(to).toISOString()],
    ['rule set', `${ruleset.id}@${ruleset.version} ${ruleset.hash}`],
    ['revision', revision === null ? 'n/a' : String(revision)],
    ['log', checkpoint?.origin ?? 'n/a'],
    ['log size', checkpoint ? String(checkpoint.size) : 'n/a'],
    ['log root', checkpoint?.root ?? 'n/a'],
  ]
}
