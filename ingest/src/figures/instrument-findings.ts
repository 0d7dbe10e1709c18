import { DAY, type Millis } from '@hours/protocol'
import {
  checkClaim,
  type ClaimCheck,
  dayAt,
  dayStart,
  figuresFromTotals,
  type Finding,
  instrumentFigures,
  intersect,
  type Interval,
  reconcileUse,
} from '@hours/usage'
import type { RunningIngest } from '../ingest.ts'
import type { InstrumentEntry } from '../ports.ts'
import type { FigureReader } from './figure-reader.ts'

/** What was booked, recorded or claimed of one instrument beside what was sensed. */
export interface InstrumentFindings {
  readonly findings: readonly (Omit<Finding, 'kind'> & {
    readonly kind: Finding['kind'] | 'session_overlap'
  })[]
  readonly claims: readonly ClaimCheck[]
}

type Source = Pick<RunningIngest, 'registry' | 'index'> & { readonly figures: FigureReader }

/**
 * Differences of one instrument in [from, to), listed and never edited away. Claims are judged whole, in the period in
 * which they begin. Runs count as unbooked only where the instrument is booked at all.
 */
export async function instrumentFindings(
  source: Source,
  entry: InstrumentEntry,
  { from, to }: Interval,
): Promise<InstrumentFindings> {
  const own = ownRecords(source, entry)
  const touches = (one: Interval) => one.from < to && one.to > from
  const bookings = own.bookings.filter(touches)
  const sessions = own.sessions.filter(touches)
  const claims = own.claims.filter((claim) => claim.from >= from && claim.from < to && claim.to > claim.from)
  const checks: ClaimCheck[] = []
  for (const claim of claims) checks.push(...(await checked(source, entry, claim)))
  if (own.bookings.length === 0 && sessions.length === 0) return { findings: [], claims: checks }
  const reach = {
    from: Math.min(from, ...bookings.map((one) => one.from)) - DAY,
    to: Math.max(to, ...bookings.map((one) => one.to)) + DAY,
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
  const listed = findings.filter(({ kind }) => isBooked || kind !== 'unbooked_run')
  return { findings: [...listed, ...overlaps].sort((a, b) => a.from - b.from), claims: checks }
}

function ownRecords({ registry }: Source, { key, site, enrolment }: InstrumentEntry) {
  const ofThis = <T extends { readonly record: { readonly instrument: string } }>(list: readonly T[]) =>
    list.filter(({ record }) => record.instrument === enrolment.instrument)
  return {
    key,
    bookings: ofThis(registry.records('booking', site)).flatMap(({ record }) =>
      record.cancelled === true ? [] : [record],
    ),
    sessions: ofThis(registry.records('session', site)).map(({ record }) => record),
    maintenance: ofThis(registry.records('maintenance', site)).map(({ record }) => record),
    claims: ofThis(registry.records('claim', site)).map(({ record }) => record),
  }
}

/** Two sessions at one time where only one can be: domain.md, section 4.5. */
function overlapsOf(
  sessions: readonly (Interval & { readonly id: string; readonly user: string })[],
  period: Interval,
): InstrumentFindings['findings'] {
  const ordered = sessions.toSorted((a, b) => a.from - b.from)
  return ordered.flatMap((one, i) =>
    ordered.slice(i + 1).flatMap((other) =>
      other.from >= one.to
        ? []
        : intersect(intersect([one], [other]), [period]).map((part) => ({
            ...part,
            kind: 'session_overlap' as const,
            ms: part.to - part.from,
            session: other.id,
            user: other.user,
          })),
    ),
  )
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
