import type { FastifyReply, FastifyRequest } from 'fastify'
import { sentInTurns } from './sent-in-turns.ts'

export type CsvCell = string | number | null

/** A table that a route offers as CSV as well; rows may be made while they are sent. */
export interface CsvTable {
  readonly head: readonly string[]
  readonly rows: Iterable<readonly CsvCell[]>
}

/** RFC 4180 CSV with a BOM, so that spreadsheets read the Chinese; a cell can never become a formula (CWE-1236). */
export const csvOf = (table: CsvTable): string => [...partsOf(table)].join('')

/** Rows between two turns of the event loop. */
const rowsAPart = 200

function* partsOf({ head, rows }: CsvTable): Generator<string> {
  let part = `\uFEFF${lineOf(head)}`
  let count = 0
  for (const row of rows) {
    part += lineOf(row)
    count += 1
    if (count % rowsAPart > 0) continue
    yield part
    part = ''
  }
  yield part
}

const lineOf = (row: readonly CsvCell[]) => `${row.map(cell).join(',')}\r\n`

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

/**
 * Answers with the table as a file of this name, a part at a time. `next` is the cursor of what the answer leaves out, if
 * anything; `x-next-cursor` and `Link` say so, as a table itself has no place for it.
 */
export function sendCsv(
  reply: FastifyReply,
  name: string,
  table: CsvTable,
  next: string | null = null,
): string {
  void reply
    .type('text/csv; charset=utf-8')
    .header('content-disposition', `attachment; filename="${name}.csv"`)
    .header('vary', [reply.getHeader('vary'), 'accept'].filter((one) => one !== undefined).join(', '))
  if (next !== null) void reply.headers({ 'x-next-cursor': next, link: nextLink(reply.request.url, next) })
  const text = sentInTurns(partsOf(table))
  // A route whose schema says text may hand back the reply that is sending it.
  return reply.send(text) as unknown as string
}

/** The same question from the next row on (RFC 8288). */
function nextLink(url: string, next: string): string {
  const [path = '', query] = url.split('?', 2)
  const asked = new URLSearchParams(query)
  asked.set('cursor', next)
  return `<${path}?${asked.toString()}>; rel="next"`
}
