import { DAY } from '@hours/protocol'
import { type InstrumentFindings, instrumentFindings } from '../figures/instrument-findings.ts'
import type { ListedRecord } from '../sessions/record-list.ts'
import type { ApiContext } from './context.ts'

type Found = InstrumentFindings['findings'][number]
type Issue = Found['kind']

/** Spans of so many days are read for one list; sessions beyond them are not judged: they have no `issue` at all. */
const mostInstrumentDays = 500

/** What counts most of what may be said of one session. */
const order: readonly Issue[] = [
  'session_while_off',
  'session_overlap',
  'other_user',
  'unbooked_run',
  'overrun',
  'late_arrival',
]

/**
 * What reconciliation says of each listed session, by hash: null = it fits what was sensed and booked. Findings of a
 * booking are told of its user's sessions, those of a run that nobody booked of whoever is recorded in it.
 */
export async function sessionIssues(
  { ingest }: Pick<ApiContext, 'ingest'>,
  listed: readonly ListedRecord[],
): Promise<ReadonlyMap<string, Issue | null>> {
  const issues = new Map<string, Issue | null>()
  let days = 0
  for (const [key, own] of Map.groupBy(listed, (one) => one.key)) {
    const entry = ingest.registry.instrument(key as never)
    if (!entry) continue
    const from = own.reduce((at, { begin }) => Math.min(at, begin), Infinity)
    const end = own.reduce((at, one) => Math.max(at, one.end), 0)
    // What has not happened yet is neither late nor absent.
    const to = Math.min(end, ingest.clock.wall())
    days += Math.max(1, Math.ceil((to - from) / DAY))
    if (days > mostInstrumentDays) break
    // Findings of a booking may lie before or after the session that is told of them.
    const around = { from: from - DAY / 2, to: Math.min(to + DAY / 2, ingest.clock.wall()) }
    const { findings } = to > from ? await instrumentFindings(ingest, entry, around) : { findings: [] }
    const bookings = new Map(ingest.figures.records.planned(key).bookings.map((one) => [one.id, one]))
    for (const session of own) {
      const said = findings.filter((one) => isAbout(one, session, bookings.get(one.booking ?? '')))
      issues.set(session.hash, order.find((kind) => said.some((one) => one.kind === kind)) ?? null)
    }
  }
  return issues
}

function isAbout(
  one: Found,
  { record, begin, end }: ListedRecord,
  booking: { readonly user: string; readonly from: number; readonly to: number } | undefined,
): boolean {
  if (one.session !== undefined) return one.session === record.id || one.other === record.id
  if (one.kind === 'unbooked_run') return one.from < end && one.to > begin
  if (!booking || !('user' in record) || record.user !== booking.user) return false
  return booking.from < end && Math.max(booking.to, one.to) > begin
}
