import { setImmediate as turn } from 'node:timers/promises'
import { DAY, Names, printedText } from '@hours/protocol'
import { type ClaimCheck, clip, sumClaims } from '@hours/usage'
import { z } from 'zod'
import { instrumentFindings } from '../figures/instrument-findings.ts'
import type { InstrumentEntry } from '../ports.ts'
import { scopesOf } from '../registry/scopes.ts'
import { askedPeriod } from './asked-period.ts'
import type { ApiContext } from './context.ts'
import { type CsvTable, sendCsv, wantsCsv } from './csv.ts'
import { tagged } from './etag.ts'
import { pageFields, pageIn, placeFields } from './list-page.ts'
import { Problem } from './problem.ts'
import { entriesOf } from './scope.ts'
import type { Api } from './server.ts'
import type { Standing } from './standing.ts'

const kinds = [
  'no_show',
  'no_show_unproven',
  'overrun',
  'late_arrival',
  'unbooked_run',
  'other_user',
  'session_while_off',
  'session_overlap',
  'claim_differs',
] as const
const Kind = z.enum(kinds)

const usual = 200
const Query = z.strictObject({
  scope: z.string().max(100).default('all').describe('site/instrument, org:ID, channel:ID or all'),
  period: z.string().max(40).describe('2025, 2025-03, 2025-W02, AY2024, 2025-01-01..2025-01-08'),
  kind: Kind.optional(),
  ...pageFields({ usual, most: 500 }),
})

const Item = z.object({
  kind: Kind,
  instrument: z.string(),
  names: Names,
  zone: z.string(),
  from: z.int(),
  to: z.int(),
  /** What it amounts to inside the period. */
  ms: z.int(),
  booking: z.string().nullable(),
  session: z.string().nullable(),
  other: z.string().nullable().describe('the session that it overlaps'),
  user: z.string().nullable(),
  claim: z.string().nullable(),
  measure: z.string().nullable(),
  claimed: z.int().nullable(),
  verified: z.int().nullable(),
  /** What could be verified at most, given what is unknown. */
  upper: z.int().nullable(),
})
type Item = z.infer<typeof Item>
const Sum = z.object({ count: z.int(), ms: z.int() })
const ClaimLine = z.object({
  of: z.string().describe('all, org:ID or site/instrument'),
  measure: z.enum(['on', 'run', 'effective', 'external']),
  claimed: z.int(),
  verified: z.int(),
  upper: z.int(),
  difference: z.int(),
  unexplained: z.int().describe('what no unknown time can explain'),
})
const Answer = z.object({
  scope: z.string(),
  period: z.string(),
  items: z.array(Item),
  counts: z.record(z.string(), z.int()),
  totals: z.record(z.string(), Sum),
  claims: z.array(ClaimLine),
  ...placeFields,
  simulated: z.boolean(),
})

/** Spans of so many days are read for one answer: a month of 232 instruments, or a year of 24. */
const mostInstrumentDays = 9_000

/** `GET /api/v1/reconciliation`: booked, recorded and claimed beside sensed; every difference with its time. */
export function reconciliationRoutes(
  app: Api,
  context: ApiContext,
  { standing }: { standing: () => Standing },
): void {
  const { ingest } = context

  app.get(
    '/api/v1/reconciliation',
    {
      schema: { querystring: Query, response: { 200: z.union([Answer, z.string()]) }, tags: ['figures'] },
      config: { needs: 'read' },
    },
    async (request, reply) => {
      const { scope, period, kind, format } = request.query
      const isCsv = wantsCsv(request, format)
      const entries = entriesOf(context, standing(), scope)
      const asked = askedPeriod(entries, period)
      tagged(context, { request, reply, until: asked.end })
      const { from, to } = asked.in(asked.zone)
      const now = ingest.clock.wall()
      const days = Math.ceil((Math.min(to, now) - from) / DAY)
      if (days * entries.length > mostInstrumentDays)
        throw new Problem(400, 'too much to compare at once', {
          field: 'period',
          value: `${entries.length} instruments x ${days} days`,
          fix: `at most ${mostInstrumentDays} instrument-days: a shorter period or a smaller scope`,
        })
      const items: Item[] = []
      const claims = new Map<InstrumentEntry, readonly ClaimCheck[]>()
      for (const entry of entries) {
        const span = asked.in(entry.zone)
        const checks: ClaimCheck[] = []
        for (const part of clip(entry.during, { from: span.from, to: Math.min(span.to, now) })) {
          const found = await instrumentFindings(ingest, entry, part)
          for (const one of found.findings) items.push(itemOf(entry, one))
          for (const one of found.claims) if (one.difference !== 0) items.push(claimItem(entry, one))
          checks.push(...found.claims)
          await turn()
        }
        if (checks.length > 0) claims.set(entry, checks)
      }
      items.sort(byWhatMatters)
      const totals = totalsOf(items)
      const wanted = kind === undefined ? items : items.filter((one) => one.kind === kind)
      const { items: page, ...place } = pageIn(wanted, request.query, { usual, isCsv })
      if (isCsv) return sendCsv(reply, 'reconciliation', table(page), place.next)
      return {
        scope,
        period,
        items: [...page],
        counts: Object.fromEntries(Object.entries(totals).map(([name, { count }]) => [name, count])),
        totals,
        claims: claimLines(context, claims),
        ...place,
        simulated: ingest.simulated,
      }
    },
  )
}

