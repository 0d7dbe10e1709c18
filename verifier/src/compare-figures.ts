import { equalBytes, utf8 } from '@hours/ledger'
import { bundleFiles } from '@hours/protocol'
import { type FigureLine, figuresCsv } from '@hours/usage'
import type { BundleFiles } from './bundle-files.ts'
import type { Problems } from './problem.ts'

/** What a table may be longer than it should, so that the line that differs can be told. */
const spareBytes = 65_536
const cells = ['unit', 'value', 'lower', 'upper', 'denominator', 'coverage', 'grade'] as const

/** Stated figures against those made again, cell by cell; every difference is a problem that names both. */
export function compareFigures(
  stated: readonly FigureLine[],
  made: readonly FigureLine[],
  problems: Problems,
): number {
  const left = new Map(made.map((line) => [`${line.of} ${line.kpi}`, line]))
  let compared = 0
  for (const line of stated) {
    const name = `${line.of} ${line.kpi}`
    const own = left.get(name)
    if (!own || !left.delete(name)) {
      problems.add(
        'figure',
        name,
        'it is stated, but the evidence gives no such figure (or it is stated twice)',
      )
      continue
    }
    for (const cell of cells) {
      compared += 1
      if (line[cell] !== own[cell])
        problems.add(
          'figure',
          `${name} ${cell}`,
          `stated ${String(line[cell])}, the evidence gives ${String(own[cell])}`,
        )
    }
  }
  for (const name of left.keys()) problems.add('figure', name, 'the evidence gives it, but it is not stated')
  return compared
}

/** The table that people read must be, byte for byte, what the statement makes. */
export function compareCsv(files: BundleFiles, stated: readonly FigureLine[], problems: Problems): void {
  const name = bundleFiles.figures
  const made = figuresCsv(stated)
  const length = files.size(name)
  const bytes = files.read(name, 2 * made.length + spareBytes)
  if (!bytes) {
    const what =
      length === undefined ? 'it is not there' : `${length} bytes; the statement makes ${made.length}`
    problems.add('figure', name, what)
    return
  }
  if (equalBytes(bytes, utf8(made))) return
  const lines = new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes).split('\n')
  const own = made.split('\n')
  if (lines.length !== own.length)
    problems.add('figure', name, `${lines.length} lines; the statement has ${own.length}`)
  for (const [i, line] of own.entries())
    if (line !== lines[i])
      problems.add(
        'figure',
        `${name} line ${i + 1}`,
        `"${lines[i] ?? ''}" where the statement says "${line}"`,
      )
}
