import { DAY, type Millis } from '@hours/protocol'
import {
  checkClaim,
  type ClaimCheck,
  dayAt,
  dayStart,
  figuresFromTotals,
  type Finding,
  instrumentFigures,
  type Interval,
  isWorkOrder,
  reconcileUse,
} from '@hours/usage'
import type { RunningIngest } from '../running-ingest.ts'
import type { InstrumentEntry } from '../ports.ts'
import type { FigureReader } from './figure-reader.ts'

/** What was booked, recorded or claimed of one instrument beside what was sensed. */
export interface InstrumentFindings {
  readonly findings: readonly (Omit<Finding, 'kind'> & {
    readonly kind: Finding['kind'] | 'session_overlap'
    /** The session that it overlaps. */
    readonly other?: string
  })[]
  readonly claims: readonly ClaimCheck[]
}

type Source = Pick<RunningIngest, 'index' | 'clock'> & {
  readonly figures: Pick<FigureReader, 'parts' | 'inputs' | 'records'>
}

/**
 * Differences of one instrument in [from, to), listed and never edited away. Claims are judged whole, in the period in
 * which they begin. Runs count as unbooked only where the instrument is booked at all.
 */
export async function instrumentFindings(
  source: Source,
  entry: InstrumentEntry,
  { from, to }: Interval,
): Promise<InstrumentFindings> {
  const { records } = source.figures
  const own = records.planned(entry.key)
  const touches = (one: Interval) => one.from < to && one.to > from
  // A work order says nothing of when somebody was there.
  const sessions = records.of(entry.key).sessions.filter((one) => touches(one) && !isWorkOrder(one))
  const bookings = own.bookings.filter(touches)
  const claims = own.claims.filter((claim) => claim.from >= from && claim.from < to && claim.to > claim.from)
  const checks: ClaimCheck[] = []
  for (const claim of claims) checks.push(...(await checked(source, entry, claim)))
  if (own.bookings.length === 0 && sessions.length === 0) return { findings: [], claims: checks }
  const reach = {
    from: bookings.reduce((at, one) => Math.min(at, one.from), from) - DAY,
    to: bookings.reduce((at, one) => Math.max(at, one.to), to) + DAY,
  }
  const { findings } = reconcileUse({
    spans: source.index.spans(entry.key, reach.from, reach.to),
    bookings: own.bookings.filter((one) => one.from < reach.to && one.to > reach.from),
    sessions,
    maintenance: own.maintenance,
    period: { from, to },
  })
  const isBooked = own.bookings.length > 0
  const overlaps = entry.enrolment.exclusive ? overlapsOf(sessions, { from, to }) : []
  const now = source.clock.wall()
  // Whoever is expected still may come.
  const isOver = ({ kind, to: end }: Finding) => !kind.startsWith('no_show') || end <= now
  const listed = findings.filter((one) => isOver(one) && (isBooked || one.kind !== 'unbooked_run'))
  return { findings: [...listed, ...overlaps].sort((a, b) => a.from - b.from), claims: checks }
}

/**
 * Sessions at one time where only one can be (domain.md, section 4.5): of each the part in which another one that began
 * before still lasts. Their sum is what adding up sessions would count too much.
 */
function overlapsOf(
  sessions: readonly (Interval & { readonly id: string; readonly user: string })[],
  period: Interval,
): InstrumentFindings['findings'] {
  const found: InstrumentFindings['findings'][number][] = []
  let before: (Interval & { readonly id: string }) | undefined
  for (const one of sessions.toSorted((a, b) => a.from - b.from || (a.id < b.id ? -1 : 1))) {
    const { id: session, user, from } = one
    const to = Math.min(one.to, before?.to ?? from)
    const ms = Math.min(to, period.to) - Math.max(from, period.from)
    if (before && ms > 0)
      found.push({ kind: 'session_overlap', from, to, ms, session, user, other: before.id })
    if (!before || one.to > before.to) before = one
  }
  return found
}

/** Out of daily rows where the claim is of whole civil days; else out of spans. */
async function checked(
  { figures, index }: Source,
  entry: InstrumentEntry,
  claim: Parameters<typeof checkClaim>[0],
): Promise<ClaimCheck[]> {
  const isDayStart = (at: Millis) => dayStart(entry.zone, dayAt(entry.zone, at)) === at
  if (isDayStart(claim.from) && isDayStart(claim.to)) {
    const [part] = await figures.parts([entry], () => claim)
    return part ? checkClaim(claim, figuresFromTotals(part.totals)) : []
  }
  const spans = index.spans(entry.key, claim.from - DAY, claim.to + DAY)
  return checkClaim(claim, instrumentFigures(figures.inputs.of(entry, claim, spans), claim).figures)
}
