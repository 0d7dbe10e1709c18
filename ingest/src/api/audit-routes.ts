import { z } from 'zod'
import type { ApiContext } from './context.ts'
import type { Api } from './server.ts'

const Entry = z.object({
  seq: z.int(),
  at: z.int(),
  actor: z.string(),
  action: z.string(),
  target: z.string(),
  outcome: z.string(),
  hash: z.string(),
})

/** `GET /api/v1/audit`: who did what, newest first; an organisation's admin reads of the organisation's own people. */
export function auditRoutes(app: Api, { door, ingest }: ApiContext): void {
  if (!door) return
  app.get(
    '/api/v1/audit',
    {
      schema: {
        querystring: z.strictObject({
          limit: z.coerce.number().int().min(1).max(500).default(100),
          before: z.coerce.number().int().min(1).optional(),
        }),
        response: { 200: z.object({ items: z.array(Entry), next: z.int().nullable() }) },
        tags: ['operations'],
      },
      config: { needs: 'admin' },
    },
    ({ principal, query }) => {
      const everybody = principal?.organisations === null
      const actors = everybody
        ? undefined
        : new Set(
            door.accounts
              .list()
              .filter(({ organisations }) =>
                organisations?.every((id) => ingest.registry.organisation(id) !== undefined),
              )
              .map(({ id }) => id),
          )
      const items = door.audit.list({ ...query, actors })
      return { items: [...items], next: items.length === query.limit ? (items.at(-1)?.seq ?? null) : null }
    },
  )
}
