import { Schedule, type RecordOf } from '@hours/protocol'
import { z } from 'zod'
import { judgeSchedule, ScheduleGiven } from '../setup/judge-schedule.ts'
import type { ApiContext } from './context.ts'
import type { Registrar } from './registrar.ts'
import type { Api } from './server.ts'

const { weekly, exceptions } = Schedule.shape
const Row = z.object({
  instrument: z.string().describe('site/instrument, or site/*'),
  weekly,
  exceptions,
  from: z.int(),
  zone: z.string().describe('whose local times these are'),
  actor: z.string().optional(),
})
const tags = ['instruments']

/** When instruments are meant to be open: the denominator of `utilSchedule`, and what idle time is measured by. */
export function scheduleRoutes(app: Api, context: ApiContext, { registrar }: { registrar: Registrar }): void {
  const { ingest } = context
  const rowOf = ({ stream, instrument, ...one }: RecordOf<'schedule'>): z.infer<typeof Row> => ({
    instrument: `${stream}/${instrument}`,
    weekly: one.weekly,
    exceptions: one.exceptions,
    from: one.from,
    zone: ingest.registry.zone(stream as Parameters<typeof ingest.registry.zone>[0]),
    ...(one.actor === undefined ? {} : { actor: one.actor }),
  })

  app.get(
    '/api/v1/schedules',
    {
      schema: {
        querystring: z.strictObject({
          instrument: z.string().max(90).optional().describe('its own hours and those of its site'),
        }),
        response: { 200: z.object({ items: z.array(Row), simulated: z.boolean() }) },
        tags,
      },
      config: { needs: 'read' },
    },
    ({ query: { instrument } }) => {
      const places =
        instrument === undefined ? undefined : [instrument, `${instrument.split('/')[0] ?? ''}/*`]
      const items = ingest.registry
        .records('schedule')
        .map(({ record }) => rowOf(record))
        .filter((row) => places?.includes(row.instrument) ?? true)
        .toSorted((a, b) => a.from - b.from)
      return { items, simulated: ingest.simulated }
    },
  )

  app.post(
    '/api/v1/schedules',
    {
      schema: { body: ScheduleGiven, response: { 200: Row, 201: Row }, tags },
      config: { needs: 'enrol' },
    },
    (request, reply) =>
      registrar.inTurn(request, async ({ reach, now, write }) => {
        const { instrument, weekly, exceptions = {}, from = now } = request.body
        request.about = instrument
        const isNew = await write(judgeSchedule(request.body, reach, now))
        void reply.code(isNew ? 201 : 200)
        const [site = ''] = instrument.split('/')
        return rowOf({
          stream: site,
          instrument: instrument.slice(site.length + 1),
          weekly,
          exceptions,
          from,
        } as RecordOf<'schedule'>)
      }),
  )
}
