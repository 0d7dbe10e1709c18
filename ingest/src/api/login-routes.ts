import type { FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import type { Door } from '../access/door.ts'
import { may, rights } from '../access/rights.ts'
import { passwordFault } from '../access/secret.ts'
import { publicBodyLimit } from './body-budget.ts'
import type { ApiContext } from './context.ts'
import { tooFast } from './guard.ts'
import { badField, Problem } from './problem.ts'
import type { Api } from './server.ts'
import {
  clearOidcSecret,
  clearSession,
  oidcCookie,
  sessionCookie,
  setOidcSecret,
  setSession,
} from './session-cookies.ts'

const Login = z.strictObject({ account: z.string().max(80), password: z.string().max(200) })
const Welcome = z.strictObject({ token: z.string().max(100), password: z.string().max(200) })
const SignedIn = z.object({ csrf: z.string() })
const Me = z.object({
  account: z.string(),
  name: z.string(),
  role: z.string(),
  organisations: z.array(z.string()).nullable(),
  by: z.string(),
  rights: z.array(z.enum(rights)),
})
const open = { needs: 'public' } as const
const tags = ['accounts']

/** Signing in and out: by password, by a one-time link, by OpenID Connect. The demo has none of it. */
export function loginRoutes(app: Api, { door, log }: ApiContext): void {
  if (!door) return

  app.get(
    '/api/v1/login',
    { schema: { response: { 200: z.object({ oidc: z.boolean() }) }, tags }, config: open },
    () => ({ oidc: door.oidc !== undefined }),
  )

  app.post(
    '/api/v1/login',
    { bodyLimit: publicBodyLimit, schema: { body: Login, response: { 200: SignedIn }, tags }, config: open },
    async (request, reply) => {
      guessing(door, request)
      const { account, password } = request.body
      const id = account.toLowerCase()
      const done = await door.inTurn(() => door.accounts.signIn(id, password))
      if (done === undefined) throw new Problem(429, 'too many are signing in', { retryAfter: 5 })
      const outcome = typeof done === 'string' ? done : 'ok'
      door.audit.add({ actor: id, action: 'login', target: request.ip, outcome })
      // Locked or wrong, known or unknown: from outside it is one answer.
      if (typeof done === 'string')
        throw new Problem(401, 'account or password is wrong, or the account is locked for 15 minutes')
      setSession(reply, done)
      return { csrf: done.csrf }
    },
  )

  app.post(
    '/api/v1/welcome',
    {
      bodyLimit: publicBodyLimit,
      schema: { body: Welcome, response: { 200: SignedIn }, tags },
      config: open,
    },
    async (request, reply) => {
      guessing(door, request)
      const { token, password } = request.body
      const account = door.invitations.accountOf(token)
      if (account === undefined)
        throw new Problem(401, 'this link has been used or is older than two days', {
          fix: 'ask for another',
        })
      const fault = passwordFault(password)
      if (fault !== undefined) throw badField('password', '', fault)
      const spent = await door.inTurn(async () => {
        // Again, as another may have come first meanwhile.
        if (door.invitations.accountOf(token) !== account) return false
        door.invitations.spend(token)
        await door.accounts.setPassword(account, password)
        return true
      })
      if (spent !== true) throw new Problem(429, 'too many are signing in', { retryAfter: 5 })
      door.audit.add({ actor: account, action: 'password.set', target: account, outcome: 'ok' })
      const session = door.accounts.admit(account)
      if (!session) throw new Problem(401, 'the account is disabled')
      setSession(reply, session)
      return { csrf: session.csrf }
    },
  )

  app.post(
    '/api/v1/logout',
    { bodyLimit: publicBodyLimit, schema: { tags }, config: open },
    (request, reply) => {
      const token = request.cookies[sessionCookie]
      if (token !== undefined) door.accounts.signOut(token)
      clearSession(reply)
      return reply.code(204).send()
    },
  )

  app.get(
    '/api/v1/me',
    { schema: { response: { 200: Me }, tags }, config: { needs: 'read' } },
    ({ principal }) => {
      if (!principal) throw new Problem(401, 'sign in first')
      const { id, name, role, organisations, by } = principal
      const given = rights.filter((right) => may(principal, right))
      return {
        account: id,
        name,
        role,
        organisations: organisations && [...organisations],
        by,
        rights: given,
      }
    },
  )

  oidcRoutes(app, door, log)
}

function oidcRoutes(app: Api, door: Door, log: ApiContext['log']): void {
  const { oidc } = door
  if (!oidc) return

  app.get('/api/v1/login/oidc', { schema: { tags }, config: open }, async (request, reply) => {
    guessing(door, request)
    const { url, secret } = await oidc.begin().catch((err: unknown) => {
      log.warn({ err }, 'the login provider does not answer')
      throw new Problem(502, 'the login provider does not answer', { fix: 'try again, or use a password' })
    })
    setOidcSecret(reply, secret)
    return reply.redirect(url, 303)
  })

  app.get('/api/v1/login/oidc/callback', { schema: { tags }, config: open }, async (request, reply) => {
    guessing(door, request)
    clearOidcSecret(reply)
    const who = await oidc
      .finish(new URL(request.url, 'http://callback'), request.cookies[oidcCookie] ?? '')
      .catch((err: unknown) => {
        log.info({ err }, 'login by the other authority refused')
        return undefined
      })
    const account = who && door.accounts.bound(who.account, who.subject)
    const session = account === undefined ? undefined : door.accounts.admit(account.id)
    const actor = who?.account ?? '-'
    if (account?.first === true)
      door.audit.add({ actor, action: 'account.bind', target: who?.subject ?? '-', outcome: 'ok' })
    door.audit.add({ actor, action: 'login.oidc', target: request.ip, outcome: session ? 'ok' : 'wrong' })
    if (!session) return back(reply, '/?login=refused')
    setSession(reply, session)
    return back(reply, '/')
  })
}

/** Never to an address that came with the request: that would be an open redirect. */
const back = (reply: FastifyReply, path: '/' | '/?login=refused') => reply.redirect(path, 303)

function guessing(door: Door, request: FastifyRequest): void {
  const problem = tooFast(door.guessPace(request.ip))
  if (problem) throw problem
}
