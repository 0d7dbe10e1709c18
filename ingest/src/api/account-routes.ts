import { z } from 'zod'
import type { Account } from '../access/accounts.ts'
import { mayRole, type Principal, rights, roles } from '../access/rights.ts'
import { IngestError } from '../ingest-error.ts'
import type { ApiContext } from './context.ts'
import { keyRow, KeyRow } from './key-routes.ts'
import { badField, notFound, Problem } from './problem.ts'
import type { Api } from './server.ts'

const AccountRow = z.object({
  id: z.string(),
  name: z.string(),
  role: z.string(),
  organisations: z.array(z.string()).nullable(),
  disabled: z.boolean(),
  oidc: z.boolean().describe('comes in by OpenID Connect, without a password or link'),
})
const NewAccount = z.strictObject({
  id: z.string().max(80),
  name: z.string().min(1).max(120),
  role: z.enum(roles),
  organisations: z.array(z.string().max(40)).min(1).max(100).nullable(),
  oidc: z
    .boolean()
    .optional()
    .describe('comes in by OpenID Connect: no link; the first login under this name there is tied to it'),
})
const AccountChange = z
  .strictObject({
    name: NewAccount.shape.name.optional(),
    role: NewAccount.shape.role.optional(),
    organisations: NewAccount.shape.organisations.optional(),
  })
  .describe('what is not named stays')
const Link = z.object({ link: z.string().describe('shown once; good for two days') })
const Made = z.object({ link: Link.shape.link.nullable() })
const Path = z.strictObject({ id: z.string().max(80) })
const KeyPath = z.strictObject({ id: Path.shape.id, prefix: z.string().max(20) })
const tags = ['accounts']
const config = { needs: 'admin' } as const

/** People of one's own organisations; an operator's are everybody. Nobody gives more than he has. */
export function accountRoutes(app: Api, { door, ingest }: ApiContext): void {
  if (!door) return
  const { accounts, invitations } = door

  /** Whether all that this account sees lies inside what the caller sees, and its role does no more than his. */
  function manages(caller: Principal | null, account: Pick<Account, 'role' | 'organisations'>): boolean {
    if (!caller) return false
    if (rights.some((right) => mayRole(account.role, right) && !mayRole(caller.role, right))) return false
    if (caller.organisations === null) return true
    return account.organisations?.every((id) => ingest.registry.organisation(id) !== undefined) ?? false
  }

  function managed(caller: Principal | null, id: string): Account {
    const account = accounts.find(id)
    if (!account || !manages(caller, account)) throw notFound('account', id)
    return account
  }

  /** Whether the caller may make somebody this; throws what is in the way. */
  function mayBe(caller: Principal | null, account: Pick<Account, 'role' | 'organisations'>): void {
    for (const id of account.organisations ?? [])
      if (!ingest.registry.organisation(id)) throw notFound('organisation', id)
    if (!manages(caller, account))
      throw new Problem(403, 'this role is more than yours', { value: account.role })
  }

  app.get(
    '/api/v1/accounts',
    { schema: { response: { 200: z.object({ items: z.array(AccountRow) }) }, tags }, config },
    ({ principal }) => ({
      items: accounts
        .list()
        .filter((one) => manages(principal, one))
        .map(rowOf),
    }),
  )

  app.post(
    '/api/v1/accounts',
    { schema: { body: NewAccount, response: { 201: Made }, tags }, config },
    async ({ principal, body }, reply) => {
      mayBe(principal, body)
      await accounts.create(body, null).catch((error: unknown) => {
        throw error instanceof IngestError ? badField('id', body.id, error.message) : error
      })
      accounts.letInBy(body.id, principal?.id ?? null)
      void reply.code(201)
      return { link: body.oidc === true ? null : linkOf(invitations.issue(body.id)) }
    },
  )

  app.post(
    '/api/v1/accounts/:id/reset',
    { schema: { params: Path, response: { 200: Link }, tags }, config },
    ({ principal, params }) => {
      const { id, disabled } = managed(principal, params.id)
      if (disabled)
        throw new Problem(409, 'the account is disabled', {
          value: id,
          fix: 'whoever runs the site lets it in again: hours account reset',
        })
      accounts.letInBy(id, principal?.id ?? null)
      return { link: linkOf(invitations.issue(id)) }
    },
  )

  app.post(
    '/api/v1/accounts/:id/disable',
    { schema: { params: Path, response: { 200: AccountRow }, tags }, config },
    ({ principal, params }) => {
      const { id } = managed(principal, params.id)
      if (id === principal?.id) throw new Problem(409, 'this is your own account')
      accounts.disable(id)
      return rowOf(managed(principal, id))
    },
  )

  app.patch(
    '/api/v1/accounts/:id',
    { schema: { params: Path, body: AccountChange, response: { 200: AccountRow }, tags }, config },
    ({ principal, params, body }) => {
      const { id, name, role, organisations } = managed(principal, params.id)
      if (id === principal?.id) throw new Problem(409, 'this is your own account')
      const to = { name, role, organisations, ...defined(body) }
      mayBe(principal, to)
      try {
        accounts.change(id, to)
      } catch (error) {
        throw error instanceof IngestError
          ? badField('organisations', to.organisations, error.message)
          : error
      }
      return rowOf(managed(principal, id))
    },
  )

  app.get(
    '/api/v1/accounts/:id/keys',
    { schema: { params: Path, response: { 200: z.object({ items: z.array(KeyRow) }) }, tags }, config },
    ({ principal, params }) => ({ items: accounts.keys(managed(principal, params.id).id).map(keyRow) }),
  )

  app.delete(
    '/api/v1/accounts/:id/keys/:prefix',
    { schema: { params: KeyPath, tags }, config },
    ({ principal, params }, reply) => {
      if (!accounts.revokeKey(managed(principal, params.id).id, params.prefix))
        throw notFound('key', params.prefix)
      return reply.code(204).send()
    },
  )
}

const rowOf = ({ organisations, ...row }: Account): z.infer<typeof AccountRow> => ({
  ...row,
  organisations: organisations && [...organisations],
})

type Defined<T> = { [K in keyof T]?: Exclude<T[K], undefined> }

/** The members that are given. */
const defined = <T extends object>(from: T): Defined<T> =>
  Object.fromEntries(Object.entries(from).filter(([, value]) => value !== undefined)) as Defined<T>

/** The token stands behind `#`, so that it reaches no server's log. */
export const linkOf = (token: string): string => `/welcome#${token}`
