import type { DatabaseSync } from 'node:sqlite'
import { type AccountedSpan, mergeClaims, type Recovery } from '@hours/ledger'
import type { Millis } from '@hours/protocol'
import type { InstrumentRow } from './instrument-table.ts'
import { type AccountRow, claimsOfRow, isSure, reportedBit } from './page-mark.ts'

/** What pages account for, read out of the index by the ledger's conflict rules. */
export interface AccountReader {
  /** Ascending, disjoint, cut to [from, to); what no page covers is left out. */
  spans(row: InstrumentRow, from: Millis, to: Millis): AccountedSpan[]
  /** Growth of counters across gaps that lie wholly in [from, to) and that no page knows anything about. */
  recovered(row: InstrumentRow, from: Millis, to: Millis): Recovery[]
  /** All of them, whatever other pages know. */
  gaps(row: InstrumentRow, from: Millis, to: Millis): Recovery[]
  /** Known time in [from, to) that pages tell with the lower grade of evidence, ms. */
  reported(row: InstrumentRow, from: Millis, to: Millis): Millis
  /** Begin of the first page and end of the last. */
  extent(row: InstrumentRow): { from: Millis; to: Millis } | undefined
}

export function createAccountReader(db: DatabaseSync): AccountReader {
  const overlapping = db.prepare(
    'SELECT start, stop, mark, state, spans FROM accounts WHERE instrument = ? AND start >= ? AND start < ? AND stop > ? ORDER BY start, year, idx',
  )
  const gapsIn = db.prepare(
    'SELECT start, stop, onms, runms, before, after FROM recoveries WHERE instrument = ? AND start >= ? AND start < ? AND stop <= ? ORDER BY start, chain',
  )
  const reportedIn = db.prepare(
    `SELECT start, stop, mark, state, spans FROM accounts WHERE instrument = ? AND start >= ? AND start < ? AND stop > ? AND (mark & ${reportedBit}) <> 0 ORDER BY start, year, idx`,
  )
  const first = db.prepare('SELECT min(start) AS start FROM accounts WHERE instrument = ?')

  function spans(row: InstrumentRow, from: Millis, to: Millis): AccountedSpan[] {
    const rows = overlapping.all(row.id, from - row.longest, to, from) as unknown as AccountRow[]
    const cut: AccountedSpan[] = []
    for (const span of mergeClaims(rows.flatMap(claimsOfRow))) {
      const a = Math.max(span.from, from)
      const b = Math.min(span.to, to)
      if (a < b) cut.push(a === span.from && b === span.to ? span : { ...span, from: a, to: b })
    }
    return cut
  }

  function gaps(row: InstrumentRow, from: Millis, to: Millis): Recovery[] {
    return gapsIn
      .all(row.id, from, to, to)
      .filter((gap) => isSure(Number(gap['before'])) && isSure(Number(gap['after'])))
      .map((gap) => ({
        from: Number(gap['start']),
        to: Number(gap['stop']),
        onMs: Number(gap['onms']),
        runMs: Number(gap['runms']),
      }))
  }

  return {
    spans,
    gaps,
    recovered: (row, from, to) =>
      gaps(row, from, to).filter(
        (gap) => !spans(row, gap.from, gap.to).some(({ state }) => state !== 'unknown'),
      ),
    reported(row, from, to) {
      const rows = reportedIn.all(row.id, from - row.longest, to, from) as unknown as AccountRow[]
      return mergeClaims(rows.flatMap(claimsOfRow)).reduce(
        (sum, span) =>
          span.state === 'unknown'
            ? sum
            : sum + Math.max(0, Math.min(span.to, to) - Math.max(span.from, from)),
        0,
      )
    },
    extent(row) {
      const start = first.get(row.id)?.['start']
      return typeof start === 'number' && row.latest > start ? { from: start, to: row.latest } : undefined
    },
  }
}
