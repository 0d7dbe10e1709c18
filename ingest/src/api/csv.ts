import type { FastifyReply, FastifyRequest } from 'fastify'

export type CsvCell = string | number | null

/** A table that a route offers as CSV as well. */
export interface CsvTable {
  readonly head: readonly string[]
  readonly rows: readonly (readonly CsvCell[])[]
}

/** RFC 4180 CSV with a BOM, so that spreadsheets read the Chinese; a cell can never become a formula (CWE-1236). */
export function csvOf({ head, rows }: CsvTable): string {
  const lines = [head, ...rows].map((row) => row.map(cell).join(','))
  return `\uFEFF${lines.join('\r\n')}\r\n`
}

/** What a spreadsheet takes for the begin of a formula, the full-width signs of East Asian ones included. */
const formula = /^[\s\u0000]*[=+\-@\uFF1D\uFF0B\uFF0D\uFF20]|^[\t\r\n]/

/** A text that no spreadsheet takes for a formula: one that begins like one gets an apostrophe. */
export const harmless = (value: string): string =>
  formula.test(value) && !/^-?\d+(\.\d+)?$/.test(value) ? `'${value}` : value

function cell(value: CsvCell): string {
  if (value === null) return ''
  if (typeof value === 'number') return String(value)
  const safe = harmless(value)
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe
}

/** `?format=` decides; without it `Accept: text/csv` does. */
export const wantsCsv = (request: FastifyRequest, format: 'json' | 'csv' | undefined): boolean =>
  format === 'csv' || (format === undefined && /^text\/csv\b/.test(request.headers.accept ?? ''))

/** Answers with the table as a file of this name. */
export function sendCsv(reply: FastifyReply, name: string, table: CsvTable): string {
  void reply
    .type('text/csv; charset=utf-8')
    .header('content-disposition', `attachment; filename="${name}.csv"`)
    .header('vary', 'accept')
  return csvOf(table)
}
