import { Enrolment, Instant, OrganisationId, type RecordOf } from '@hours/protocol'
import { z } from 'zod'
import { EnrolmentChange, EnrolmentGiven } from '../setup/enrolment-input.ts'
import { judgeChange, judgeEnrolment, judgeRetirement } from '../setup/judge-enrolment.ts'
import { type ApiContext, instrumentOf } from './context.ts'
import { followGateway, leaveGateway } from './follow-gateway.ts'
import type { Registrar } from './registrar.ts'
import type { Api } from './server.ts'

const Path = z.strictObject({ site: z.string().max(40), instrument: z.string().max(40) })
const Row = Enrolment.omit({ v: true, stream: true, seq: true, prev: true }).extend({ site: z.string() })
const Rows = z.object({ items: z.array(Row), simulated: z.boolean() })
const tags = ['instruments']
const enrol = { needs: 'enrol' } as const
const url = '/api/v1/instruments/:site/:instrument'

/** Instruments come in, change from an instant on, and go; every one of these is a signed record with its actor. */
export function enrolmentRoutes(
  app: Api,
  context: ApiContext,
  { registrar }: { registrar: Registrar },
): void {
  const { ingest } = context

  app.post(
    '/api/v1/instruments',
    { schema: { body: EnrolmentGiven, response: { 200: Row, 201: Row }, tags }, config: enrol },
    (request, reply) =>
      registrar.inTurn(request, async ({ reach, now, write }) => {
        const { site, instrument } = request.body
        request.about = `${site}/${instrument}`
        const isNew = await write(judgeEnrolment(request.body, reach, now))
        void reply.code(isNew ? 201 : 200)
        return rowOf(instrumentOf(context, site, instrument).enrolment)
      }),
  )

  app.get(
    `${url}/enrolments`,
    { schema: { params: Path, response: { 200: Rows }, tags }, config: { needs: 'read' } },
    ({ params }) => ({
      items: instrumentOf(context, params.site, params.instrument).enrolments.map(rowOf),
      simulated: ingest.simulated,
    }),
  )

  app.patch(
    url,
    { schema: { params: Path, body: EnrolmentChange, response: { 200: Row }, tags }, config: enrol },
    (request) =>
      registrar.inTurn(request, async (told) => {
        const entry = instrumentOf(context, request.params.site, request.params.instrument)
        await told.write(judgeChange(entry, request.body, told.reach, told.now))
        const changed = instrumentOf(context, request.params.site, request.params.instrument)
        await followGateway(entry, changed, told)
        return rowOf(changed.enrolment)
      }),
  )

  app.post(
    `${url}/moves`,
    {
      schema: {
        params: Path,
        body: z.strictObject({ unit: OrganisationId, from: Instant.optional() }),
        response: { 201: z.object({ instrument: z.string(), unit: z.string(), from: z.int() }) },
        tags: ['organisations'],
      },
      config: enrol,
    },
    (request, reply) =>
      registrar.inTurn(request, async ({ reach, now, write }) => {
        const { params, body } = request
        const entry = instrumentOf(context, params.site, params.instrument)
        await write(judgeChange(entry, body, reach, now))
        void reply.code(201)
        return { instrument: entry.key, unit: body.unit, from: body.from ?? now }
      }),
  )

  app.post(
    `${url}/retire`,
    {
      schema: {
        params: Path,
        body: z.strictObject({ to: Instant.optional().describe('its last instant; absent = now') }),
        response: { 200: Row },
        tags,
      },
      config: enrol,
    },
    (request) =>
      registrar.inTurn(request, async (told) => {
        const { params, body } = request
        const { reach, now, write } = told
        const entry = instrumentOf(context, params.site, params.instrument)
        await write(judgeRetirement(entry, body.to ?? now, reach, now))
        const ended = instrumentOf(context, params.site, params.instrument)
        await leaveGateway(ended, told)
        return rowOf(ended.enrolment)
      }),
  )
}

const rowOf = ({ v: _v, stream, seq: _seq, prev: _prev, ...said }: RecordOf<'enrolment'>) => ({
  site: stream,
  ...said,
})
