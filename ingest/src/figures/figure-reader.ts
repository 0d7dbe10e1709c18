import type { DatabaseSync } from 'node:sqlite'
import type { Clock } from '@hours/protocol'
import {
  civilDays,
  clip,
  countingUse,
  type During,
  type FigureRules,
  type InSet,
  intersect,
  type Interval,
  noRules,
  type Recovery,
  type RegisterState,
  registerState,
  type ScopePart,
  type StoredRow,
  type PlainSums,
  type SumContext,
  sumPlain,
  sumRecords,
  type Totals,
  totalsOf,
  type UseRow,
} from '@hours/usage'
import type { AccountReader } from '../index/account-reader.ts'
import type { InstrumentRow, InstrumentTable } from '../index/instrument-table.ts'
import type { InstrumentEntry } from '../ports.ts'
import type { RegistryWriter } from '../registry/registry.ts'
import { scopesOf } from '../registry/scopes.ts'
import { createInstrumentInputs, type InstrumentInputs } from '../series/instrument-inputs.ts'
import { createTurns } from '../turns.ts'
import { createRecordsByInstrument, type RecordsByInstrument } from './counted-records.ts'
import type { FigureProjection } from './figure-projection.ts'
import type { FigureDay } from './figure-table.ts'
import { makeDays } from './make-days.ts'
import { cutPieces, type PieceOptions, type Pieces, piecesOf } from './period-pieces.ts'

/** A period that differs by zone (records.md, section 10): its civil dates as instants of the zone. */
export type PeriodIn = (zone: string) => Interval

/** One instrument's part of a period: what its figures, and those of all above it, are made of. */
export interface InstrumentPart extends ScopePart {
  readonly entry: InstrumentEntry & Partial<InSet>
  /** The period, up to now. */
  readonly span: Interval
  readonly totals: Totals
  /** Growth of counters over gaps that cross midnight, of which no row can tell. */
  readonly recoveries: readonly Recovery[]
  register(): RegisterState
  /** The sums that need not know who had effective time. */
  plainSums(): PlainSums
  /** Rows that sum up to the totals, ascending: days, or whole months where there are any. */
  rows(by: 'days' | 'months'): StoredRow[]
}

/** Figures out of the index; nothing is kept but the rows. */
export interface FigureReader {
  /**
   * Of each instrument that was in the scope at some time of the period, as far as it was. Rows are made first where the
   * log has changed them. Of more instruments than can be made now only whole days count. Quotas are those of `rules`.
   */
  parts(
    entries: readonly (InstrumentEntry & Partial<During & InSet>)[],
    period: PeriodIn,
    rules?: FigureRules,
  ): Promise<InstrumentPart[]>
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

  /** Days that are not over, and parts of days, out of spans; those far apart are made apart. */
  function liveDays(entry: InstrumentEntry, row: InstrumentRow, live: readonly Interval[]): FigureDay[] {
    return live.flatMap((part) => {
      const days = intersect(civilDays(entry.zone, part.from, part.to), [part])
      return makeDays({ accounts, inputs }, entry, { row, days })
    })
  }

  /** Growth across gaps that cross midnight: no day has it, the period that holds all of the gap does. */
  const recoveredBetweenDays = (zone: string, row: InstrumentRow, { from, to }: Interval): Recovery[] =>
    accounts.recovered(row, from, to).filter((gap) => civilDays(zone, gap.from, gap.to).length > 1)

