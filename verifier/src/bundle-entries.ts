import { maxEntryBytes, type Position } from '@hours/ledger'
import { bundleFiles, logStream } from '@hours/protocol'
import type { BundleFiles } from './bundle-files.ts'
import { createPlaceTable, type PlacedLine, type PlaceTable } from './place-table.ts'
import type { Problems } from './problem.ts'

/** An entry of the log as a bundle shows it: its bytes, or of a record of others only its digest. */
export interface ShownEntry {
  readonly position: Position
  readonly bytes: Uint8Array
  /** Of a hidden record: its stream and digest; then `bytes` are empty. */
  readonly hidden?: { readonly stream: string; readonly digest: string }
}

/** What a bundle shows of the log. */
export interface ShownEntries {
  readonly total: number
  /** In log order. */
  entries(): Generator<ShownEntry>
}

const linesForm = /^(?:gateways\/[a-z0-9-]{1,40}\/\d{4}-\d{2}-\d{2}|records\/[a-z0-9-]{1,40})\.jwsl$/
/** `#` and a SHA-256; no signed record is as short. */
const digestBytes = 44
const lineBounds = { least: digestBytes, most: maxEntryBytes }
/** `2026/0` to 15 digits. */
const placeBounds = { least: 6, most: 20 }
/** More than a region's report of the largest size that is read can hold; what is kept of each is 28 bytes. */
const maxEntries = 40_000_000

/** Places all entries of a bundle; two at one place, lines without a place and the like become problems. */
export function placeEntries(files: BundleFiles, problems: Problems): ShownEntries {
  const names = files.names.filter((name) => name.endsWith('.jwsl'))
  const table = createPlaceTable()
  for (const [file, name] of names.entries()) {
    const before = table.count
    if (!linesForm.test(name)) problems.add('unreadable', name, 'no bundle has a file of this name')
    else if (table.count > maxEntries) problems.add('unreadable', name, `more than ${maxEntries} entries`)
    else if (!placeLines(files, name, { table, file })) {
      table.cut(before)
      problems.add('unreadable', name, 'its lines and their positions do not match, or one is none')
    }
  }
  return { total: table.count, entries: () => readEntries(files, { names, table, problems }) }
}

/** Reads a file of lines and the places beside it together; false when they do not fit. */
function placeLines(
  files: BundleFiles,
  name: string,
  { table, file }: { readonly table: PlaceTable; readonly file: number },
): boolean {
  const places = createPlaces()
  if (!files.eachLine(bundleFiles.positions(name), placeBounds, places.add)) return false
  let line = 0
  const isRead = files.eachLine(name, lineBounds, ({ length }, at) => {
    if (line === places.count()) return false
    table.add({ ...places.get(line), file, at, length })
    line += 1
    return true
  })
  return isRead && line === places.count()
}

/** The places beside one file, in order. */
function createPlaces() {
  let room = new Float64Array(512)
  let count = 0
  return {
    count: () => count / 2,
    get: (i: number) => ({ year: room[2 * i] ?? 0, index: room[2 * i + 1] ?? 0 }),
    add: (line: Uint8Array): boolean => {
      const [, year, index] = placeForm.exec(latin1.decode(line)) ?? []
      if (year === undefined || index === undefined || count / 2 > maxEntries) return false
      if (count === room.length) {
        const larger = new Float64Array(room.length * 2)
        larger.set(room)
        room = larger
      }
      room[count] = Number(year)
      room[count + 1] = Number(index)
      count += 2
      return true
    },
  }
}

const placeForm = /^(\d{4})\/(0|[1-9]\d{0,14})$/
const latin1 = new TextDecoder('latin1')
const digestForm = /^#([A-Za-z0-9_-]{43})$/

function* readEntries(
  files: BundleFiles,
  {
    names,
    table,
    problems,
  }: { readonly names: readonly string[]; readonly table: PlaceTable; readonly problems: Problems },
): Generator<ShownEntry> {
  let before: PlacedLine | undefined
  for (const number of table.inOrder()) {
    const placed = table.get(number)
    const { year, index } = placed
    if (before?.year === year && before.index === index)
      problems.add('proof', `${year}/${index}`, 'two lines say that they stand here')
    before = placed
    yield readEntry(files, names[placed.file] ?? '', placed)
  }
}

function readEntry(files: BundleFiles, name: string, { year, index, at, length }: PlacedLine): ShownEntry {
  const bytes = files.part(name, at, length)
  const position = { year, index }
  const digest = length === digestBytes ? digestForm.exec(latin1.decode(bytes))?.[1] : undefined
  const stream = digest === undefined ? undefined : streamOf(name)
  // Anywhere else a digest is an entry that cannot be read.
  if (digest === undefined || stream === undefined) return { position, bytes }
  return { position, bytes: new Uint8Array(), hidden: { stream, digest } }
}

/** The stream of a file of records; pages, openings and `time` records have none, and are always shown. */
function streamOf(name: string): string | undefined {
  const [, stream] = /^records\/([a-z0-9-]+)\.jwsl$/.exec(name) ?? []
  return stream === logStream ? undefined : stream
}
