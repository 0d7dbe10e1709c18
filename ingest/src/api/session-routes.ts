import { z } from 'zod'
import { type DraftKind, draftKinds } from '../sessions/drafted.ts'
import { type ListedRecord, listedRecords, pageOf } from '../sessions/record-list.ts'
import { jsonRows } from '../sessions/read-json.ts'
import { createTimeIndex, type Lasting, type TimeIndex } from '../sessions/time-index.ts'
import type { ApiContext } from './context.ts'
import { sendCsv, wantsCsv } from './csv.ts'
import { tagged } from './etag.ts'
import { subtree } from './fleet-routes.ts'
import { pageFields, rowsWanted } from './list-page.ts'
import { badField, notFound, Problem } from './problem.ts'
import { answerOf, TakenAnswer } from './record-answer.ts'
import { recordTable } from './record-table.ts'
import { senderOf } from './sender.ts'
import { sessionIssues } from './session-issues.ts'
import type { Api } from './server.ts'

/** Where each kind is found: `/api/v1/<name>`. */
export const recordPaths: Readonly<Record<DraftKind, string>> = {
  session: 'sessions',
  booking: 'bookings',
  maintenance: 'maintenance',
  claim: 'claims',
  compute: 'compute',
  charge: 'charges',
  voucher: 'vouchers',
  subsidy: 'subsidies',
  training: 'trainings',
  achievement: 'achievements',
  rating: 'ratings',
}

const maxRecords = 2_000
const Millis = z.coerce.number().int().min(0).max(7_258_118_400_000)
const usual = 200
const Query = z.strictObject({
  instrument: z.string().max(90).optional().describe('site/instrument'),
  organisation: z.string().max(40).optional().describe('instruments that it, or who is below it, manages'),
  beneficiary: z.string().max(40).optional(),
  user: z.string().max(80).optional().describe('a pseudonym'),
  from: Millis.optional().describe('what ends after this instant'),
  to: Millis.optional().describe('what begins before this instant'),
  ...pageFields({ usual, most: 500 }),
})

const Row = z.looseObject({
  id: z.string(),
  instrument: z.string(),
  hash: z.string().describe('what a correction names'),
  booked: z.boolean().optional(),
  issue: z
    .string()
    .nullable()
    .optional()
    .describe('of a session: what reconciliation says of it; null = it fits, absent = not judged'),
})
const List = z.object({ items: z.array(Row), next: z.string().nullable(), simulated: z.boolean() })
/** For `/docs`; what each kind may hold is in docs/sessions-and-imports.md. */
const example = {
  externalId: '2026-0417',
  channel: 'gz-net',
  instrument: 'gz-gibh/sem-01',
  from: '2026-03-01 08:00',
  to: '2026-03-01T10:30+08:00',
  user: 'Li Wei',
  beneficiary: 'kanghe-bio',
  purpose: 'service',
  samples: 12,
  tariff: 'auto',
}
const Given = z.looseObject({}).meta({ examples: [example] })
const Body = z.union([z.array(Given).min(1).max(maxRecords), Given])

