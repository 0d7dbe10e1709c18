import type { DatabaseSync } from 'node:sqlite'
import { type ChainState, type Counter, growthOutside, neighbours, type PageSummary } from '@hours/ledger'
import { type InstrumentId, instrumentKey, type Millis, type SiteId } from '@hours/protocol'
import type { ChainRow } from './chain-table.ts'
import type { InstrumentRow, InstrumentTable } from './instrument-table.ts'

/** Counter growth across the gaps of a chain: `onRecovered` (records.md, section 8). */
export interface RecoveryTable {
  /** Takes in an accepted page; returns the gaps whose recovery changed. */
  insert(chain: ChainRow, before: ChainState, page: PageSummary, site: SiteId): readonly Changed[]
  /** A page's mark has changed: the gaps beside it may count or no longer count. */
  remark(chain: ChainRow, page: { from: Millis; to: Millis; mark: number }): readonly Changed[]
}

export interface Changed {
  readonly row: InstrumentRow
  readonly from: Millis
  readonly to: Millis
}

const countersOf = (page: PageSummary) =>
  new Map([...page.carried, ...page.counters].map((counter) => [counter.id, counter]))

export function createRecoveryTable(db: DatabaseSync, instruments: InstrumentTable): RecoveryTable {
  const insertGap = db.prepare('INSERT OR REPLACE INTO recoveries VALUES (?, ?, ?, ?, ?, ?, ?, ?)')
  const removeGap = db.prepare('DELETE FROM recoveries WHERE instrument = ? AND start = ? AND chain = ?')
  const markOf = db.prepare(
    'SELECT mark FROM accounts WHERE instrument = ? AND start = ? AND chain = ? LIMIT 1',
  )
  const beside = db.prepare(
    'SELECT instrument, start, stop FROM recoveries WHERE chain = ? AND (start = ? OR stop = ?)',
  )
  const markBefore = db.prepare('UPDATE recoveries SET before = ? WHERE chain = ? AND start = ?')
  const markAfter = db.prepare('UPDATE recoveries SET after = ? WHERE chain = ? AND stop = ?')

  const markAt = (row: InstrumentRow, chain: ChainRow, { from }: Counter) =>
    Number(markOf.get(row.id, from, chain.id)?.['mark'] ?? 0)

  /** The gap between two statements of one counter, if it grew in it. */
  function put(row: InstrumentRow, chain: ChainRow, last: Counter, next: Counter): Changed | undefined {
    if (next.from <= last.to) return undefined
    const { on, run } = growthOutside(last, next)
    if (on <= 0) return undefined
    const length = next.from - last.to
    insertGap.run(
      row.id,
      last.to,
      chain.id,
      next.from,
      Math.min(on, length),
      Math.min(run, length),
      markAt(row, chain, last),
      markAt(row, chain, next),
    )
    return { row, from: last.to, to: next.from }
  }

  return {
    insert(chain, state, page, site) {
      const around = neighbours(state, page.seq)
      const before = around.before && countersOf(around.before.last)
      const after = around.after && new Map(around.after.first.counters.map((one) => [one.id, one]))
      const changed: Changed[] = []
      for (const counter of page.counters) {
        const row = instruments.make(instrumentKey(site, counter.id as InstrumentId))
        const last = before?.get(counter.id)
        const next = after?.get(counter.id)
        if (last && next) {
          removeGap.run(row.id, last.to, chain.id)
          changed.push({ row, from: last.to, to: next.from })
        }
        const gaps = [last && put(row, chain, last, counter), next && put(row, chain, counter, next)]
        changed.push(...gaps.filter((gap) => gap !== undefined))
      }
      return changed.filter(({ from, to }) => to > from)
    },
    remark(chain, { from, to, mark }) {
      const rows = new Map([...instruments.all()].map((row) => [row.id, row]))
      const changed = beside.all(chain.id, to, from).flatMap((gap) => {
        const row = rows.get(Number(gap['instrument']))
        return row ? [{ row, from: Number(gap['start']), to: Number(gap['stop']) }] : []
      })
      markBefore.run(mark, chain.id, to)
      markAfter.run(mark, chain.id, from)
      return changed
    },
  }
}
