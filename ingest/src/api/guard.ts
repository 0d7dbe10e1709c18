import { AsyncLocalStorage } from 'node:async_hooks'
import { createHash, timingSafeEqual } from 'node:crypto'
import { isDeepStrictEqual } from 'node:util'
import cookie from '@fastify/cookie'
import type { FastifyRequest } from 'fastify'
import type { AuditLine } from '../access/audit-trail.ts'
import type { Door } from '../access/door.ts'
import { createReach } from '../access/reach.ts'
import { may, type Principal } from '../access/rights.ts'
import { scopeIngest } from '../access/scoped-ingest.ts'
import { createViews, noView, type View } from '../access/view.ts'
import { nameOf } from './body-budget.ts'
import type { ApiContext } from './context.ts'
import { Problem } from './problem.ts'
import type { Api } from './server.ts'
import { sessionCookie } from './session-cookies.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** Who asks; null in the demo, and on public routes where nobody is signed in. */
    principal: Principal | null
    /** What a change was about, for the audit; absent = the parameters of the address. */
    about?: string
  }
}

/**
 * Whatever a route answers is paced, and what no route answers; the page's own files are not. Asked of the router, as an
 * address may be written in many ways (`/%61pi`).
 */
const isPaced = ({ routeOptions, is404 }: FastifyRequest) => routeOptions.config.needs !== undefined || is404
const reading = new Set(['GET', 'HEAD', 'OPTIONS'])

/**
 * The context as routes may use it: with a door, everything they read or write through `ingest` is what the caller's
 * organisations may know. Without a door (the demo on loopback) it is the context itself.
 */
export function scopedContext(context: ApiContext): {
  context: ApiContext
  run: (request: FastifyRequest, next: () => void) => void
} {
  const { door, ingest } = context
  if (!door) return { context, run: (_request, next) => next() }
  const asking = new AsyncLocalStorage<{ view: View | 'all'; readonly principal: Principal | null }>()
  const views = createViews(ingest.registry, ingest.clock)
  const viewOf = (principal: Principal | null): View | 'all' => {
    if (principal === null) return noView
    return principal.organisations === null ? 'all' : views(principal.organisations)
  }
  // Outside of requests the service itself asks: caches that are filled in the background.
  const current = () => {
    const view = asking.getStore()?.view
    return view === 'all' ? undefined : view
  }
  const scoped = scopeIngest(ingest, current)
  return {
    context: {
      ...context,
      ingest: scoped,
      mayReadEntries: ({ principal }) =>
        may(principal, 'evidence') && seesWholeLog(context, viewOf(principal)),
      showsPagesOf: (gateway) => current()?.ownGateways.has(gateway) ?? true,
      seeAnew() {
        const asked = asking.getStore()
        if (asked) asked.view = viewOf(asked.principal)
      },
      reachOf({ principal }) {
        const view = viewOf(principal)
        return createReach({
          seen: scoped.registry,
          all: ingest.registry,
          actor: principal?.actor ?? '-',
          operates: view === 'all',
          view: view === 'all' ? undefined : view,
        })
      },
      // Asked anew each time: an instrument that has moved away is seen no more by who saw it at first.
      seesOf: ({ principal }, key) => {
        const view = viewOf(principal)
        return view === 'all' || view.keys.has(key)
      },
    },
    run: ({ principal }, next) => asking.run({ principal, view: viewOf(principal) }, next),
  }
}

/** Entry tiles hold the records of everybody: they are for who sees every organisation. */
const seesWholeLog = ({ ingest }: ApiContext, view: View | 'all'): boolean =>
  view === 'all' || ingest.registry.instruments().every(({ key }) => view.keys.has(key))

/** Says who asks, and refuses who may not, before a body is read: 401, 403, 421, 429. */
export async function guardRoutes(app: Api, context: ApiContext): Promise<void> {
  app.decorateRequest('principal', null)
  const { door, hosts } = context
  if (hosts)
    app.addHook('onRequest', (request, _reply, done) => {
      done(isHost(request.headers.host, hosts) ? undefined : wrongHost(request.headers.host))
    })
  if (!door) {
    app.addHook('onRequest', (request, _reply, done) => done(fromElsewhere(request)))
    return
  }
  await app.register(cookie)
  app.addHook('onRequest', (request, reply, done) => {
    const needs = request.routeOptions.config.needs ?? 'public'
    const { principal, csrf, failed } = signedIn(door, request)
    request.principal = principal
    const wait = isPaced(request) ? door.askPace(nameOf(request)) : 0
    void reply.headers({ vary: 'cookie, authorization' })
    done(
      tooFast(wait) ??
        (failed && needs !== 'public' ? failed : undefined) ??
        forged(request, principal, csrf) ??
        refused(principal, needs),
    )
  })
  app.addHook('onSend', (request, reply, _payload, done) => {
    // Answers differ by caller: no shared cache may keep them.
    const given = reply.getHeader('cache-control')
    if (given === undefined) void reply.header('cache-control', 'private, no-cache')
    else if (typeof given === 'string' && given.startsWith('public') && isPaced(request))
      void reply.header('cache-control', given.replace('public', 'private'))
    done()
  })
  app.addHook('onResponse', (request, reply, done) => {
    const { principal, method } = request
    if (principal && !reading.has(method))
      audited(context, {
        actor: principal.id,
        action: `${method} ${request.routeOptions.url ?? request.url.split('?')[0] ?? ''}`,
        target: request.about ?? Object.values((request.params ?? {}) as Record<string, string>).join('/'),
        outcome: reply.statusCode < 400 ? 'ok' : String(reply.statusCode),
      })
    done()
  })
}

