import { z } from 'zod'
import type { ApiKey } from '../access/accounts.ts'
import { may, type Principal, rights } from '../access/rights.ts'
import type { ApiContext } from './context.ts'
import { badField, notFound, Problem } from './problem.ts'
import type { Api } from './server.ts'

const scopes = z.array(z.enum(rights)).min(1).max(rights.length)
export const KeyRow = z.object({ prefix: z.string(), label: z.string(), scopes, expires: z.int() })
const NewKey = z.strictObject({
  label: z.string().min(1).max(120),
  scopes,
  days: z.int().min(1).max(732),
})
const tags = ['accounts']
const config = { needs: 'read' } as const

/** API keys of one's own account: shown once, stored hashed, never wider than the account; and its password. */
export function keyRoutes(app: Api, { door }: ApiContext): void {
  if (!door) return
  const { accounts } = door

  app.get(
    '/api/v1/keys',
    { schema: { response: { 200: z.object({ items: z.array(KeyRow) }) }, tags }, config },
    ({ principal }) => ({
      items: accounts.keys(person(principal).id).map(keyRow),
    }),
  )

  app.post(
    '/api/v1/keys',
    { schema: { body: NewKey, response: { 201: z.object({ key: z.string() }) }, tags }, config },
    ({ principal, body }, reply) => {
      const owner = person(principal)
      const wider = body.scopes.find((scope) => !may(owner, scope))
      if (wider !== undefined) throw badField('scopes', wider, 'at most what your own role may')
      if (accounts.keys(owner.id).length >= 50) throw new Problem(409, 'you have 50 keys', { fix: 'end one' })
      void reply.code(201)
      return { key: accounts.createKey({ ...body, account: owner.id }) }
    },
  )

  app.delete(
    '/api/v1/keys/:prefix',
    { schema: { params: z.strictObject({ prefix: z.string().max(20) }), tags }, config },
    ({ principal, params }, reply) => {
      if (!accounts.revokeKey(person(principal).id, params.prefix)) throw notFound('key', params.prefix)
      return reply.code(204).send()
    },
  )
}

/** A key as it is listed. */
export const keyRow = ({ prefix, label, scopes: own, expires }: ApiKey): z.infer<typeof KeyRow> => ({
  prefix,
  label,
  scopes: [...own],
  expires,
})

/** A key cannot make keys: who finds one has it until it ends, and no longer. */
function person(principal: Principal | null): Principal {
  if (principal?.by !== 'session') throw new Problem(403, 'only a person who is signed in may do this')
  return principal
}
