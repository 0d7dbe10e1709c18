import type { DatabaseSync } from 'node:sqlite'
import { chainThrough, countMissing } from '@hours/ledger'
import type { GatewayId, InstrumentKey, Millis, Span } from '@hours/protocol'
import type { GatewayCounts, Index, PageRow, Position, StateDay } from '../ports.ts'
import { type CivilDay, civilDays } from './civil-day.ts'
import { addSpan, type DayRow, type DayScope, emptyDay } from './day-table.ts'
import type { InstrumentRow } from './instrument-table.ts'
import { isVoid, reportedBit } from './page-mark.ts'
import type { Tables } from './page-projection.ts'

export interface ReadIndexOptions {
  readonly db: DatabaseSync
  readonly tables: Tables
  readonly scope: (key: InstrumentKey) => DayScope
  readonly position: () => Position | null
  /** Refused pages are not in the log, so they are counted by the quarantine. */
  readonly rejected: (gateway: string) => number
}

/** The index as the API reads it. */
export function createReadIndex(options: ReadIndexOptions): Index {
  const { db, tables, scope } = options
  const { accounts, instruments, days: dayTable, chains, times } = tables
  const pagesOf = db.prepare(
    `SELECT c.gateway, c.epoch, a.seq, a.start, a.stop, a.year, a.idx, a.mark FROM accounts a JOIN chains c ON c.id = a.chain
     WHERE a.instrument = ? AND a.start >= ? AND a.start < ? AND a.stop > ? ORDER BY a.year, a.idx`,
  )

  const newestOf = db.prepare('SELECT mark FROM accounts WHERE instrument = ? ORDER BY start DESC LIMIT 1')

  function spans(key: InstrumentKey, from: Millis, to: Millis): Span[] {
    const row = instruments.find(key)
    const known = row ? accounts.spans(row, from, to) : []
    const all: Span[] = []
    const push = (state: Span['state'], a: Millis, b: Millis) => {
      const last = all.at(-1)
      if (a >= b) return
      if (last?.state === state) all[all.length - 1] = { state, from: last.from, to: b }
      else all.push({ state, from: a, to: b })
    }
    let end = from
    for (const span of known) {
      push('unknown', end, span.from)
      push(span.state, span.from, span.to)
      end = span.to
    }
    push('unknown', end, to)
    return all
  }

  function daysOf(key: InstrumentKey, from: Millis, to: Millis): StateDay[] {
    const { zone, enrolled } = scope(key)
    const row = instruments.find(key)
    const all = civilDays(zone, from, to)
    const [first] = all
    const stored = new Map(
      row && first ? dayTable.read(row, first.from, to).map((day) => [day.start, day]) : [],
    )
    return all.flatMap((day) => {
      const end = Math.min(day.to, to)
      const length = enrolledIn(enrolled, day.from, end)
      if (length === 0) return []
      const cut = row !== undefined && end < day.to && row.latest > end
      const known = cut ? knownUntil(row, day, end, enrolled) : (stored.get(day.from) ?? emptyDay(day))
      return [stateDay(key, day, known, length)]
    })
  }

  /** A day that the caller cuts short of what is known. */
  function knownUntil(
    row: InstrumentRow,
    day: CivilDay,
    end: Millis,
    enrolled: DayScope['enrolled'],
  ): DayRow {
    const known = emptyDay(day)
    for (const span of accounts.spans(row, day.from, end))
      for (const part of enrolled) addSpan(known, span, Math.max(day.from, part.from), Math.min(end, part.to))
    for (const gap of accounts.recovered(row, day.from, end)) known.recovered += gap.onMs
    return known
  }

  return {
    spans,
    days: (keys, from, to) => keys.flatMap((key) => daysOf(key, from, to)),
    recoveries(key, from, to) {
      const row = instruments.find(key)
      return row ? accounts.recovered(row, from, to) : []
    },
    accounted(key, from, to) {
      const row = instruments.find(key)
      return row ? accounts.spans(row, from, to) : []
    },
    reported(key, from, to) {
      const row = instruments.find(key)
      return row ? accounts.reported(row, from, to) : 0
    },
    isReported(key) {
      const row = instruments.find(key)
      return row !== undefined && (Number(newestOf.get(row.id)?.['mark'] ?? 0) & reportedBit) !== 0
    },
    pages(key, from, to) {
      const row = instruments.find(key)
      if (!row) return []
      return pagesOf.all(row.id, from - row.longest, to, from).map((page): PageRow => {
        const position = { year: Number(page['year']), index: Number(page['idx']) }
        return {
          gateway: String(page['gateway']) as GatewayId,
          epoch: Number(page['epoch']),
          seq: Number(page['seq']),
          from: Number(page['start']),
          to: Number(page['stop']),
          position,
          arrival: times.arrivalOf(position),
          standing: isVoid(Number(page['mark'])) ? 'void' : 'accepted',
        }
      })
    },
    gatewayCounts(gateway): GatewayCounts {
      const all = chains.of(gateway)
      const newest = all.reduce<(typeof all)[number] | undefined>(
        (best, row) => (best && best.epoch > row.epoch ? best : row),
        undefined,
      )
      return {
        epoch: newest?.epoch ?? -1,
        through: newest ? chainThrough(newest.state) : -1,
        missing: newest ? countMissing(newest.state) : 0,
        received: all.reduce((sum, row) => sum + row.received, 0),
        rejected: options.rejected(gateway),
        late: all.reduce((sum, row) => sum + row.late, 0),
      }
    },
    position: options.position,
  }
}

function enrolledIn(enrolled: DayScope['enrolled'], from: Millis, to: Millis): number {
  return enrolled.reduce(
    (sum, part) => sum + Math.max(0, Math.min(part.to, to) - Math.max(part.from, from)),
    0,
  )
}

/** What is not known of the enrolled part is unknown. */
function stateDay(key: InstrumentKey, day: CivilDay, known: DayRow, length: number): StateDay {
  const { off, standby, run, fault, live, late, recovered } = known
  const unknown = length - off - standby - run - fault
  return { key, ...day, states: { off, standby, run, fault, unknown }, live, late, onRecovered: recovered }
}
