import type { DatabaseSync } from 'node:sqlite'
import { type ChainState, emptyChain } from '@hours/ledger'
import type { Millis } from '@hours/protocol'
import type { Position } from '../ports.ts'

/** One (gateway, epoch) as projected. */
export interface ChainRow {
  readonly id: number
  readonly gateway: string
  readonly epoch: number
  state: ChainState
  received: number
  late: number
}

/** Chains and their pages. */
export interface ChainTable {
  find(gateway: string, epoch: number): ChainRow | undefined
  make(gateway: string, epoch: number): ChainRow
  /** Notes that the row has changed. */
  touch(row: ChainRow): void
  flush(): void
  of(gateway: string): readonly ChainRow[]
  addPage(row: ChainRow, page: StoredPage): void
  setMark(row: ChainRow, page: Pick<StoredPage, 'seq' | 'position' | 'mark'>): void
  digestsAt(gateway: string, epoch: number, seq: number): readonly string[]
  /** What was stored of the page at `position`. */
  judged(row: ChainRow, seq: number, position: Position): Pick<StoredPage, 'mark' | 'earliest'> | undefined
}

export interface StoredPage {
  readonly seq: number
  readonly position: Position
  readonly from: Millis
  readonly to: Millis
  readonly digest: string
  readonly mark: number
  /** R5: no page after the one before it can begin long before this. */
  readonly earliest: Millis | undefined
}

export function createChainTable(db: DatabaseSync): ChainTable {
  const rows = new Map<string, ChainRow>()
  for (const row of db.prepare('SELECT * FROM chains').all()) {
    const chain: ChainRow = {
      id: Number(row['id']),
      gateway: String(row['gateway']),
      epoch: Number(row['epoch']),
      // Written by `flush` below.
      state: JSON.parse(String(row['state'])) as ChainState,
      received: Number(row['received']),
      late: Number(row['late']),
    }
    rows.set(`${chain.gateway}/${chain.epoch}`, chain)
  }
  const changed = new Set<ChainRow>()
  const upsert = db.prepare('INSERT OR REPLACE INTO chains VALUES (?, ?, ?, ?, ?, ?)')
  const insertPage = db.prepare('INSERT INTO pages VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)')
  const updateMark = db.prepare(
    'UPDATE pages SET mark = ? WHERE chain = ? AND seq = ? AND year = ? AND idx = ?',
  )
  const digests = db.prepare('SELECT digest FROM pages WHERE chain = ? AND seq = ? ORDER BY year, idx')
  const judged = db.prepare(
    'SELECT mark, earliest FROM pages WHERE chain = ? AND seq = ? AND year = ? AND idx = ?',
  )

  return {
    find: (gateway, epoch) => rows.get(`${gateway}/${epoch}`),
    make(gateway, epoch) {
      const key = `${gateway}/${epoch}`
      const known = rows.get(key)
      if (known) return known
      const state = emptyChain(gateway, epoch)
      const row: ChainRow = { id: rows.size + 1, gateway, epoch, state, received: 0, late: 0 }
      rows.set(key, row)
      changed.add(row)
      return row
    },
    touch: (row) => void changed.add(row),
    flush() {
      for (const { id, gateway, epoch, state, received, late } of changed)
        upsert.run(id, gateway, epoch, JSON.stringify(state), received, late)
      changed.clear()
    },
    of: (gateway) => [...rows.values()].filter((row) => row.gateway === gateway),
    addPage(row, { seq, position, from, to, digest, mark, earliest }) {
      insertPage.run(row.id, seq, position.year, position.index, from, to, digest, mark, earliest ?? null)
    },
    setMark(row, { seq, position, mark }) {
      updateMark.run(mark, row.id, seq, position.year, position.index)
    },
    digestsAt(gateway, epoch, seq) {
      const row = rows.get(`${gateway}/${epoch}`)
      return row ? digests.all(row.id, seq).map(({ digest }) => String(digest)) : []
    },
    judged(row, seq, { year, index }) {
      const found = judged.get(row.id, seq, year, index)
      if (!found) return undefined
      const { mark, earliest } = found
      return { mark: Number(mark), earliest: typeof earliest === 'number' ? earliest : undefined }
    },
  }
}