/** What was done is done: a trail that cannot be written (disk full) is an alarm in the log, not a crash. */
function audited({ door, log }: ApiContext, line: AuditLine): void {
  try {
    door?.audit.add(line)
  } catch (err) {
    log.error({ err, line }, 'the audit could not be written')
  }
}

/** 429 with the seconds to wait, or nothing. */
export const tooFast = (waitMs: number): Problem | undefined =>
  waitMs === 0
    ? undefined
    : new Problem(429, 'too many requests', {
        retryAfter: Math.ceil(waitMs / 1_000),
        fix: 'wait, then ask again',
      })

/** Whether who began this long request is still here, and may what he might then. */
export function stillIn(door: Door, request: FastifyRequest): boolean {
  const { principal } = signedIn(door, request)
  return isDeepStrictEqual(principal, request.principal)
}

interface SignedIn {
  readonly principal: Principal | null
  readonly csrf: string | null
  readonly failed?: Problem
}

function signedIn(door: Door, request: FastifyRequest): SignedIn {
  const { authorization } = request.headers
  const token = request.cookies[sessionCookie]
  const session = token === undefined ? undefined : door.accounts.bySession(token)
  const isKey = authorization !== undefined && /^Bearer /i.test(authorization)
  // What a browser sends for a proxy that asks for a name of its own (Basic) is not ours, and no reason to forget who it is.
  if (session && !isKey) return session
  if (authorization === undefined) return { principal: null, csrf: null }
  const key = /^Bearer ([\w.-]{1,200})$/i.exec(authorization)?.[1]
  const principal = key === undefined ? undefined : door.accounts.byKey(key)
  if (principal) return { principal, csrf: null }
  const fix = 'Authorization: Bearer KEY; make one by POST /api/v1/keys'
  const failed = new Problem(401, 'the key is unknown or has expired', { fix })
  return { principal: null, csrf: null, failed }
}

/**
 * A browser sends cookies with whatever another site makes it send: what changes something must come from a page of
 * this site (Sec-Fetch-Site, Origin) and, with a session, carry its token.
 */
function forged(
  request: FastifyRequest,
  principal: Principal | null,
  csrf: string | null,
): Problem | undefined {
  const { method, headers } = request
  if (reading.has(method)) return undefined
  const elsewhere = fromElsewhere(request)
  if (elsewhere) return elsewhere
  if (principal?.by !== 'session') return undefined
  const shown = headers['x-csrf-token']
  if (typeof shown === 'string' && csrf !== null && equal(shown, csrf)) return undefined
  return new Problem(403, 'the CSRF token is missing or wrong', {
    field: 'x-csrf-token',
    fix: 'send the `csrf` of POST /api/v1/login in this header',
  })
}

/**
 * What a page of another site makes a browser send, though it may not read the answer. Browsers say where a request
 * comes from, and no script can say otherwise; old ones say only the origin.
 */
function fromElsewhere({ method, headers }: FastifyRequest): Problem | undefined {
  if (reading.has(method)) return undefined
  const { origin, host, 'sec-fetch-site': site } = headers
  const own =
    site === undefined
      ? origin === undefined || URL.parse(origin)?.host === host
      : site === 'same-origin' || site === 'none'
  if (own) return undefined
  return new Problem(403, 'this came from another site', { value: (origin ?? '').slice(0, 200) })
}

function refused(principal: Principal | null, needs: Parameters<typeof may>[1]): Problem | undefined {
  if (may(principal, needs)) return undefined
  if (principal === null)
    return new Problem(401, 'sign in first', { fix: 'POST /api/v1/login, or Authorization: Bearer KEY' })
  return new Problem(403, 'not allowed', {
    field: 'needs',
    value: needs,
    fix: 'ask for a role that has this right',
  })
}

/** In constant time, whatever their lengths. */
const equal = (a: string, b: string) => timingSafeEqual(digest(a), digest(b))
const digest = (text: string) => createHash('sha256').update(text).digest()

/** A page of another name that points at this address (DNS rebinding) is not this site. */
const isHost = (header: string | undefined, hosts: readonly string[]) => {
  const name = header === undefined ? undefined : URL.parse(`http://${header}`)?.hostname
  return name !== undefined && hosts.includes(name)
}

const wrongHost = (host: string | undefined) =>
  new Problem(421, 'this is not the name of this site', {
    field: 'host',
    value: (host ?? '').slice(0, 200),
    fix: 'add it with --name, if it is',
  })