  function part(
    entry: InstrumentPart['entry'],
    pieces: Pieces,
    of: { gaps: boolean; rules: FigureRules },
  ): InstrumentPart {
    const { key, zone, enrolments } = entry
    const { span, during, days } = pieces
    const row = instruments.find(key) ?? { id: -1, key, latest: 0, longest: 0 }
    const live = liveDays(entry, row, pieces.live)
    const since = enrolments[0]?.from ?? span.to
    // Whoever asks for decades does not make us look for rows from before there was an instrument.
    const stored = pieces.stored.filter(({ to }) => to > since)
    const rows: StoredRow[] = live.slice()
    for (const piece of stored) rows.push({ from: piece.from, values: table.sum(row.id, piece, piece.of) })
    const recoveries = of.gaps ? during.flatMap((one) => recoveredBetweenDays(zone, row, one)) : []
    const totals = totalsOf(rows, {
      zone,
      during,
      period: span.to > span.from ? span : { from: span.from, to: span.from + 1 },
      year: of.rules.year,
      scheduled: records.isScheduled(key, span.to),
      bookingRule: of.rules.bookings,
      quotaHours: of.rules.quotaHours(entry, span),
      recoveredMs: recoveries.reduce((sum, { onMs }) => sum + onMs, 0),
    })
    const whose = (uses: readonly Omit<UseRow, 'instrument'>[]): readonly UseRow[] =>
      countingUse(
        [...uses, ...live.flatMap((day) => day.uses)].map((use) => ({ instrument: key, ...use })),
        of.rules.bookings,
      )
    const used = once(() => whose(days.flatMap((part) => table.users(row.id, part))))
    return {
      entry,
      span,
      during,
      totals,
      recoveries,
      register: () =>
        registerState({ enrolments, listed: scopesOf(registry).listed(entry) }, { span, during }),
      sessions: records.ofSet(key).sessions,
      rows: (by) =>
        [
          ...live,
          ...stored.flatMap((piece) => table.rows(row.id, piece, by === 'days' ? by : piece.of)),
        ].sort((a, b) => a.from - b.from),
      used,
      uses: () => whose(days.flatMap((part) => table.uses(row.id, part))),
      sums: once(() => sumRecords(records.ofSet(key), during, { ...sumContext(entry), used: used() })),
      plainSums: once(() => sumPlain(records.ofSet(key), during, sumContext(entry))),
    }
  }

  const sumContext = ({ enrolments }: InstrumentEntry): SumContext => ({
    tree: records.tree(),
    unitAt: (at) => enrolments.findLast(({ from }) => from <= at)?.unit,
  })

  /** How the period is read in each zone, and which instruments have gaps with growth in it. */
  function piecesIn(zones: ReadonlySet<string>, period: PeriodIn, options: PieceOptions) {
    const made = [...zones].map((zone) => {
      const pieces = piecesOf(zone, period(zone), options)
      const gaps = withGaps.all(pieces.span.from, pieces.span.to).map((row) => Number(row['instrument']))
      return [zone, { pieces, gaps: new Set(gaps), cut: new Map<string, Pieces>() }] as const
    })
    return new Map(made)
  }

  return {
    async parts(entries, period, rules = noRules) {
      const { year } = rules
      await figures.settled(entries.map(({ key }) => key))
      const spans = new Map([...new Set(entries.map(({ zone }) => zone))].map((zone) => [zone, period(zone)]))
      const held = entries.filter(({ zone, during }) => {
        const span = spans.get(zone)
        return during === undefined || (span !== undefined && clip(during, span).length > 0)
      })
      const isClosed = new Set(entries.map(({ key }) => key)).size > mostOpenDays
      const options = { horizon: figures.horizon(), until: clock.wall(), year, isClosed }
      const inZones = piecesIn(new Set(held.map(({ zone }) => zone)), period, options)
      const parts: InstrumentPart[] = []
      const takeTurns = createTurns()
      for (const entry of held) {
        const { zone, during } = entry
        const own = inZones.get(zone)
        if (!own) continue
        let { pieces } = own
        const { span } = pieces
        if (during && !during.some(({ from, to }) => from <= span.from && span.to <= to)) {
          // Instruments of one unit move together: their days are cut once.
          const name = during.map(({ from, to }) => `${from} ${to}`).join()
          pieces = own.cut.get(name) ?? cutPieces(zone, own.pieces, { during, year })
          own.cut.set(name, pieces)
        }
        parts.push(part(entry, pieces, { gaps: own.gaps.has(instruments.find(entry.key)?.id ?? -1), rules }))
        await takeTurns()
      }
      return parts
    },
    inputs,
    records,
  }
}

/** Asked for by every level that sums it up, and read once. */
function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined
  return () => (made ??= { value: make() }).value
}
