import { ChannelId, Instant, type InstrumentKey, Names, OrganisationId } from '@hours/protocol'
import { z } from 'zod'
import { treeFault } from '../sessions/tree-fault.ts'
import { type ApiContext, instrumentOf } from './context.ts'
import { badField, notFound, Problem } from './problem.ts'
import type { Api } from './server.ts'
import type { Standing } from './standing.ts'

const Flags = z.object({ sme: z.boolean().optional(), hkMacaoForeign: z.boolean().optional() })
const Kind = z.enum(['province', 'city', 'entity', 'unit'])
const Given = z.strictObject({
  id: OrganisationId,
  parent: OrganisationId.nullable(),
  kind: Kind,
  names: Names,
  zone: z.string().max(64).optional().describe('IANA zone, such as Asia/Shanghai'),
  flags: Flags.optional(),
  from: Instant.optional().describe('from when on this stands; absent = now'),
})
const Row = z.object({
  id: z.string(),
  parent: z.string().nullable(),
  kind: z.string(),
  names: Names,
  zone: z.string().optional(),
  flags: Flags.optional(),
  from: z.int(),
})
const listOf = <T extends z.ZodType>(item: T) => z.object({ items: z.array(item), simulated: z.boolean() })
const Membership = z.object({
  channel: z.string(),
  instrument: z.string().optional(),
  organisation: z.string().optional(),
  from: z.int(),
  to: z.int().optional(),
})
const Millis = z.coerce.number().int().min(0).max(7_258_118_400_000)
const id = z.strictObject({ id: z.string().max(40) })

