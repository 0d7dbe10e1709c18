import type { DatabaseSync } from 'node:sqlite'
import type { Clock, InstrumentKey, Millis } from '@hours/protocol'
import {
  civilDays,
  classQuotaHours,
  type Interval,
  type ScopePart,
  type StoredRow,
  sumRecords,
  type Totals,
  totalsOf,
  type UseRow,
  type YearKind,
} from '@hours/usage'
import type { AccountReader } from '../index/account-reader.ts'
import type { InstrumentRow, InstrumentTable } from '../index/instrument-table.ts'
import type { InstrumentEntry } from '../ports.ts'
import type { RegistryWriter } from '../registry/registry.ts'
import { createInstrumentInputs, type InstrumentInputs } from '../series/instrument-inputs.ts'
import { createRecordsByInstrument, type RecordsByInstrument } from './counted-records.ts'
import type { FigureProjection } from './figure-projection.ts'
import type { FigureDay, StoredDay } from './figure-table.ts'
import { makeDays } from './make-days.ts'
import { type Pieces, piecesOf } from './period-pieces.ts'

/** A period that differs by zone (records.md, section 10): its civil dates as instants of the zone. */
export type PeriodIn = (zone: string) => Interval

/** One instrument's part of a period: what its figures, and those of all above it, are made of. */
export interface InstrumentPart extends ScopePart {
  readonly entry: InstrumentEntry
  /** The period, up to now. */
  readonly span: Interval
  readonly totals: Totals
}

/** Figures out of the index; nothing is kept but the rows. */
export interface FigureReader {
  /** Rows are made first where the log has changed them. Of more instruments than can be made now only whole days count. */
  parts(entries: readonly InstrumentEntry[], period: PeriodIn, year?: YearKind): Promise<InstrumentPart[]>
  /** Daily rows of one instrument, today's so far included. */
  days(entry: InstrumentEntry, span: Interval): Promise<StoredDay[]>
  /** Everything reconciliation asks for. */
  readonly inputs: InstrumentInputs
  readonly records: RecordsByInstrument
}

/** The day that is going on is made for so many instruments when it is asked for; of more, only whole days count. */
export const mostOpenDays = 500

export function createFigureReader(options: {
  readonly db: DatabaseSync
  readonly figures: FigureProjection
  readonly accounts: AccountReader
  readonly instruments: InstrumentTable
  readonly registry: RegistryWriter
  readonly clock: Clock
}): FigureReader {
  const { figures, accounts, instruments, registry, clock } = options
  const { table } = figures
  const inputs = createInstrumentInputs(registry)
  const records = createRecordsByInstrument(registry)
  const withGaps = options.db.prepare(
    'SELECT DISTINCT instrument FROM recoveries WHERE start >= ? AND stop <= ?',
  )

  function openDays(entry: InstrumentEntry, row: InstrumentRow, open: Interval | undefined): FigureDay[] {
    if (!open) return []
    const days = civilDays(entry.zone, open.from, open.to)
    const cut = days.map(({ from, to }) => ({ from, to: Math.min(to, open.to) }))
    return makeDays({ accounts, inputs }, entry, { row, days: cut })
  }

  /** Growth across gaps that cross midnight: no day has it, the period that holds all of the gap does. */
  function recoveredBetweenDays(zone: string, row: InstrumentRow, { from, to }: Interval): Millis {
    let sum = 0
    for (const gap of accounts.recovered(row, from, to))
      if (civilDays(zone, gap.from, gap.to).length > 1) sum += gap.onMs
    return sum
  }

  function part(
    entry: InstrumentEntry,
    pieces: Pieces,
    of: { gaps: boolean; year: YearKind },
  ): InstrumentPart {
    const { key, zone } = entry
    const { span, stored, open } = pieces
    const row = instruments.find(key) ?? { id: -1, key, latest: 0, longest: 0 }
    const live = openDays(entry, row, open)
    const rows: StoredRow[] = live.slice()
    for (const piece of stored) rows.push({ from: piece.from, values: table.sum(row.id, piece, piece.of) })
    const last = entry.enrolments.findLast(({ from }) => from < span.to)
    const totals = totalsOf(rows, {
      zone,
      period: span.to > span.from ? span : { from: span.from, to: span.from + 1 },
      year: of.year,
      scheduled: records.isScheduled(key, span.to),
      quotaHours: last && classQuotaHours[last.class],
      recoveredMs: of.gaps ? recoveredBetweenDays(zone, row, span) : 0,
    })
    const whose = (uses: readonly Omit<UseRow, 'instrument'>[]): UseRow[] =>
      [...uses, ...live.flatMap((day) => day.uses)].map((use) => ({ instrument: key, ...use }))
    const within = { from: span.from, to: open?.from ?? span.to }
    const used = () => whose(table.users(row.id, within))
    return {
      entry,
      span,
      totals,
      sessions: records.of(key).sessions,
      used,
      uses: () => whose(table.uses(row.id, within)),
      sums: () =>
        sumRecords(records.of(key), span, {
          tree: records.tree(),
          unitAt: (at) => entry.enrolments.findLast(({ from }) => from <= at)?.unit,
          used: used(),
        }),
    }
  }

  async function ready(keys: readonly InstrumentKey[]): Promise<void> {
    await figures.settled(keys)
  }

  return {
    async parts(entries, period, year = 'calendar') {
      await ready(entries.map(({ key }) => key))
      const now = clock.wall()
      const horizon = figures.horizon()
      const pieces = new Map<string, { pieces: Pieces; gaps: ReadonlySet<number> }>()
      for (const zone of new Set(entries.map((entry) => entry.zone))) {
        const made = piecesOf(zone, period(zone), { horizon, until: now, year })
        const { span, open } = made
        const whole =
          open && entries.length > mostOpenDays
            ? { ...made, span: { from: span.from, to: open.from }, open: undefined }
            : made
        const gaps = withGaps.all(span.from, span.to).map((row) => Number(row['instrument']))
        pieces.set(zone, { pieces: whole, gaps: new Set(gaps) })
      }
      return entries.flatMap((entry) => {
        const own = pieces.get(entry.zone)
        const gaps = own?.gaps.has(instruments.find(entry.key)?.id ?? -1) ?? false
        return own ? [part(entry, own.pieces, { gaps, year })] : []
      })
    },
    async days(entry, span) {
      await ready([entry.key])
      const row = instruments.find(entry.key) ?? { id: -1, key: entry.key, latest: 0, longest: 0 }
      const options = { horizon: figures.horizon(), until: clock.wall(), year: 'calendar' } as const
      const { open } = piecesOf(entry.zone, span, options)
      const stored = table.days(row.id, { from: span.from, to: open?.from ?? span.to })
      return [...stored, ...openDays(entry, row, open)]
    },
    inputs,
    records,
  }
}
