import type { State } from '@hours/protocol'
import type { InstrumentEntry } from '../ports.ts'
import type { ApiContext } from './context.ts'
import type { MonthCache } from './month-cache.ts'
import type { Standing } from './standing.ts'

export const sorts = ['key', 'name', 'state', 'on', 'run', 'coverage'] as const
export type FleetSort = (typeof sorts)[number]

/** How long an order stands, ms: 9,900 instruments are not sorted anew for every page of 50. */
const standsFor: Readonly<Record<FleetSort, number>> = {
  key: Number.POSITIVE_INFINITY,
  name: Number.POSITIVE_INFINITY,
  state: 2_000,
  on: 10_000,
  run: 10_000,
  coverage: 10_000,
}

/** Sorted fleets, kept for each list of instruments and for a few seconds where figures decide. */
export function createFleetOrder({ ingest }: ApiContext, month: MonthCache) {
  const orders = new WeakMap<
    readonly InstrumentEntry[],
    Map<FleetSort, { at: number; list: readonly InstrumentEntry[] }>
  >()

  function ordered(sort: FleetSort, standing: Standing): readonly InstrumentEntry[] {
    const kept =
      orders.get(standing.entries) ?? new Map<FleetSort, { at: number; list: readonly InstrumentEntry[] }>()
    orders.set(standing.entries, kept)
    const known = kept.get(sort)
    const now = ingest.clock.wall()
    if (known && Math.abs(now - known.at) < standsFor[sort]) return known.list
    const list = sort === 'key' ? byKey(standing.entries) : sortedBy(inKeyOrder(standing), rankOf(sort))
    kept.set(sort, { at: now, list })
    return list
  }

  const inKeyOrder = (standing: Standing) => ordered('key', standing)

  return ordered

  /** Smaller comes first; asked for once an instrument, not once a comparison. */
  function rankOf(sort: Exclude<FleetSort, 'key'>): (entry: InstrumentEntry) => number | string {
    if (sort === 'name') return ({ enrolment, key }) => enrolment.names.en ?? enrolment.names.zh ?? key
    if (sort === 'state') return ({ key }) => stateOrder.indexOf(ingest.live.stateOf(key))
    if (sort === 'on' || sort === 'run') return (entry) => -(month.peek(entry)?.[sort] ?? 0)
    return (entry) => month.peek(entry)?.coverage ?? 2
  }
}

/** What needs somebody first. */
const stateOrder: readonly State[] = ['fault', 'unknown', 'run', 'standby', 'off']
const collator = new Intl.Collator('en', { numeric: true })

const byKey = (entries: readonly InstrumentEntry[]) =>
  entries.toSorted((a, b) => collator.compare(a.key, b.key))

/** Of those that rank alike the order stays: comparing thousands of keys again takes a tenth of a second. */
function sortedBy(
  inKeyOrder: readonly InstrumentEntry[],
  rank: (entry: InstrumentEntry) => number | string,
): readonly InstrumentEntry[] {
  return inKeyOrder
    .map((entry) => ({ entry, rank: rank(entry) }))
    .sort((a, b) => compare(a.rank, b.rank))
    .map(({ entry }) => entry)
}

const compare = (a: number | string, b: number | string): number =>
  typeof a === 'number' && typeof b === 'number' ? a - b : collator.compare(String(a), String(b))