/** The dated tree of organisations, the instruments that move in it, and the channels that list them. */
export function organisationRoutes(
  app: Api,
  context: ApiContext,
  { standing }: { standing: () => Standing },
): void {
  const { ingest } = context
  const { simulated } = ingest
  const now = () => ingest.clock.wall()

  app.get(
    '/api/v1/organisations',
    {
      schema: {
        querystring: z.strictObject({ at: Millis.optional().describe('the tree as it stands then') }),
        response: { 200: listOf(Row.extend({ instruments: z.int() })) },
        tags: ['organisations'],
      },
      config: { needs: 'read' },
    },
    ({ query: { at = now() } }) => {
      const counts = new Map<string, number>()
      const organisation = (name: string) => ingest.registry.organisation(name, at)
      for (const { enrolments } of standing().entries) {
        const unit = enrolments.find((one) => one.from <= at && at < (one.to ?? Infinity))?.unit
        for (let up: string | null | undefined = unit, depth = 0; up && depth < 16; depth++) {
          counts.set(up, (counts.get(up) ?? 0) + 1)
          up = organisation(up)?.parent
        }
      }
      const ids = ingest.registry.organisations().map((one) => one.id)
      const items = ids.flatMap((one) => organisation(one) ?? [])
      return {
        items: items.map((one) => ({ ...rowOf(one), instruments: counts.get(one.id) ?? 0 })),
        simulated,
      }
    },
  )

  app.get(
    '/api/v1/organisations/:id',
    {
      schema: { params: id, response: { 200: listOf(Row) }, tags: ['organisations'] },
      config: { needs: 'read' },
    },
    ({ params }) => {
      if (!ingest.registry.organisation(params.id, Number.MAX_SAFE_INTEGER))
        throw notFound('organisation', params.id)
      const history = ingest.registry.records('organisation').filter(({ record }) => record.id === params.id)
      return {
        items: history.map(({ record }) => rowOf(record)).toSorted((a, b) => a.from - b.from),
        simulated,
      }
    },
  )

  app.post(
    '/api/v1/organisations',
    {
      schema: { body: Given, response: { 200: Row, 201: Row }, tags: ['organisations'] },
      config: { needs: 'operate' },
    },
    async ({ body: { from = now(), ...given } }, reply) => {
      const made = { ...given, from }
      const fault = treeFault(ingest.registry, made)
      if (fault) throw new Problem(422, `${fault.field} is not valid`, { ...fault })
      const known = ingest.registry.organisation(given.id, from)
      if (known && same({ ...rowOf(known), from }, made)) return rowOf(known)
      await ingest.record('organisation', 'installation', made)
      void reply.code(201)
      return rowOf(made)
    },
  )

  app.post(
    '/api/v1/instruments/:site/:instrument/moves',
    {
      schema: {
        params: z.strictObject({ site: z.string().max(40), instrument: z.string().max(40) }),
        body: z.strictObject({ unit: OrganisationId, from: Instant.optional() }),
        response: { 201: z.object({ instrument: z.string(), unit: z.string(), from: z.int() }) },
        tags: ['organisations'],
      },
      config: { needs: 'operate' },
    },
    async ({ params, body: { unit, from = now() } }, reply) => {
      const { key, site, enrolment } = instrumentOf(context, params.site, params.instrument)
      if (!ingest.registry.organisation(unit, from))
        throw badField('unit', unit, 'an organisation that stands then; GET /api/v1/organisations lists them')
      if (from < enrolment.from || from >= (enrolment.to ?? Infinity))
        throw badField('from', from, `the last enrolment runs from ${new Date(enrolment.from).toISOString()}`)
      const { v: _v, stream: _stream, seq: _seq, prev: _prev, ...body } = enrolment
      await ingest.record('enrolment', site, { ...body, unit, from })
      void reply.code(201)
      return { instrument: key, unit, from }
    },
  )

  app.get(
    '/api/v1/memberships',
    {
      schema: {
        querystring: z.strictObject({ channel: ChannelId.optional() }),
        response: { 200: listOf(Membership) },
        tags: ['organisations'],
      },
      config: { needs: 'read' },
    },
    ({ query: { channel } }) => ({
      items: ingest.registry
        .records('membership')
        .filter(({ record }) => channel === undefined || record.channel === channel)
        .map(({ record }) => Membership.parse(record)),
      simulated,
    }),
  )

  app.post(
    '/api/v1/memberships',
    {
      schema: {
        body: z.strictObject({
          channel: ChannelId,
          instrument: z.string().max(90).optional().describe('site/instrument'),
          organisation: OrganisationId.optional(),
          from: Instant.optional(),
          to: Instant.optional(),
        }),
        response: { 200: Membership, 201: Membership },
        tags: ['organisations'],
      },
      config: { needs: 'operate' },
    },
    async ({ body: { from = now(), ...body } }, reply) => {
      if ((body.instrument === undefined) === (body.organisation === undefined))
        throw new Problem(400, 'one of "instrument" and "organisation" is wanted', { field: 'instrument' })
      if (body.instrument !== undefined && !ingest.registry.instrument(body.instrument as InstrumentKey))
        throw notFound('instrument', body.instrument)
      if (
        body.organisation !== undefined &&
        !ingest.registry.organisation(body.organisation, Number.MAX_SAFE_INTEGER)
      )
        throw notFound('organisation', body.organisation)
      if (body.to !== undefined && body.to <= from) throw badField('to', body.to, 'an instant after `from`')
      const made = { ...body, from }
      const known = ingest.registry
        .records('membership')
        .some(({ record }) => same(Membership.parse(record), made))
      if (!known) await ingest.record('membership', 'installation', made)
      void reply.code(known ? 200 : 201)
      return Membership.parse(made)
    },
  )
}

type Organisation = Omit<z.infer<typeof Given>, 'from'> & { readonly from: number }

const rowOf = ({ id, parent, kind, names, zone, flags, from }: Organisation) => ({
  ...{ id, parent, kind, names, from },
  ...(zone === undefined ? {} : { zone }),
  ...(flags === undefined ? {} : { flags }),
})

const same = (a: object, b: object) => JSON.stringify(sorted(a)) === JSON.stringify(sorted(b))
const sorted = (one: object): unknown =>
  Object.entries(one)
    .filter(([, value]) => value !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1))
