import { DAY, MINUTE } from '@hours/protocol'
import { z } from 'zod'
import { idleSlots } from '../channels/idle-slots.ts'
import { slotsCalendar } from '../channels/slots-calendar.ts'
import { type ApiContext, instrumentOf } from './context.ts'
import { tagged } from './etag.ts'
import { badField } from './problem.ts'
import type { Api } from './server.ts'

const Slots = z.object({
  instrument: z.string(),
  zone: z.string(),
  from: z.int(),
  to: z.int(),
  slots: z
    .array(z.object({ from: z.int(), to: z.int() }))
    .nullable()
    .describe('null = no opening hours are known'),
  weeks: z.object({ from: z.int(), to: z.int() }),
  idleByWeekHour: z
    .array(z.int())
    .nullable()
    .describe('168 numbers, ms: idle in these weeks by hour of the week, 0 = Monday 00-01 local'),
  idle: z.int().nullable().describe('their sum, ms'),
  coverage: z.number().nullable().describe('known over enrolled time of these weeks'),
  simulated: z.boolean(),
})
const instant = z.coerce.number().int().min(0).max(7_258_118_400_000)
const SlotsQuery = z.strictObject({
  instrument: z.string().max(90).describe('site/instrument'),
  from: instant.optional().describe('default now; never before it'),
  to: instant.optional().describe('default 14 days on; at most 62'),
  minMinutes: z.coerce.number().int().min(1).max(1_440).default(15).describe('shorter slots are left out'),
})

/** `GET /api/v1/availability`: when an instrument is free, for all channels to offer; as JSON and as a calendar. */
export function slotsRoutes(app: Api, context: ApiContext): void {
  const { ingest } = context
  const { simulated } = ingest

  app.get(
    '/api/v1/availability',
    {
      schema: { querystring: SlotsQuery, response: { 200: Slots }, tags: ['channels'] },
      config: { needs: 'read' },
    },
    (request, reply) => {
      tagged(context, { request, reply, until: Infinity })
      const { entry, window, made } = slotsOf(request.query)
      const { slots, weeks, idleByWeekHour, idleMs, coverage } = made
      return {
        ...{ instrument: entry.key, zone: entry.zone, from: window.from, to: window.to },
        slots: slots && [...slots],
        weeks,
        idleByWeekHour: idleByWeekHour && [...idleByWeekHour],
        ...{ idle: idleMs, coverage, simulated },
      }
    },
  )

  app.get(
    '/api/v1/availability.ics',
    {
      schema: { querystring: SlotsQuery, response: { 200: z.string() }, tags: ['channels'] },
      config: { needs: 'read' },
    },
    (request, reply) => {
      tagged(context, { request, reply, until: Infinity })
      const { entry, made, now } = slotsOf(request.query)
      const { en, zh } = entry.enrolment.names
      const name = zh ?? en ?? entry.key
      void reply.type('text/calendar; charset=utf-8')
      return slotsCalendar({ key: entry.key, name, slots: made.slots ?? [], at: now, simulated })
    },
  )

  function slotsOf({ instrument, from, to, minMinutes }: z.infer<typeof SlotsQuery>) {
    const [site = '', id = ''] = instrument.split('/')
    const entry = instrumentOf(context, site, id)
    const now = ingest.clock.wall()
    // A slot that has begun is offered from the next minute on: what is over cannot be had.
    const begin = Math.max(from ?? 0, Math.ceil(now / MINUTE) * MINUTE)
    const end = to ?? begin + 14 * DAY
    if (end <= begin) throw badField('to', end, 'an instant after now and after `from` (Unix ms)')
    if (end - begin > 62 * DAY) throw badField('to', end, 'at most 62 days at a time')
    const window = { from: begin, to: end }
    const { registry, index } = ingest
    // Of the whole registry: an organisation that the caller may not see still counts as a beneficiary.
    const { inputs } = ingest.figures
    const minMs = minMinutes * MINUTE
    return { entry, window, now, made: idleSlots(entry, { registry, index, inputs, window, now, minMs }) }
  }
}