/** Sessions, bookings and everything else that people and other systems hand in: lists, and a door for JSON. */
export function sessionRoutes(app: Api, context: ApiContext): void {
  for (const kind of draftKinds) {
    const url = `/api/v1/${recordPaths[kind]}`
    app.get(
      url,
      {
        schema: {
          summary: `what stands of kind ${kind}, in order of time`,
          querystring: Query,
          response: { 200: z.union([List, z.string()]) },
          tags: ['records'],
        },
        config: { needs: 'read' },
      },
      async (request, reply) => {
        tagged(context, { request, reply, until: 0 })
        const isCsv = wantsCsv(request, request.query.format)
        const page = listOf(context, kind, {
          ...request.query,
          limit: rowsWanted(request.query, usual, isCsv),
        })
        if (isCsv) return sendCsv(reply, recordPaths[kind], recordTable(kind, page.items, context), page.next)
        const booked = kind === 'session' ? bookedIn(context) : undefined
        const issues = kind === 'session' ? await sessionIssues(context, page.items) : undefined
        const items = page.items.map((one) => {
          const issue = issues?.get(one.hash)
          const judged = issue === undefined ? {} : { issue }
          return { ...rowOf(one), ...(booked ? { booked: booked(one), ...judged } : {}) }
        })
        return { items, next: page.next, simulated: context.ingest.simulated }
      },
    )

    app.post(
      url,
      {
        schema: {
          summary: `one ${kind} or a list of them; sending the same again changes nothing`,
          body: Body,
          response: { 200: TakenAnswer, 201: TakenAnswer, 202: TakenAnswer },
          tags: ['records'],
        },
        config: { needs: 'write' },
      },
      async (request, reply) => {
        const rows = jsonRows(request.body, kind)
        const answer = answerOf(await context.ingest.intake.take(rows, senderOf(context, request)))
        const [only] = Array.isArray(request.body) ? [] : answer.rows
        if (only?.fate === 'refused')
          throw new Problem(422, `${only.field ?? 'the record'} is not valid`, {
            field: only.field,
            value: only.value,
            detail: only.reason,
            fix: only.fix,
            ...(only.faults ? { faults: only.faults } : {}),
          })
        if (only?.fate === 'accepted') void reply.code(201)
        if (only?.fate === 'correction') void reply.code(202)
        return answer
      },
    )
  }
}

function listOf(context: ApiContext, kind: DraftKind, query: z.infer<typeof Query> & { limit: number }) {
  const { registry } = context.ingest
  const { instrument, organisation, beneficiary, user, from = 0, to = Infinity, limit, cursor } = query
  if (organisation !== undefined && !registry.organisation(organisation))
    throw notFound('organisation', organisation)
  if (instrument !== undefined && !registry.instrument(instrument as never))
    throw notFound('instrument', instrument)
  const within = organisation === undefined ? undefined : subtree(context, organisation)
  const managed = within && new Set(unitsWithin(context, within))
  const page = pageOf(listedRecords(registry, kind), {
    limit,
    cursor,
    wanted: ({ key, begin, end, record }) =>
      begin < to &&
      end > from &&
      (instrument === undefined || key === instrument) &&
      (managed?.has(key) ?? true) &&
      (beneficiary === undefined || ('beneficiary' in record && record.beneficiary === beneficiary)) &&
      (user === undefined || ('user' in record && record.user === user)),
  })
  if (!page) throw badField('cursor', cursor ?? '', 'use `next` of the page before')
  return page
}

const unitsWithin = ({ ingest }: ApiContext, within: ReadonlySet<string>): string[] =>
  ingest.registry
    .instruments()
    .filter(({ enrolment }) => within.has(enrolment.unit))
    .map(({ key }) => key)

function rowOf({ key, hash, record }: ListedRecord) {
  const { v: _v, stream: _stream, seq: _seq, prev: _prev, ...body } = record
  return { ...body, instrument: key, hash }
}

const bookings = new WeakMap<object, Map<string, TimeIndex<Lasting>>>()

/** Whether any reservation that stands shares time with a session. */
function bookedIn({ ingest }: ApiContext): (session: ListedRecord) => boolean {
  const all = ingest.registry.records('booking')
  let index = bookings.get(all)
  if (!index) {
    index = new Map()
    for (const { record } of all) {
      if (record.cancelled === true) continue
      const key = `${record.stream}/${record.instrument}`
      const of = index.get(key) ?? createTimeIndex<Lasting>()
      index.set(key, of)
      of.add(record)
    }
    bookings.set(all, index)
  }
  const found = index
  return ({ key, begin, end }) => (found.get(key)?.overlapping({ from: begin, to: end }, 1).length ?? 0) > 0
}
