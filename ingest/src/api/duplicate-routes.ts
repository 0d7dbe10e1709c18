import { SiteId } from '@hours/protocol'
import { proposedDuplicates } from '@hours/usage'
import { z } from 'zod'
import type { ApiContext } from './context.ts'
import { notFound, Problem } from './problem.ts'
import type { Api } from './server.ts'

const Pair = z.object({ site: z.string(), instrument: z.string(), sessions: z.array(z.string()).length(2) })
const maxPairs = 500

/** One session told by two channels under two ids: proposed by rule, confirmed by a person (records.md, section 8). */
export function duplicateRoutes(app: Api, { ingest }: ApiContext): void {
  const { duplicates } = ingest.intake

  app.get(
    '/api/v1/duplicates',
    {
      schema: {
        querystring: z.strictObject({}),
        response: { 200: z.object({ items: z.array(Pair), total: z.int(), simulated: z.boolean() }) },
        tags: ['corrections'],
      },
      config: { needs: 'read' },
    },
    () => {
      const records = ingest.registry.records('session').map(({ record }) => record)
      const byInstrument = Map.groupBy(records, (one) => `${one.stream}/${one.instrument}`)
      const items = [...byInstrument].flatMap(([instrument, sessions]) => {
        const site = sessions[0]?.stream ?? ''
        return proposedDuplicates(sessions)
          .filter((pair) => !duplicates.has(site, pair))
          .map((pair) => ({ site, instrument, sessions: [...pair] }))
      })
      return { items: items.slice(0, maxPairs), total: items.length, simulated: ingest.simulated }
    },
  )

  app.post(
    '/api/v1/duplicates',
    {
      schema: {
        body: z.strictObject({ site: SiteId, sessions: z.tuple([z.string().max(120), z.string().max(120)]) }),
        response: { 200: Pair, 201: Pair },
        tags: ['corrections'],
      },
      config: { needs: 'write' },
    },
    async ({ body: { site, sessions } }, reply) => {
      const [a, b] = sessions.map((id) => {
        const found = ingest.registry.records('session', site).find(({ record }) => record.id === id)
        if (!found) throw notFound('session', id)
        return found.record
      })
      if (!a || !b || a.id === b.id || a.instrument !== b.instrument)
        throw new Problem(422, 'two sessions of one instrument are wanted', {
          field: 'sessions',
          value: sessions.join(', '),
          fix: 'GET /api/v1/duplicates lists what may be one',
        })
      void reply.code((await duplicates.confirm(site, sessions)) === 'known' ? 200 : 201)
      return { site, instrument: `${site}/${a.instrument}`, sessions }
    },
  )
}
