import { accept, refuse } from '@hours/protocol'
import { readTable, type TableRow } from './csv-table.ts'
import type { DraftKind } from './drafted.ts'
import type { ImportRow } from './plan.ts'
import type { Read, ReadOptions } from './read-file.ts'
import { fieldOf } from './vocabulary.ts'

/** CSV with a heading; columns by their English or Chinese names, in any order, unknown ones told and left out. */
export function readCsv(text: string, { kind = 'session' }: ReadOptions): Read {
  const table = readTable(text)
  if (!table.ok) return table
  const { heading, rows } = table.value
  const fields = heading.map(fieldOf)
  const twice = fields.find((field, i) => field !== undefined && fields.indexOf(field) !== i)
  if (twice !== undefined) {
    const both = heading.filter((_, i) => fields[i] === twice)
    return refuse('bad_header', `columns ${both.join(', ')} all mean "${twice}"; rename all but one of them`)
  }
  if (!fields.some((field) => field === 'from' || field === 'at'))
    return refuse(
      'bad_header',
      `"${heading.join(', ').slice(0, 200)}": no column says when; the first line has to name the columns, such as instrument,from,to,user,beneficiary,purpose`,
    )
  const ignored = heading.filter((name, i) => fields[i] === undefined && name !== '')
  return accept({ rows: rowsOf(rows, fields, kind), ignored })
}

async function* rowsOf(
  rows: AsyncIterable<TableRow>,
  fields: readonly (string | undefined)[],
  kind: DraftKind,
): AsyncGenerator<ImportRow> {
  for await (const row of rows) {
    if ('fault' in row) yield row
    else {
      const input: Record<string, string> = {}
      for (const [i, field] of fields.entries()) if (field !== undefined) input[field] = plain(row.cells[i])
      yield { line: row.line, kind, input }
    }
  }
}

/** Our own exports put an apostrophe before what a spreadsheet would run; read back, it is gone. */
const plain = (cell = '') => cell.trim().replace(/^'(?=\s*[=+\-@\uFF1D\uFF0B\uFF0D\uFF20])/, '')