const nothing = {
  booking: null,
  session: null,
  other: null,
  user: null,
  claim: null,
  measure: null,
  claimed: null,
  verified: null,
  upper: null,
}

const about = ({ key, zone, enrolment: { names } }: InstrumentEntry) => ({ instrument: key, names, zone })

const itemOf = (
  entry: InstrumentEntry,
  one: Awaited<ReturnType<typeof instrumentFindings>>['findings'][number],
): Item => ({ ...nothing, ...about(entry), ...one })

const claimItem = (entry: InstrumentEntry, one: ClaimCheck): Item => ({
  ...nothing,
  ...about(entry),
  kind: 'claim_differs',
  from: one.from,
  to: one.to,
  ms: Math.abs(one.difference),
  claim: one.claim,
  measure: one.measure,
  claimed: one.claimed,
  verified: one.verified,
  upper: one.upper,
})

/** What happened first, in the order of time; then claims, the greatest difference first. */
function byWhatMatters(a: Item, b: Item): number {
  const [claimA, claimB] = [a, b].map(({ kind }) => kind === 'claim_differs')
  if (claimA !== claimB) return claimA ? 1 : -1
  return (claimA ? b.ms - a.ms : a.from - b.from) || (a.instrument < b.instrument ? -1 : 1)
}

function totalsOf(items: readonly Item[]): Record<string, z.infer<typeof Sum>> {
  const totals: Record<string, z.infer<typeof Sum>> = {}
  for (const kind of kinds) totals[kind] = { count: 0, ms: 0 }
  for (const { kind, ms } of items) {
    const sum = totals[kind]
    if (sum) totals[kind] = { count: sum.count + 1, ms: sum.ms + ms }
  }
  return totals
}

/** Claimed beside verified, of each instrument, of all organisations above it when the claim begins, and of everything. */
function claimLines(
  { ingest }: ApiContext,
  claims: ReadonlyMap<InstrumentEntry, readonly ClaimCheck[]>,
): z.infer<typeof ClaimLine>[] {
  const of = new Map<string, ClaimCheck[]>()
  const add = (name: string, check: ClaimCheck) => {
    const known = of.get(name)
    if (known) known.push(check)
    else of.set(name, [check])
  }
  const scopes = scopesOf(ingest.registry)
  for (const [entry, checks] of claims) {
    for (const check of checks) {
      add('all', check)
      for (const { id, kind } of scopes.aboveAt(entry, check.from)) if (kind) add(`org:${id}`, check)
      add(entry.key, check)
    }
  }
  return [...of].flatMap(([name, checks]) =>
    [...sumClaims(checks)].map(([measure, sum]) => ({ of: name, measure, ...sum })),
  )
}

const hours = (ms: number | null) => (ms === null ? null : printedText(ms, 'ms'))
const table = (items: readonly Item[]): CsvTable => ({
  head: [
    'kind',
    'instrument',
    'from',
    'to',
    'hours',
    'booking',
    'session',
    'user',
    'claimed_h',
    'verified_h',
  ],
  rows: items.map((one) => [
    one.kind,
    one.instrument,
    new Date(one.from).toISOString(),
    new Date(one.to).toISOString(),
    hours(one.ms),
    one.booking,
    one.session,
    one.user,
    hours(one.claimed),
    hours(one.verified),
  ]),
})
