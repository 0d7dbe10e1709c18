import { isDeepStrictEqual } from 'node:util'
import type { InstrumentKey, Millis, RecordKind, RecordOf } from '@hours/protocol'
import { civilDays, type Interval } from '@hours/usage'
import type { Changed } from '../index/recovery-table.ts'
import type { InstrumentRow, InstrumentTable } from '../index/instrument-table.ts'
import type { InstrumentEntry } from '../ports.ts'
import type { BookRecord } from '../registry/record-book.ts'
import type { UntoldDaysWriter } from '../index/untold-days.ts'
import type { RegistryWriter } from '../registry/registry.ts'
import { setsOf } from '../registry/sets.ts'
import type { FigureTable } from './figure-table.ts'
import { organisationsBelow } from './organisations-below.ts'

/** What one batch of the log has changed. */
export interface BatchChange {
  readonly touched: readonly Changed[]
  readonly records: readonly BookRecord[]
  /** The newest `time` record before the batch, and after it; 0 = none. */
  readonly before: Millis
  readonly horizon: Millis
}

/**
 * Marks the civil days whose rows a batch has changed (records.md, section 8): those that are over to be made again, and
 * these and the running ones to be told to the series store; inside the projection's transaction.
 */
export interface ChangedDays {
  mark(change: BatchChange): void
}

type Dated = Partial<Interval> & { readonly stream: string; readonly instrument?: string }

