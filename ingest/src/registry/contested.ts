import type { RecordOf } from '@hours/protocol'
import { isApproved } from '@hours/usage'
import type { Registry } from '../ports.ts'

type Booking = RecordOf<'booking'>

/**
 * Tells the bookings of which somebody says that they were cancelled or moved, while nobody has approved it: a feed may tell
 * so only after their time. The same set until a record changes it.
 */
export function contestedBookings(registry: Pick<Registry, 'records'>): () => ReadonlySet<Booking> {
  let made: { readonly from: readonly unknown[]; readonly bookings: ReadonlySet<Booking> } | undefined
  return () => {
    const corrections = registry.records('correction')
    const approvals = registry.records('approval')
    const bookings = registry.records('booking')
    const from = [corrections, approvals, bookings]
    if (made?.from.every((list, i) => list === from[i])) return made.bookings
    const agreed = Map.groupBy(
      approvals.map(({ record }) => record),
      ({ of }): string => of,
    )
    const byHash = new Map(bookings.map(({ hash, record }) => [hash, record]))
    const contested = corrections.flatMap(({ hash, record }) => {
      const booking = byHash.get(record.of)
      const waits = booking !== undefined && !isApproved(record, agreed.get(hash) ?? [])
      return waits && callsOff(record, booking) ? [booking] : []
    })
    made = { from, bookings: new Set(contested) }
    return made.bookings
  }
}

function callsOff(correction: RecordOf<'correction'>, { from, to }: Booking): boolean {
  const said = (correction.replacement ?? {}) as Partial<Booking>
  return correction.void === true || said.cancelled === true || said.from !== from || said.to !== to
}
