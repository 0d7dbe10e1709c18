import type { DatabaseSync } from 'node:sqlite'
import type { AccountedSpan } from '@hours/ledger'
import type { Millis } from '@hours/protocol'
import type { AccountReader } from './account-reader.ts'
import { type CivilDay, civilDayAt, civilDays } from './civil-day.ts'
import type { InstrumentRow } from './instrument-table.ts'

/** Known time of one instrument and civil day, ms. */
export interface DayRow {
  readonly start: Millis
  readonly stop: Millis
  off: number
  standby: number
  run: number
  fault: number
  live: number
  late: number
  recovered: number
}

/** Daily rows: added to where pages come in order, made again where they do not. */
export interface DayTable {
  /** Adds spans that lie after everything the instrument has had so far. */
  add(row: InstrumentRow, spans: readonly AccountedSpan[], scope: DayScope): void
  /** Days that overlap [from, to) have to be made again from what pages account for. */
  spoil(row: InstrumentRow, from: Millis, to: Millis, scope: DayScope): void
  /** Removes all days of the instrument, for another zone or enrolment. */
  clear(row: InstrumentRow): void
  /** Makes the spoilt days again and writes all that changed; inside the projection's transaction. */
  flush(): void
  read(row: InstrumentRow, from: Millis, to: Millis): DayRow[]
}

/** How the instrument's days are cut: its zone, and when it is enrolled (ascending, disjoint). */
export interface DayScope {
  readonly zone: string
  readonly enrolled: readonly { readonly from: Millis; readonly to: Millis }[]
}

export const emptyDay = (day: Pick<CivilDay, 'from' | 'to'>): DayRow => ({
  start: day.from,
  stop: day.to,
  off: 0,
  standby: 0,
  run: 0,
  fault: 0,
  live: 0,
  late: 0,
  recovered: 0,
})

/** Adds the part of `span` that lies in [from, to) to `day`; unknown time is not kept, it follows from the rest. */
export function addSpan(day: DayRow, span: AccountedSpan, from: Millis, to: Millis): void {
  const length = Math.min(span.to, to) - Math.max(span.from, from)
  if (length <= 0 || span.state === 'unknown') return
  day[span.state] += length
  day[span.class] += length
}

export function createDayTable(db: DatabaseSync, accounts: AccountReader): DayTable {
  const upsert = db.prepare('INSERT OR REPLACE INTO days VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)')
  const one = db.prepare('SELECT * FROM days WHERE instrument = ? AND start = ?')
  const some = db.prepare(
    'SELECT * FROM days WHERE instrument = ? AND start >= ? AND start < ? ORDER BY start',
  )
  const remove = db.prepare('DELETE FROM days WHERE instrument = ?')
  const changed = new Map<number, Map<Millis, DayRow>>()
  const spoilt = new Map<InstrumentRow, Map<Millis, { day: CivilDay; scope: DayScope }>>()

  function dayRow(row: InstrumentRow, day: CivilDay): DayRow {
    const rows = changed.get(row.id) ?? new Map<Millis, DayRow>()
    changed.set(row.id, rows)
    const known = rows.get(day.from)
    if (known) return known
    const stored = one.get(row.id, day.from)
    const fresh = stored ? rowOf(stored) : emptyDay(day)
    rows.set(day.from, fresh)
    return fresh
  }

  function remake(row: InstrumentRow, day: CivilDay, scope: DayScope): void {
    const fresh = emptyDay(day)
    for (const span of accounts.spans(row, day.from, day.to))
      for (const part of scope.enrolled)
        addSpan(fresh, span, Math.max(day.from, part.from), Math.min(day.to, part.to))
    for (const gap of accounts.recovered(row, day.from, day.to)) fresh.recovered += gap.onMs
    const rows = changed.get(row.id) ?? new Map<Millis, DayRow>()
    changed.set(row.id, rows.set(day.from, fresh))
  }

  return {
    add(row, spans, { zone }) {
      for (const span of spans)
        for (let at = span.from; at < span.to; ) {
          const day = civilDayAt(zone, at)
          addSpan(dayRow(row, day), span, day.from, day.to)
          at = day.to
        }
    },
    spoil(row, from, to, scope) {
      const days = spoilt.get(row) ?? new Map<Millis, { day: CivilDay; scope: DayScope }>()
      spoilt.set(row, days)
      for (const day of civilDays(scope.zone, from, to)) days.set(day.from, { day, scope })
    },
    clear(row) {
      remove.run(row.id)
      changed.delete(row.id)
      spoilt.delete(row)
    },
    flush() {
      for (const [row, days] of spoilt) for (const { day, scope } of days.values()) remake(row, day, scope)
      for (const [id, rows] of changed)
        for (const d of rows.values())
          upsert.run(id, d.start, d.stop, d.off, d.standby, d.run, d.fault, d.live, d.late, d.recovered)
      spoilt.clear()
      changed.clear()
    },
    read: (row, from, to) => some.all(row.id, from, to).map(rowOf),
  }
}

function rowOf(row: Record<string, unknown>): DayRow {
  const n = (name: string) => Number(row[name])
  return {
    start: n('start'),
    stop: n('stop'),
    off: n('off'),
    standby: n('standby'),
    run: n('run'),
    fault: n('fault'),
    live: n('live'),
    late: n('late'),
    recovered: n('recovered'),
  }
}
