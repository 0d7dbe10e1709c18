import { setImmediate as breathe } from 'node:timers/promises'
import { parseCheckpoint } from '@hours/ledger'
import { DAY, type RecordKind, type RecordOf } from '@hours/protocol'
import {
  createOrganisationTree,
  fleetFigures,
  instrumentFigures,
  type InstrumentResult,
  type Interval,
  parsePeriod,
  sumRecords,
  type YearKind,
} from '@hours/usage'
import type { Ingest, InstrumentEntry, Registry } from '../ports.ts'
import type { InstrumentInputs } from '../series/instrument-inputs.ts'
import { type FigureSheet, figureSheet, type SheetInstrument } from './figure-sheet.ts'

/** Where figures come from: one instrument's result over a span of instants. */
export type ResultOf = (entry: InstrumentEntry, span: Interval, year: YearKind) => InstrumentResult

export interface SheetSource {
  /** All of it: who benefits may be outside of what the caller sees. */
  readonly ingest: Pick<Ingest, 'registry' | 'index' | 'log' | 'clock' | 'simulated'>
  readonly result: ResultOf
}

export interface SheetWish {
  readonly scope: string
  readonly period: string
  /** The instruments of the scope, as far as the caller may see them. */
  readonly entries: readonly InstrumentEntry[]
  readonly signal?: AbortSignal
  readonly onProgress?: (done: number, of: number) => void
}

/** Figures of one instrument straight from the index and the records that stand. */
export function indexResults(ingest: Pick<Ingest, 'index'>, inputs: InstrumentInputs): ResultOf {
  return (entry, span, year) => {
    const { key, enrolments } = entry
    const reach = DAY + Math.max(0, ...enrolments.map(({ prepMs, postMs }) => Math.max(prepMs, postMs)))
    const around = { from: span.from - reach, to: span.to + reach }
    const input = {
      ...inputs.of(entry, span, ingest.index.spans(key, around.from, around.to)),
      late: ingest.index.accounted(key, span.from, span.to).filter((one) => one.class === 'late'),
      recoveries: ingest.index.recoveries(key, span.from, span.to),
    }
    return instrumentFigures(input, span, { year })
  }
}

/**
 * The sheet of a scope and period, an instrument at a time, so that the server answers others meanwhile. A period that
 * goes on is judged up to now: what is to come is neither known nor unknown. Throws the signal's reason.
 */
export async function makeSheet({ ingest, result }: SheetSource, wish: SheetWish): Promise<FigureSheet> {
  const { scope, period, entries, signal, onProgress } = wish
  const year: YearKind = period.startsWith('AY') ? 'academic' : 'calendar'
  const now = ingest.clock.wall()
  const checkpoint = parseCheckpoint(ingest.log.checkpoint().split('\n\n')[0]?.concat('\n') ?? '')
  const records = recordsByInstrument(ingest.registry)
  const tree = createOrganisationTree(ingest.registry.records('organisation').map(({ record }) => record))
  const instruments: SheetInstrument[] = []
  for (const [i, entry] of entries.entries()) {
    signal?.throwIfAborted()
    const parsed = parsePeriod(period, entry.zone)
    if (!parsed.ok) continue
    const { from } = parsed.value
    const span = { from, to: Math.min(parsed.value.to, Math.max(now, from + 1)) }
    const made = result(entry, span, year)
    const unitAt = (at: number) => entry.enrolments.findLast((one) => one.from <= at)?.unit
    const sums = sumRecords(records(entry.key), span, { tree, unitAt, used: made.used })
    const { enrolment, key, zone } = entry
    const unitNames = ingest.registry.organisation(enrolment.unit)?.names ?? {}
    instruments.push({
      ...{ key, names: enrolment.names, enrolment, unitNames, zone, span, sums },
      result: made,
    })
    onProgress?.(i + 1, entries.length)
    await breathe()
  }
  const zone = entries[0]?.zone ?? 'UTC'
  const whole = parsePeriod(period, zone)
  const from = whole.ok ? whole.value.from : 0
  const head = {
    ...{ scope, period, zone, from, simulated: ingest.simulated },
    to: whole.ok ? Math.min(whole.value.to, Math.max(now, from + 1)) : 0,
    checkpoint: checkpoint.ok
      ? {
          origin: checkpoint.value.origin,
          size: checkpoint.value.size,
          root: Buffer.from(checkpoint.value.root).toString('base64'),
        }
      : null,
  }
  return figureSheet(head, instruments, fleetFigures(instruments.map((one) => one.result)))
}

/** Records that are summed, by the instrument they are about; each kind is walked once. */
function recordsByInstrument(registry: Registry): (key: string) => Parameters<typeof sumRecords>[0] {
  const by = <K extends Counted>(kind: K) => {
    const groups = Map.groupBy(
      registry.records(kind).map(({ record }) => record),
      (record) => `${record.stream}/${record.instrument}`,
    )
    return (key: string): readonly RecordOf<K>[] => groups.get(key) ?? []
  }
  const [sessions, charges, vouchers, subsidies] = [by('session'), by('charge'), by('voucher'), by('subsidy')]
  const [compute, trainings, achievements, ratings] = [
    by('compute'),
    by('training'),
    by('achievement'),
    by('rating'),
  ]
  return (key) => ({
    ...{ sessions: sessions(key), charges: charges(key), vouchers: vouchers(key) },
    ...{ subsidies: subsidies(key), compute: compute(key), trainings: trainings(key) },
    ...{ achievements: achievements(key), ratings: ratings(key) },
  })
}

type Counted = Extract<
  RecordKind,
  'session' | 'charge' | 'voucher' | 'subsidy' | 'compute' | 'training' | 'achievement' | 'rating'
>