export function createChangedDays(options: {
  readonly table: FigureTable
  readonly untold: Pick<UntoldDaysWriter, 'mark'>
  readonly instruments: InstrumentTable
  readonly registry: RegistryWriter
}): ChangedDays {
  const { table, untold, instruments, registry } = options
  /** Which instruments were one set when the rows were made. */
  let sets = setsOf(registry)
  /** Zones that the rows were made with. */
  const zones = new Map<InstrumentKey, string>()
  for (const { key, zone } of registry.instruments()) zones.set(key, zone)
  let horizon = 0

  /** Days of [from, to) up to `end`; what is older than the first enrolment has no rows. */
  function mark(entry: InstrumentEntry, from: Millis, to: Millis, end = horizon): void {
    const first = entry.enrolments[0]?.from ?? horizon
    const days = civilDays(entry.zone, Math.max(from, first), Math.min(to, end))
    untold.mark(entry.key, days)
    const over = days.filter((day) => day.to <= horizon)
    if (over.length > 0) table.mark(instruments.make(entry.key).id, over)
  }

  function reset(key: InstrumentKey): void {
    const row = instruments.find(key)
    if (row) table.clear(row.id)
    const entry = registry.instrument(key)
    if (!entry) return void zones.delete(key)
    zones.set(key, entry.zone)
    mark(entry, Number.NEGATIVE_INFINITY, horizon)
  }

  /** Days that ended since the last `time` record, of everybody: nobody's page says that nothing came. */
  function endDays(before: Millis): void {
    const ending = new Set(
      // A day that ends at this very moment is over too.
      [...new Set(zones.values())].filter((zone) => civilDays(zone, before, horizon + 1).length > 1),
    )
    if (ending.size === 0) return
    for (const entry of registry.instruments()) {
      const [day] = ending.has(entry.zone) ? civilDays(entry.zone, before, before + 1) : []
      if (day) mark(entry, day.from, horizon)
    }
  }

  function markTouched({ row, from, to }: Changed): void {
    const entry = registry.instrument(row.key)
    if (!entry) return
    // A run's warm-up and after-treatment are as far as a change reaches: its block may begin weeks before.
    const around = Math.max(...entry.enrolments.map(({ prepMs, postMs }) => Math.max(prepMs, postMs)))
    // Of the running day too, which may be later than the newest `time` record.
    mark(entry, from - around, to + around, to + around)
  }

  function markRecord(kind: RecordKind, record: Dated): void {
    if (kind === 'schedule' && record.instrument === '*') {
      for (const entry of registry.instruments())
        if (entry.site === record.stream) mark(entry, record.from ?? 0, horizon)
      return
    }
    const isUse = kind === 'session' || kind === 'booking'
    if (!isUse && kind !== 'maintenance' && kind !== 'schedule') return
    const own = `${record.stream}/${String(record.instrument)}` as InstrumentKey
    for (const key of isUse ? [own, ...wholesOf(own)] : [own]) {
      const entry = registry.instrument(key)
      if (entry) mark(entry, record.from ?? 0, record.to ?? horizon)
    }
  }

  /** The use of a part is that of its whole too. */
  const wholesOf = (key: string) =>
    setsOf(registry)
      .wholes(key)
      .map((whole) => whole.key as InstrumentKey)

  /** A correction that may count now: what it corrects, before and after, and what was said of it in between. */
  function markCorrected({ record }: BookRecord): void {
    const of = 'of' in record ? record.of : ''
    const found = registry.find(of)
    const target =
      found?.kind === 'correction' ? registry.find((found.record as RecordOf<'correction'>).of) : found
    if (!target) return
    const bodies = registry
      .records('correction')
      .filter((one) => one.record.of === target.hash)
      .map((one) => one.record.replacement)
    for (const body of [target.record, ...bodies]) {
      if (typeof body !== 'object' || body === null) continue
      const about = { ...target.record, ...body } as Dated
      if (target.kind === 'enrolment') resetFrom(about)
      else if (target.kind === 'organisation') for (const { key } of registry.instruments()) reset(key)
      else markRecord(target.kind, about)
    }
  }

  /** A part that came, went or is another one's now takes its use with it: seldom enough to make all days of its wholes anew. */
  function markSets(): void {
    const now = setsOf(registry)
    if (now === sets) return
    for (const { key } of registry.instruments()) {
      const before = sets.parts(key)
      const after = now.parts(key)
      if (!isDeepStrictEqual(before, after)) reset(key)
    }
    sets = now
  }

  /** Where an enrolment began before it was corrected there are points in the series that nothing accounts for now. */
  function resetFrom({ stream, instrument, from = horizon }: Dated): void {
    const key = `${stream}/${String(instrument)}` as InstrumentKey
    reset(key)
    const entry = registry.instrument(key)
    if (entry) untold.mark(key, civilDays(entry.zone, from, entry.enrolments[0]?.from ?? from))
  }

  function markSameAs(pairs: readonly RecordOf<'same-as'>[]): void {
    if (pairs.length === 0) return
    const names = new Set(pairs.flatMap(({ stream, sessions }) => sessions.map((id) => `${stream} ${id}`)))
    for (const { record } of registry.records('session'))
      if (names.has(`${record.stream} ${record.id}`)) markRecord('session', record)
  }

  /** Who stands below whom decides whose hours are external; only sessions of or at these organisations are judged anew. */
  function markOrganisations(changed: readonly RecordOf<'organisation'>[]): void {
    if (changed.length === 0) return
    const ids = new Set<string>(changed.map(({ id }) => id))
    const below = organisationsBelow(registry.records('organisation'), ids)
    const since = changed.reduce((at, { from }) => Math.min(at, from), horizon)
    const managed = new Set<string>()
    for (const { key, enrolments } of registry.instruments())
      if (enrolments.some(({ unit }) => below.has(unit))) managed.add(key)
    for (const kind of ['session', 'booking'] as const)
      for (const { record } of registry.records(kind)) {
        if (record.to <= since) continue
        const key = `${record.stream}/${record.instrument}`
        if (below.has(record.beneficiary ?? '') || [key, ...wholesOf(key)].some((one) => managed.has(one)))
          markRecord(kind, record)
      }
  }

  const of = <K extends RecordKind>(records: readonly BookRecord[], kind: K) =>
    records.flatMap((one) => (one.kind === kind ? [one.record as RecordOf<K>] : []))

  return {
    mark({ touched, records, before, horizon: now }) {
      horizon = now
      if (records.some(({ kind }) => kind === 'organisation' || kind === 'enrolment'))
        for (const { key, zone } of registry.instruments()) if (zones.get(key) !== zone) reset(key)
      for (const { stream, instrument, from } of of(records, 'enrolment')) {
        const entry = registry.instrument(`${stream}/${instrument}` as InstrumentKey)
        if (entry) mark(entry, from, horizon)
      }
      markSets()
      if (now > before) endDays(before)
      for (const one of touched) markTouched(one)
      for (const { kind, record } of records) markRecord(kind, record as Dated)
      for (const one of records) if (one.kind === 'correction' || one.kind === 'approval') markCorrected(one)
      markSameAs(of(records, 'same-as'))
      markOrganisations(of(records, 'organisation'))
    },
  }
}

/** Numbers are given in log order, whatever the batches are: a rebuild gives the same. */
export function numberEnrolled(
  instruments: InstrumentTable,
  { kind, record }: BookRecord,
): InstrumentRow | undefined {
  if (kind !== 'enrolment' || !('stream' in record) || !('instrument' in record)) return undefined
  return instruments.make(`${record.stream}/${String(record.instrument)}` as InstrumentKey)
}
