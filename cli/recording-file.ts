import { createReadStream, openSync, closeSync, readSync, statSync } from 'node:fs'
import { constants, createGunzip, gunzipSync } from 'node:zlib'
import { createRowReader, detectTimeFormat, type RowReject, type Sample, timeReader } from '@hours/sensing'
import { parse } from 'csv-parse'
import { parse as parseNow } from 'csv-parse/sync'
import { createSorter, isDisordered } from './row-order.ts'

/** How the columns of a recording are to be read. */
export interface RecordingOptions {
  readonly time: string
  readonly power: string
  readonly zone: string
  readonly delimiter?: string | undefined
  readonly header: boolean
  readonly timeFormat?: string | undefined
}

/** A wish that cannot be met as it was typed: exit code 2. */
export class UsageError extends Error {}

/** A recording whose columns and formats are settled; rows are streamed, and held only where they must be sorted. */
export interface Recording {
  readonly timeFormat: string
  /** Which of both was taken for the first where no number of the first rows can only be a day. */
  readonly orderTaken: 'day' | 'month' | undefined
  /** A file is not in the order of time, and is sorted before it is read. */
  readonly sorted: boolean
  /** Median distance of the first rows, ms. */
  readonly intervalMs: number
  /** Streams every row of every file, in the order of their first times; `progress` is told bytes read of all. */
  read(
    onRow: (row: Sample | RowReject) => void,
    progress?: (done: number, total: number) => void,
  ): Promise<void>
}

interface File {
  readonly path: string
  readonly gzip: boolean
  readonly bytes: number
  /** Lines before the header, which a logger writes of itself. */
  readonly line: number
  readonly delimiter: string
  readonly time: number
  readonly power: number
  readonly head: readonly (readonly string[])[]
}

const headBytes = 65_536

/** Settles formats from the first rows of each file. Throws UsageError for columns, zones and formats that do not fit. */
export function openRecording(paths: readonly string[], options: RecordingOptions): Recording {
  const files = paths.map((path) => inspect(path, options))
  const times = files.flatMap((file) => file.head.map((row) => (row[file.time] ?? '').trim()))
  if (times.length === 0)
    throw new Error(`${paths.join(', ')}: no rows. Fix: name a file with at least one row.`)
  const timeFormat = options.timeFormat ?? detectTimeFormat(times)
  if (timeFormat === undefined)
    throw new UsageError(
      `--time ${options.time}: "${times[0] ?? ''}" is in no known format. Fix: --time-format 'dd/MM/yyyy HH:mm:ss' or the like.`,
    )
  const open = () => {
    const reader = timeReader(timeFormat, zoneChecked(options.zone))
    if (reader) return createRowReader(reader)
    throw new UsageError(
      `--time-format "${timeFormat}": needs year, month and day. Fix: yyyy, MM, dd, HH, mm, ss; or iso, epoch-s, epoch-ms.`,
    )
  }
  const firstRows = new Map(files.map((file) => [file, heads(file, open())]))
  const disordered = new Set(files.filter((file) => isDisordered(firstRows.get(file) ?? [])))
  const firstOf = (file: File) => firstRows.get(file)?.[0] ?? 0
  const order = [...files].sort((a, b) => firstOf(a) - firstOf(b))
  return {
    timeFormat,
    orderTaken: options.timeFormat === undefined ? orderTaken(timeFormat, times) : undefined,
    sorted: disordered.size > 0,
    intervalMs: median(
      files.flatMap((file) => distances(firstRows.get(file)?.toSorted((a, b) => a - b) ?? [])),
    ),
    async read(onRow, progress) {
      const rows = open()
      const total = files.reduce((sum, file) => sum + file.bytes, 0)
      let done = 0
      for (const file of order) {
        const sorter = disordered.has(file) ? createSorter() : undefined
        await stream(
          file,
          options.header,
          (cells) => {
            const row = rows.read(cells[file.time], cells[file.power])
            if (sorter && typeof row !== 'string') sorter.push(row)
            else onRow(row)
          },
          (bytes) => progress?.(done + bytes, total),
        )
        sorter?.each(onRow)
        done += file.bytes
      }
    },
  }
}

function orderTaken(timeFormat: string, times: readonly string[]): Recording['orderTaken'] {
  const order = /^(dd|MM)\W(dd|MM)\W/.exec(timeFormat)
  const days = times.flatMap((time) => time.split(/\D+/, 2)).filter((number) => Number(number) > 12)
  if (!order || days.length > 0) return undefined
  return order[1] === 'dd' ? 'day' : 'month'
}

function zoneChecked(zone: string): string {
  try {
    Temporal.Instant.fromEpochMilliseconds(0).toZonedDateTimeISO(zone)
    return zone
  } catch {
    throw new UsageError(
      `--zone "${zone}": not an IANA zone. Fix: such as Asia/Shanghai, Europe/Berlin or UTC.`,
    )
  }
}

