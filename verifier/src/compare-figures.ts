import { type FigureLine, figuresCsv } from '@hours/usage'
import type { Problems } from './problem.ts'

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

/** The table that people read must say what the statement says, in each line. */
export function compareCsv(
  bytes: Uint8Array | undefined,
  stated: readonly FigureLine[],
  problems: Problems,
): void {
  const lines = bytes && new TextDecoder().decode(bytes).split('\n')
  const own = figuresCsv(stated).split('\n')
  if (!lines) problems.add('figure', 'figures.csv', 'it is not there')
  else if (lines.length !== own.length)
    problems.add('figure', 'figures.csv', `${lines.length} lines; the statement has ${own.length}`)
  else
    for (const [i, line] of own.entries())
      if (line !== lines[i])
        problems.add(
          'figure',
          `figures.csv line ${i + 1}`,
          `"${lines[i] ?? ''}" where the statement says "${line}"`,
        )
}
