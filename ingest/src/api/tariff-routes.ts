import { Instant, type InstrumentKey, Money, type RecordOf } from '@hours/protocol'
import { z } from 'zod'
import type { ApiContext } from './context.ts'
import { notFound } from './problem.ts'
import type { Api } from './server.ts'

const Row = z.object({
  id: z.string(),
  instrument: z.string(),
  relation: z.enum(['own_unit', 'same_entity', 'external']),
  unit: z.enum(['hour', 'sample', 'core_hour', 'shift']),
  fen: z.int(),
  from: z.int(),
})

/** What an hour, a sample, a core-hour or a shift costs whom, from when on. */
export function tariffRoutes(app: Api, { ingest }: ApiContext): void {
  app.get(
    '/api/v1/tariffs',
    {
      schema: {
        querystring: z.strictObject({
          instrument: z.string().max(90).optional().describe('site/instrument'),
        }),
        response: { 200: z.object({ items: z.array(Row), simulated: z.boolean() }) },
        tags: ['records'],
      },
      config: { needs: 'read' },
    },
    ({ query: { instrument } }) => ({
      items: ingest.registry
        .records('tariff')
        .map(({ record }) => rowOf(record))
        .filter((row) => instrument === undefined || row.instrument === instrument),
      simulated: ingest.simulated,
    }),
  )

  app.post(
    '/api/v1/tariffs',
    {
      schema: {
        body: Row.extend({
          id: z.string().trim().min(1).max(120),
          instrument: z.string().max(90).describe('site/instrument'),
          fen: Money.min(0).describe('for one unit'),
          from: Instant.optional().describe('absent = now'),
        }).strict(),
        response: { 200: Row, 201: Row },
        tags: ['records'],
      },
      config: { needs: 'write' },
    },
    async ({ body: { instrument, from = ingest.clock.wall(), ...given } }, reply) => {
      const entry = ingest.registry.instrument(instrument as InstrumentKey)
      if (!entry) throw notFound('instrument', instrument)
      const made = { ...given, instrument, from }
      const known = ingest.registry
        .records('tariff', entry.site)
        .some(({ record }) => JSON.stringify(rowOf(record)) === JSON.stringify(Row.parse(made)))
      const body = { ...given, instrument: entry.enrolment.instrument, from }
      if (!known) await ingest.record('tariff', entry.site, body)
      void reply.code(known ? 200 : 201)
      return made
    },
  )
}

const rowOf = ({ stream, instrument, ...record }: RecordOf<'tariff'>): z.infer<typeof Row> =>
  Row.parse({ ...record, instrument: `${stream}/${instrument}` })