function inspect(path: string, options: RecordingOptions): File {
  let bytes: number
  let raw: Buffer
  try {
    bytes = statSync(path).size
    raw = readStart(path)
  } catch (cause) {
    throw new Error(
      `${path}: ${cause instanceof Error ? cause.message : 'unreadable'}. Fix: name a readable .csv or .csv.gz file.`,
      { cause },
    )
  }
  const gzip = raw[0] === 0x1f && raw[1] === 0x8b
  const text = (gzip ? gunzipSync(raw, { finishFlush: constants.Z_SYNC_FLUSH }) : raw).toString('utf8')
  // The last line of the piece may be cut.
  const whole = bytes > headBytes ? text.slice(0, text.lastIndexOf('\n') + 1) : text
  const line = options.header ? headerLine(whole, options) : 0
  const body = whole.split('\n').slice(line).join('\n')
  const delimiter = options.delimiter ?? sniff(body)
  const rows = parseNow(body, { ...csv, delimiter, to: 2_000 })
  const names = options.header ? (rows[0] ?? []) : []
  const width = rows[0]?.length ?? 0
  const at = (flag: string, wanted: string) => column(flag, wanted, names, width, path)
  return {
    path,
    gzip,
    bytes,
    line,
    delimiter,
    time: at('--time', options.time),
    power: at('--power', options.power),
    head: options.header ? rows.slice(1) : rows,
  }
}

function readStart(path: string): Buffer {
  const file = openSync(path, 'r')
  try {
    const buffer = Buffer.alloc(headBytes)
    return buffer.subarray(0, readSync(file, buffer, 0, headBytes, 0))
  } finally {
    closeSync(file)
  }
}

/** The first of 50 lines that names both columns; 0 where none does. */
function headerLine(text: string, { time, power, delimiter }: RecordingOptions): number {
  const wanted = [time, power].map((name) => name.trim().toLowerCase())
  const line = text.split('\n', 50).findIndex((one) => {
    const cells = one.replace(/^\uFEFF/, '').split(delimiter ?? sniff(one))
    const names = new Set(
      cells.map((cell) =>
        cell
          .trim()
          .replace(/^"(.*)"$/, '$1')
          .trim()
          .toLowerCase(),
      ),
    )
    return wanted.every((name) => names.has(name))
  })
  return Math.max(0, line)
}

const csv = { bom: true, relax_column_count: true, relax_quotes: true, skip_empty_lines: true } as const

function sniff(text: string): string {
  const line = text.split('\n', 1)[0] ?? ''
  const count = (mark: string) => line.split(mark).length
  return [';', '\t', '|', ','].reduce((best, mark) => (count(mark) > count(best) ? mark : best), ',')
}

function column(flag: string, wanted: string, names: readonly string[], width: number, path: string): number {
  const trimmed = names.map((name) => name.trim())
  for (const index of [
    trimmed.indexOf(wanted),
    trimmed.findIndex((name) => name.toLowerCase() === wanted.toLowerCase()),
  ])
    if (index >= 0) return index
  const number = Number(wanted)
  if (Number.isInteger(number) && number >= 1 && number <= width) return number - 1
  const has =
    trimmed.length > 0
      ? `its columns are ${trimmed.join(', ')}`
      : `it has ${width} columns; name one by its number from 1`
  throw new UsageError(`${flag} "${wanted}": no such column in ${path}; ${has}.`)
}

function heads(file: File, rows: ReturnType<typeof createRowReader>): number[] {
  return file.head.flatMap((row) => {
    const read = rows.read(row[file.time], row[file.power])
    return typeof read === 'string' ? [] : [read.at]
  })
}

const distances = (times: readonly number[]): number[] =>
  times
    .slice(1)
    .map((at, i) => at - (times[i] ?? at))
    .filter((step) => step > 0)

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 1_000
}

async function stream(
  file: File,
  header: boolean,
  onRow: (row: readonly string[]) => void,
  onBytes: (bytes: number) => void,
): Promise<void> {
  const source = createReadStream(file.path)
  const unpacked = file.gzip ? source.pipe(createGunzip()) : source
  const parser = unpacked.pipe(
    parse({ ...csv, delimiter: file.delimiter, from_line: file.line + 1, from: header ? 2 : 1 }),
  )
  for (const one of [source, unpacked]) one.on('error', (error: Error) => parser.destroy(error))
  let rows = 0
  try {
    for await (const row of parser as AsyncIterable<string[]>) {
      onRow(row)
      rows += 1
      if (rows % 20_000 === 0) onBytes(source.bytesRead)
    }
  } catch (cause) {
    throw new Error(
      `${file.path}: ${cause instanceof Error ? cause.message : 'unreadable'} after ${rows} rows. Fix: is the file whole?`,
      { cause },
    )
  }
  onBytes(file.bytes)
}
