import { z } from 'zod'
import type { ApiContext } from './context.ts'
import { notFound, Problem } from './problem.ts'
import type { Registry } from '../ports.ts'
import type { Api } from './server.ts'

const params = z.strictObject({
  pseudonym: z.string().regex(/^p-[A-Za-z0-9_-]{43}$/, 'p- and 43 characters'),
})

/** The names behind pseudonyms: told to who keeps the records of that person, and forgotten for good when asked to. */
export function peopleRoutes(app: Api, context: ApiContext, whole: Pick<ApiContext, 'ingest'>): void {
  const { ingest, door } = context

  /** How many records that the caller sees name this person. */
  const seen = (pseudonym: string) => countOf(ingest.registry, pseudonym)

  /** Accounts whose id is an e-mail address stand under a pseudonym in what they did. */
  function accountOf(pseudonym: string): string | undefined {
    const did = kinds.some((kind) =>
      ingest.registry.records(kind).some(({ record }) => 'actor' in record && record.actor === pseudonym),
    )
    return did ? door?.accounts.byActor(pseudonym)?.id : undefined
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
      const person = seen(pseudonym) > 0 ? ingest.intake.people.nameOf(pseudonym) : undefined
      const name = person ?? accountOf(pseudonym)
      if (name === undefined) throw notFound('person', pseudonym)
      void reply.header('cache-control', 'no-store')
      return { pseudonym, name }
    },
  )

  app.delete(
    '/api/v1/people/:pseudonym',
    { schema: { params, tags: ['people'] }, config: { needs: 'admin' } },
    ({ params: { pseudonym } }, reply) => {
      const own = seen(pseudonym)
      if (own === 0) throw notFound('person', pseudonym)
      if (own < countOf(whole.ingest.registry, pseudonym))
        throw new Problem(409, 'others keep records of this person too', {
          value: pseudonym,
          fix: 'the operator forgets a name for everybody at once',
        })
      if (!ingest.intake.people.forget(pseudonym)) throw notFound('person', pseudonym)
      return reply.code(204).send()
    },
  )
}

const kinds = ['session', 'booking', 'compute', 'correction'] as const

function countOf(registry: Registry, pseudonym: string): number {
  let count = 0
  for (const kind of ['session', 'booking', 'compute'] as const)
    for (const { record } of registry.records(kind))
      if (record.user === pseudonym || ('approval' in record && record.approval?.by === pseudonym)) count += 1
  return count
}
