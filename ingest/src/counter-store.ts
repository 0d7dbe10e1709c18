import type { DatabaseSync } from 'node:sqlite'
import { type CounterTally, DAY, type InstrumentKey, type Millis } from '@hours/protocol'
import type { CounterReader, CounterSum } from './ports.ts'

/** Days of tallies kept, as of power. */
const maxDays = 800
/** A gateway begins a new tally each day; one that is longer is none of a gateway's. */
const longest = DAY + 3_600_000

/** The store, with its write-behind: heartbeats are no evidence, so a kill may lose the last minute of them. */
export interface CounterStore extends CounterReader {
  /** The newest word on the tally that began at `from`; what it said before is replaced. */
  put(key: InstrumentKey, tally: CounterTally): void
  flush(): void
}

const kinds = ['energy', 'on', 'run'] as const
const columns = kinds.flatMap((kind) => [`${kind}_ours`, `${kind}_theirs`] as const)
type Row = Readonly<Record<(typeof columns)[number], number | null>>

const rowOf = (tally: CounterTally): Row =>
  Object.fromEntries(
    kinds.flatMap((kind) => [
      [`${kind}_ours`, tally[kind]?.ours ?? null],
      [`${kind}_theirs`, tally[kind]?.theirs ?? null],
    ]),
  ) as Row

/** What devices counted for themselves beside what gateways made of their readings, a row a day and after each restart of a gateway. */
export function createCounterStore(db: DatabaseSync): CounterStore {
  const places = columns.map(() => '?').join(', ')
  const insert = db.prepare(`INSERT OR REPLACE INTO counters VALUES (?, ?, ?, ${places})`)
  const one = db.prepare(`SELECT ${columns.join(', ')} FROM counters WHERE instrument = ? AND start = ?`)
  const sums = columns.map((column) => `sum(${column}) AS ${column}`).join(', ')
  const select = db.prepare(
    `SELECT count(*) AS tallies, ${sums} FROM counters WHERE instrument = ? AND start >= ? AND start < ?`,
  )
  const old = db.prepare('DELETE FROM counters WHERE instrument = ? AND start < ?')
  /** By instrument and begin. */
  const pending = new Map<InstrumentKey, Map<Millis, CounterTally>>()

  function flush(): void {
    if (pending.size === 0) return
    db.exec('BEGIN')
    try {
      for (const [key, tallies] of pending)
        for (const tally of tallies.values()) {
          const row = rowOf(tally)
          insert.run(key, tally.from, tally.to, ...columns.map((column) => row[column]))
          old.run(key, tally.from - maxDays * DAY)
        }
      db.exec('COMMIT')
    } catch (error) {
      // A full disk has ended the transaction already.
      if (db.isTransaction) db.exec('ROLLBACK')
      throw error
    }
    pending.clear()
  }

  return {
    put(key, tally) {
      if (tally.to <= tally.from || tally.to - tally.from > longest) return
      if (!kinds.some((kind) => tally[kind])) return
      const known = pending.get(key) ?? new Map<Millis, CounterTally>()
      pending.set(key, known.set(tally.from, tally))
    },
    sum(key, from, to) {
      const { tallies, ...stored } = select.get(key, from, to) as Row & { readonly tallies: number }
      const total: CounterSum = { tallies, ...pairsOf(stored) }
      const news = [...(pending.get(key) ?? [])].filter(([begin]) => begin >= from && begin < to)
      return news.reduce((all, [begin, tally]) => {
        const before = one.get(key, begin) as Row | undefined
        const less = before ? { tallies: 1, ...pairsOf(before) } : undefined
        return added(added(all, less, -1), { tallies: 1, ...pairsOf(rowOf(tally)) })
      }, total)
    },
    flush,
  }
}

function pairsOf(row: Row): Omit<CounterSum, 'tallies'> {
  const pair = (kind: (typeof kinds)[number]) => {
    const [ours, theirs] = [row[`${kind}_ours`], row[`${kind}_theirs`]]
    return ours === null || theirs === null ? null : { ours, theirs }
  }
  return { energy: pair('energy'), on: pair('on'), run: pair('run') }
}

/** Two sums as one. */
export function added(one: CounterSum, other: CounterSum | undefined, sign: 1 | -1 = 1): CounterSum {
  if (!other) return one
  const pair = (kind: (typeof kinds)[number]) => {
    const [a, b] = [one[kind], other[kind]]
    if (!b) return a
    return { ours: (a?.ours ?? 0) + sign * b.ours, theirs: (a?.theirs ?? 0) + sign * b.theirs }
  }
  const tallies = one.tallies + sign * other.tallies
  return { tallies, energy: pair('energy'), on: pair('on'), run: pair('run') }
}
