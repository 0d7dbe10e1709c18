import { accept, type Decoded, refuse } from '@hours/protocol'
import { readTable, type TableRow } from '../sessions/csv-table.ts'
import type { FileCode } from '../sessions/file-text.ts'
import { fault, type RowFault } from '../sessions/row-fault.ts'
import { type Column, columnOf, neededColumns, type RegistryKind, registryKinds } from './registry-columns.ts'

/** A row of a register: cells by their columns, read when it is known whose local times they are. */
export interface RegistryRow {
  readonly line: number
  readonly cells: ReadonlyMap<Column, string>
  readonly fault?: RowFault
}

export interface RegistryFile {
  readonly kind: RegistryKind
  readonly rows: AsyncIterable<RegistryRow>
  /** Headings that mean nothing here. */
  readonly ignored: readonly string[]
}

/** A register as CSV with a heading; what it is a register of is said, or seen by its columns. */
export function readRegistry(text: string, wanted?: RegistryKind): Decoded<RegistryFile, FileCode> {
  const table = readTable(text)
  if (!table.ok) return table
  const { heading, rows } = table.value
  const kind = wanted ?? registryKinds.find((one) => lacking(one, heading).length === 0)
  if (!kind)
    return refuse(
      'bad_header',
      `"${heading.join(', ').slice(0, 200)}": the columns are those of no register; ${howTo()}`,
    )
  const columns = heading.map((name) => columnOf(kind, name))
  const lacks = lacking(kind, heading)
  if (lacks.length > 0) return refuse('bad_header', `${kind}: column ${lacks.join(', ')} is missing`)
  const twice = columns.find((one, i) => one !== undefined && columns.indexOf(one) !== i)
  if (twice) {
    const both = heading.filter((_, i) => columns[i] === twice)
    return refuse('bad_header', `columns ${both.join(', ')} mean the same; rename all but one of them`)
  }
  const ignored = heading.filter((name, i) => columns[i] === undefined && name !== '')
  return accept({ kind, ignored, rows: rowsOf(rows, columns) })
}

/** Needed columns that no heading names. */
function lacking(kind: RegistryKind, heading: readonly string[]): string[] {
  const paths = new Set(heading.map((name) => columnOf(kind, name)?.path))
  return neededColumns[kind].filter((path) => !paths.has(path))
}

const howTo = () =>
  registryKinds.map((kind) => `${kind} needs ${neededColumns[kind].map(nameOf).join(', ')}`).join('; ')
const nameOf = (path: string) => (path === 'weekly.1' ? 'mon' : path)

async function* rowsOf(
  rows: AsyncIterable<TableRow>,
  columns: readonly (Column | undefined)[],
): AsyncGenerator<RegistryRow> {
  for await (const row of rows) {
    if ('fault' in row) {
      yield { line: row.line, cells: new Map(), fault: row.fault }
      continue
    }
    const cells = new Map<Column, string>()
    for (const [i, column] of columns.entries()) {
      const cell = plainCell(row.cells[i])
      if (column && cell !== '') cells.set(column, cell)
    }
    yield { line: row.line, cells }
  }
}

/** Our own exports put an apostrophe before what a spreadsheet would run; read back, it is gone. */
const plainCell = (cell = '') => cell.trim().replace(/^'(?=\s*[=+\-@\uFF1D\uFF0B\uFF0D\uFF20])/, '')

/** The row as the API would be told it: nested by the paths of its columns; what cannot be read is added to `faults`. */
export function toldBy(
  { cells }: RegistryRow,
  zone: string,
  faults: RowFault[],
): Record<string, unknown> & { settings?: Record<string, unknown> } {
  const told: Record<string, unknown> = {}
  for (const [column, text] of cells) {
    const read = column.read(text, zone)
    if (read.ok) put(told, column.path.split('.'), read.value)
    else faults.push(fault(column.path, text, read.reason, read.fix))
  }
  return told
}

function put(into: Record<string, unknown>, [name = '', ...rest]: readonly string[], value: unknown): void {
  if (rest.length === 0) {
    into[name] = value
    return
  }
  const below = (into[name] ??= {}) as Record<string, unknown>
  put(below, rest, value)
}
