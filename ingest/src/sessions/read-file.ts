import { type Decoded, refuse } from '@hours/protocol'
import type { DraftKind } from './drafted.ts'
import type { FileCode } from './file-text.ts'
import type { ImportRows } from './plan.ts'
import { readCsv } from './read-csv.ts'
import { readIcal } from './read-ical.ts'
import { readJson } from './read-json.ts'
import { readNrii } from './read-nrii.ts'
import { readSacct } from './read-sacct.ts'

export const formats = ['csv', 'ical', 'nrii', 'sacct', 'json'] as const
export type Format = (typeof formats)[number]

export interface ReadOptions {
  /** What a row is, where the format does not say; default session, for a calendar booking. */
  readonly kind?: DraftKind
  /** Present, Unix ms: recurring events are written out up to a year from it. */
  readonly now: number
  /** Name of a Slurm cluster, where the file does not name it. */
  readonly cluster?: string
}

/** A file as rows that are not judged yet, and what of it nobody has a use for. */
export interface FileRows {
  readonly rows: ImportRows
  readonly ignored: readonly string[]
}

export type Read = Decoded<FileRows, FileCode>

const readers: Readonly<Record<Format, (text: string, options: ReadOptions) => Read>> = {
  csv: readCsv,
  ical: readIcal,
  nrii: readNrii,
  sacct: readSacct,
  json: readJson,
}

export const readFile = (text: string, format: Format, options: ReadOptions): Read =>
  readers[format](text, options)

/** The format by content type, else by how the text begins; refused where neither says. */
export function formatOf(text: string, contentType = ''): Decoded<Format, FileCode> {
  const type = contentType.split(';')[0]?.trim().toLowerCase() ?? ''
  const begin = text.trimStart().slice(0, 2_000)
  if (type === 'text/calendar' || /^BEGIN:VCALENDAR/i.test(begin)) return { ok: true, value: 'ical' }
  if (type === 'application/json' || /^[[{]/.test(begin))
    return { ok: true, value: /"(recordInnerId|serviceDirection)"/.test(begin) ? 'nrii' : 'json' }
  const [head = ''] = begin.split(/\r?\n/, 1)
  if (/\bJobID\b/.test(head) && /\bStart\b/.test(head)) return { ok: true, value: 'sacct' }
  if (/[,;\t|]/.test(head)) return { ok: true, value: 'csv' }
  return refuse(
    'bad_format',
    `nothing says what this is (content type "${type.slice(0, 60)}"); add format=${formats.join('|')}`,
  )
}
