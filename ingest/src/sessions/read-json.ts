import { accept, refuse } from '@hours/protocol'
import { type DraftKind, draftKinds } from './drafted.ts'
import type { ImportRow } from './plan.ts'
import type { Read, ReadOptions } from './read-file.ts'
import { fault } from './row-fault.ts'

/** JSON: one record, a list of them, or `{"records": [...]}`; each may name its own `record` kind. */
export function readJson(text: string, { kind = 'session' }: ReadOptions): Read {
  let data: unknown
  try {
    data = JSON.parse(text)
  } catch (cause) {
    return refuse('bad_format', `not JSON: ${cause instanceof Error ? cause.message : String(cause)}`)
  }
  return accept({ rows: listOf(data).map((one, i) => jsonRow(one, i + 1, kind)), ignored: [] })
}

/** Values that have been parsed already, as a request's body has them. */
export const jsonRows = (data: unknown, kind: DraftKind): ImportRow[] =>
  listOf(data).map((one, i) => jsonRow(one, i + 1, kind))

function listOf(data: unknown): readonly unknown[] {
  if (Array.isArray(data)) return data
  if (typeof data === 'object' && data !== null && 'records' in data && Array.isArray(data.records))
    return data.records
  return [data]
}

function jsonRow(one: unknown, line: number, kind: DraftKind): ImportRow {
  if (typeof one !== 'object' || one === null || Array.isArray(one))
    return { line, fault: fault('record', one, 'not a JSON object', 'write {"instrument": ..., ...}') }
  const { record, ...input } = one as Record<string, unknown>
  const named = record === undefined ? kind : draftKinds.find((known) => known === record)
  if (named === undefined)
    return { line, fault: fault('record', record, 'no kind of record', `one of ${draftKinds.join(', ')}`) }
  return { line, kind: named, input }
}
