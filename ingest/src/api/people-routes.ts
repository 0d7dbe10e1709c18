import { z } from 'zod'
import type { ApiContext } from './context.ts'
import { notFound } from './problem.ts'
import type { Api } from './server.ts'

const params = z.strictObject({
  pseudonym: z.string().regex(/^p-[A-Za-z0-9_-]{43}$/, 'p- and 43 characters'),
})

/** The names behind pseudonyms: told to who keeps the records of that person, and forgotten for good when asked to. */
export function peopleRoutes(app: Api, context: ApiContext): void {
  const { ingest } = context

  /** Whether a record that the caller sees names this person. */
  function isSeen(pseudonym: string): boolean {
    const { registry } = ingest
    return (['session', 'booking', 'compute'] as const).some((kind) =>
      registry
        .records(kind)
        .some(
          ({ record }) =>
            record.user === pseudonym || ('approval' in record && record.approval?.by === pseudonym),
        ),
    )
  }

  app.get(
    '/api/v1/people/:pseudonym',
    {
      schema: {
        params,
        response: { 200: z.object({ pseudonym: z.string(), name: z.string() }) },
        tags: ['people'],
      },
      config: { needs: 'write' },
    },
    ({ params: { pseudonym } }, reply) => {
      const name = isSeen(pseudonym) ? ingest.intake.people.nameOf(pseudonym) : undefined
      if (name === undefined) throw notFound('person', pseudonym)
      void reply.header('cache-control', 'no-store')
      return { pseudonym, name }
    },
  )

  app.delete(
    '/api/v1/people/:pseudonym',
    { schema: { params, tags: ['people'] }, config: { needs: 'admin' } },
    ({ params: { pseudonym } }, reply) => {
      if (!isSeen(pseudonym) || !ingest.intake.people.forget(pseudonym)) throw notFound('person', pseudonym)
      return reply.code(204).send()
    },
  )
}
