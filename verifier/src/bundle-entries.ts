import { comparePositions, maxEntryBytes, type Position } from '@hours/ledger'
import { bundleFiles, logStream } from '@hours/protocol'
import type { BundleFiles, Line } from './bundle-files.ts'
import type { Problems } from './problem.ts'

/** An entry of the log as a bundle shows it: its bytes, or of a record of others only its digest. */
export interface ShownEntry {
  readonly position: Position
  readonly bytes: Uint8Array
  /** Of a hidden record: its stream and digest; then `bytes` are empty. */
  readonly hidden?: { readonly stream: string; readonly digest: string }
}

interface Placed {
  readonly year: number
  readonly index: number
  readonly file: number
  readonly line: Line
}

const linesForm = /^(?:gateways\/[a-z0-9-]{1,40}\/\d{4}-\d{2}-\d{2}|records\/[a-z0-9-]{1,40})\.jwsl$/
const placeForm = /^(\d{4})\/(0|[1-9]\d{0,14})$/
const digestForm = /^#([A-Za-z0-9_-]{43})$/

/** All entries of a bundle in log order; two at one place, lines without a place and the like become problems. */
export function placeEntries(
  files: BundleFiles,
  problems: Problems,
): { total: number; entries(): Generator<ShownEntry> } {
  const names = files.names.filter((name) => name.endsWith('.jwsl'))
  const placed: Placed[] = []
  for (const [file, name] of names.entries()) {
    if (!linesForm.test(name)) {
      problems.add('unreadable', name, 'no bundle has a file of this name')
      continue
    }
    const places = placesOf(files, bundleFiles.positions(name))
    const lines = files.lines(name, maxEntryBytes)
    if (!lines || places?.length !== lines.length) {
      problems.add('unreadable', name, 'its lines and their positions do not match, or one is too long')
      continue
    }
    for (const [i, line] of lines.entries()) {
      const place = places[i]
      if (place) placed.push({ ...place, file, line })
    }
  }
  placed.sort(comparePositions)
  for (const [i, { year, index }] of placed.entries())
    if (i > 0 && placed[i - 1]?.year === year && placed[i - 1]?.index === index)
      problems.add('proof', `${year}/${index}`, 'two lines say that they stand here')

  function* entries(): Generator<ShownEntry> {
    for (const { year, index, file, line } of placed) {
      const name = names[file] ?? ''
      const bytes = files.line(name, line)
      const position = { year, index }
      const digest = line.length === 44 ? digestForm.exec(new TextDecoder().decode(bytes))?.[1] : undefined
      const stream = digest === undefined ? undefined : streamOf(name)
      // Anywhere else a digest is an entry that cannot be read.
      if (digest === undefined || stream === undefined) yield { position, bytes }
      else yield { position, bytes: new Uint8Array(), hidden: { stream, digest } }
    }
  }

  return { total: placed.length, entries }
}

/** The stream of a file of records; pages, openings and `time` records have none, and are always shown. */
function streamOf(name: string): string | undefined {
  const [, stream] = /^records\/([a-z0-9-]+)\.jwsl$/.exec(name) ?? []
  return stream === logStream ? undefined : stream
}

function placesOf(files: BundleFiles, name: string): { year: number; index: number }[] | undefined {
  const bytes = files.read(name, 64 * 1024 * 1024)
  if (!bytes) return undefined
  const lines = new TextDecoder().decode(bytes).split('\n')
  if (lines.pop() !== '') return undefined
  const places: { year: number; index: number }[] = []
  for (const line of lines) {
    const [, year, index] = placeForm.exec(line) ?? []
    if (year === undefined || index === undefined) return undefined
    places.push({ year: Number(year), index: Number(index) })
  }
  return places
}
