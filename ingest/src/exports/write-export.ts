import { printedText } from '@hours/protocol'
import { badField, Problem } from '../api/problem.ts'
import type { FigureSheet } from './figure-sheet.ts'
import { figuresCsv, figuresJson } from './figure-table.ts'
import { figuresPdf } from './figures-pdf.ts'
import { nriiExport } from './nrii.ts'
import { sj3Rows, sj3Xlsx } from './sj3.ts'
import { figuresXlsx } from './workbook.ts'

/** Files that figures can be had as. */
export const exportFormats = ['csv', 'xlsx', 'json', 'pdf', 'sj3', 'nrii'] as const
export type ExportFormat = (typeof exportFormats)[number]

/** What forms ask for that no record says. */
export interface FormFields {
  /** SJ3: 5 characters. */
  readonly schoolCode?: string | undefined
  /** SJ3: who answers for leaving unattributed hours out. */
  readonly signedOffBy?: string | undefined
  /** NRII: the unit's code. */
  readonly insCode?: string | undefined
}

export interface ExportFile {
  readonly name: string
  readonly type: string
  readonly bytes: Buffer
}

const types: Readonly<Record<ExportFormat, readonly [string, string]>> = {
  csv: ['csv', 'text/csv; charset=utf-8'],
  xlsx: ['xlsx', 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet'],
  json: ['json', 'application/json; charset=utf-8'],
  pdf: ['pdf', 'application/pdf'],
  sj3: ['xlsx', 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet'],
  nrii: ['json', 'application/json; charset=utf-8'],
}

/** Fields that a format needs are asked for before anything is computed. Throws a Problem that names the field. */
export function checkFields(
  format: string,
  fields: FormFields & { readonly ruleset?: string | undefined; readonly parameters?: object | undefined },
): void {
  const { schoolCode, insCode, ruleset, parameters } = fields
  if (format === 'sj3' && schoolCode === undefined)
    throw badField('schoolCode', '', 'the 5 characters of the school, as the form wants them')
  if (format === 'nrii' && insCode === undefined)
    throw badField('insCode', '', 'the code of the unit on the national network')
  if (parameters === undefined) return
  const value = JSON.stringify(parameters)
  if (format !== 'pdf' && format !== 'xlsx')
    throw badField('parameters', value, 'pdf or xlsx; GET /api/v1/assessments is the same as JSON and CSV')
  if (ruleset === undefined) throw badField('parameters', value, 'ruleset says whose parameters they are')
}

/** A sheet as a file. Throws a Problem (409) where SJ3 has no place for hours that nobody is named for. */
export async function writeExport(
  sheet: FigureSheet,
  format: ExportFormat,
  fields: FormFields,
): Promise<ExportFile> {
  const [extension, type] = types[format]
  const of = sheet.assessment ? 'assessment' : 'figures'
  const subject = format === 'sj3' || format === 'nrii' ? format : of
  const safe = `${subject}-${sheet.scope}-${sheet.period}`.replace(/[^\w.-]+/g, '_')
  return { name: `${safe}.${extension}`, type, bytes: await bytesOf(sheet, format, fields) }
}

async function bytesOf(sheet: FigureSheet, format: ExportFormat, fields: FormFields): Promise<Buffer> {
  switch (format) {
    case 'csv':
      return figuresCsv(sheet)
    case 'xlsx':
      return figuresXlsx(sheet)
    case 'json':
      return figuresJson(sheet)
    case 'pdf':
      return figuresPdf(sheet)
    case 'sj3':
      return sj3(sheet, fields)
    case 'nrii':
      return nrii(sheet, fields)
  }
}

function sj3(sheet: FigureSheet, fields: FormFields): Promise<Buffer> {
  const { schoolCode = '', signedOffBy } = fields
  const rows = sj3Rows(sheet, { schoolCode, signedOffBy })
  if (rows.ok) return sj3Xlsx(rows.value)
  const left = rows.error.unattributed
  throw new Problem(409, 'SJ3 has no place for unattributed hours', {
    field: 'unattributed',
    value: left
      .slice(0, 20)
      .map(({ instrument, ms }) => `${instrument}: ${printedText(ms, 'ms')} h`)
      .join(', '),
    fix: 'record who used these hours, or send signedOffBy: who answers for leaving them out',
  })
}

function nrii(sheet: FigureSheet, { insCode = '' }: FormFields): Buffer {
  return Buffer.from(`${JSON.stringify(nriiExport(sheet, insCode), null, 1)}\n`)
}
