import { finished } from 'node:stream/promises'
import { accept, type Decoded, refuse } from '@hours/protocol'
import { CsvError, parse } from 'csv-parse'
import { parse as parseNow } from 'csv-parse/sync'
import type { FileCode } from './file-text.ts'
import { fault, type RowFault } from './row-fault.ts'

/** A cell is text of a person, not a document: a record longer than this is a quote that nobody closed. */
const maxRecord = 64 * 1024
const maxColumns = 200
const chunk = 64 * 1024

export type TableRow =
  | { readonly line: number; readonly cells: readonly string[] }
  | { readonly line: number; readonly fault: RowFault }

export interface Table {
  readonly heading: readonly string[]
  readonly rows: AsyncIterable<TableRow>
}

/** Delimited text (RFC 4180; comma, semicolon, tab or bar, with or without BOM), read while its rows are used. */
export function readTable(text: string): Decoded<Table, FileCode> {
  const delimiter = delimiterOf(text)
  let heading: string[] | undefined
  try {
    const options = { delimiter, bom: true, to: 1, relax_column_count: true, skip_empty_lines: true }
    const first: unknown[] = parseNow(text.slice(0, maxRecord), options)
    heading = first[0] as string[] | undefined
  } catch (cause) {
    return refuse('bad_header', `the first line cannot be read: ${textOf(cause)}`)
  }
  if (!heading || heading.length > maxColumns)
    return refuse('bad_header', `the first line has to name the columns, at most ${maxColumns} of them`)
  return accept({
    heading: heading.map((name) => name.trim()),
    rows: rowsOf(text, delimiter, heading.length),
  })
}

async function* rowsOf(text: string, delimiter: string, width: number): AsyncGenerator<TableRow> {
  // Rows are taken as they are met: a fault later in the file would throw away what the stream still holds.
  const met: TableRow[] = []
  let heading = true
  const parser = parse({
    delimiter,
    bom: true,
    relax_column_count: true,
    skip_empty_lines: true,
    max_record_size: maxRecord,
    on_record(record: string[], { lines }) {
      const line = lines - record.reduce((sum, cell) => sum + newlines(cell), 0)
      if (!heading && record.some((cell) => cell.trim() !== '')) met.push(rowOf(line, record, width))
      heading = false
      return null
    },
  })
  let failure: unknown
  parser.on('error', (error) => (failure = error)).resume()
  for (const part of chunksOf(Buffer.from(text))) {
    if (!parser.writable) break
    parser.write(part)
    yield* met.splice(0)
  }
  if (parser.writable) parser.end()
  await finished(parser).catch((error: unknown) => (failure = error))
  yield* met.splice(0)
  if (failure !== undefined) yield brokenOff(failure)
}

function brokenOff(cause: unknown): TableRow {
  const line = cause instanceof CsvError ? Number(cause['lines'] ?? 1) : 1
  const reason = `the table breaks off here (${textOf(cause)}); this row and those after it were not read`
  const fix = 'close the quote, and send the file again: rows that were taken are known'
  return { line, fault: fault('row', '', reason, fix) }
}

function rowOf(line: number, record: readonly string[], width: number): TableRow {
  const extra = record.slice(width).filter((cell) => cell.trim() !== '')
  if (extra.length === 0) return { line, cells: record }
  const reason = `${record.length} cells, but the first line names ${width} columns`
  return {
    line,
    fault: fault('row', extra.join(' '), reason, 'put quotes around cells that hold the delimiter'),
  }
}

function* chunksOf(bytes: Buffer): Generator<Buffer> {
  for (let at = 0; at < bytes.length; at += chunk) yield bytes.subarray(at, at + chunk)
}

const newlines = (cell: string) => cell.split('\n').length - 1

/** The delimiter that the first line has most of, quoted parts left out. */
function delimiterOf(text: string): string {
  const begin = text
    .replace(/^\uFEFF/, '')
    .trimStart()
    .slice(0, maxRecord)
  const head = begin.replaceAll(/"[^"]*"/g, '').split(/\r?\n/, 1)[0] ?? ''
  const counted = [',', ';', '\t', '|'].map((one) => [one, head.split(one).length] as const)
  return counted.toSorted((a, b) => b[1] - a[1])[0]?.[0] ?? ','
}

const textOf = (cause: unknown) => (cause instanceof Error ? cause.message : String(cause)).slice(0, 160)
