import type { Outcome } from './judge-site.ts'

const columns = [
  ['seed', (one: Outcome) => one.seed],
  ['faults', (one: Outcome) => one.faults],
  ['pages', (one: Outcome) => one.pages],
  ['doubled', (one: Outcome) => one.duplicates],
  ['reordered', (one: Outcome) => one.reordered],
  ['resent', (one: Outcome) => one.resent],
  ['connections', (one: Outcome) => one.connections],
  ['unknown min', (one: Outcome) => Math.round(one.unknownMs / 60_000)],
  ['lost ms', (one: Outcome) => one.lostMs],
  ['twice ms', (one: Outcome) => one.twiceMs],
  ['invented ms', (one: Outcome) => one.inventedMs],
  ['edge ms', (one: Outcome) => one.edgeMs],
] as const

/** Outcomes as people read them, with a line of sums. */
export function outcomeTable(outcomes: readonly Outcome[]): string {
  const rows = outcomes.map((one) => columns.map(([, of]) => of(one)))
  const sums = columns.map((_, i) => (i === 0 ? 'all' : rows.reduce((sum, row) => sum + (row[i] ?? 0), 0)))
  const cells = [columns.map(([name]) => name), ...rows, sums].map((row) => row.map(String))
  const widths = columns.map((_, i) => Math.max(...cells.map((row) => row[i]?.length ?? 0)))
  return cells.map((row) => row.map((cell, i) => cell.padStart(widths[i] ?? 0)).join('  ')).join('\n')
}
