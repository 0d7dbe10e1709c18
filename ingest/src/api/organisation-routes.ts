import { Names } from '@hours/protocol'
import { z } from 'zod'
import { judgeOrganisation, OrganisationGiven } from '../setup/judge-organisation.ts'
import type { ApiContext } from './context.ts'
import { notFound } from './problem.ts'
import type { Registrar } from './registrar.ts'
import type { Api } from './server.ts'
import type { Standing } from './standing.ts'

const Flags = z.object({ sme: z.boolean().optional(), hkMacaoForeign: z.boolean().optional() })
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
const Millis = z.coerce.number().int().min(0).max(7_258_118_400_000)
const id = z.strictObject({ id: z.string().max(40) })

/** The dated tree of organisations. */
export function organisationRoutes(
  app: Api,
  context: ApiContext,
  { standing, registrar }: { standing: () => Standing; registrar: Registrar },
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
      schema: { body: OrganisationGiven, response: { 200: Row, 201: Row }, tags: ['organisations'] },
      config: { needs: 'enrol' },
    },
    (request, reply) =>
      registrar.inTurn(request, async ({ reach, now: at, write }) => {
        const { from = at, ...given } = request.body
        request.about = given.id
        const isNew = await write(judgeOrganisation(request.body, reach, at))
        void reply.code(isNew ? 201 : 200)
        const stands = isNew ? undefined : ingest.registry.organisation(given.id, from)
        return rowOf(stands ?? { ...given, from })
      }),
  )
}

const rowOf = ({ id, parent, kind, names, zone, flags, from }: z.input<typeof Row>) => ({
  ...{ id, parent, kind, names, from },
  ...(zone === undefined ? {} : { zone }),
  ...(flags === undefined ? {} : { flags }),
})
