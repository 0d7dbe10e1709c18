import { existsSync } from 'node:fs'
import { join } from 'node:path'
import fastifyStatic from '@fastify/static'
import swagger from '@fastify/swagger'
import {
  fastify,
  type FastifyBaseLogger,
  type FastifyError,
  type FastifyInstance,
  type RawReplyDefaultExpression,
  type RawRequestDefaultExpression,
  type RawServerDefault,
} from 'fastify'
import {
  hasZodFastifySchemaValidationErrors,
  jsonSchemaTransform,
  serializerCompiler,
  validatorCompiler,
  type ZodTypeProvider,
} from 'fastify-type-provider-zod'
import type { Right } from '../access/rights.ts'
import type { ApiContext } from './context.ts'
import { docsPage } from './docs-page.ts'
import { eventRoutes } from './event-routes.ts'
import { fleetRoutes } from './fleet-routes.ts'
import { instrumentRoutes } from './instrument-routes.ts'
import { logRoutes } from './log-routes.ts'
import { Problem, sendProblem } from './problem.ts'
import { siteRoutes } from './site-routes.ts'
import { usageRoutes } from './usage-routes.ts'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** What a caller must be allowed; a route that does not say is refused at start. */
    needs?: Right
  }
}

export type Api = FastifyInstance<
  RawServerDefault,
  RawRequestDefaultExpression,
  RawReplyDefaultExpression,
  FastifyBaseLogger,
  ZodTypeProvider
>

/** Everything a page of ours may load comes from here; charts set styles by script, never by attribute. */
const securityHeaders = {
  'content-security-policy':
    "default-src 'self'; img-src 'self' data: blob:; style-src 'self'; script-src 'self'; connect-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'same-origin',
  'cross-origin-opener-policy': 'same-origin',
  'permissions-policy': 'geolocation=(), camera=(), microphone=()',
} as const

/** The HTTP side of ingest: API under `/api/v1`, the log's files under `/log`, and the built page. */
export async function createApi(context: ApiContext): Promise<Api> {
  const app = fastify({
    bodyLimit: 2 * 1024 * 1024,
    requestTimeout: 30_000,
    connectionTimeout: 60_000,
    keepAliveTimeout: 10_000,
    routerOptions: { maxParamLength: 200 },
    forceCloseConnections: true,
  }).withTypeProvider<ZodTypeProvider>()
  app.setValidatorCompiler(validatorCompiler)
  app.setSerializerCompiler(serializerCompiler)
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Instrument Hours',
        version: '1',
        description:
          'Verified power-on and run hours of scientific instruments. Times: Unix ms; durations: ms; power: mW. Errors: RFC 9457.',
      },
    },
    transform: jsonSchemaTransform,
  })

  app.addHook('onRoute', (route) => {
    if (route.method === 'HEAD' || route.method === 'OPTIONS') return
    if (route.config?.needs === undefined)
      throw new Error(`${route.url}: the route does not say what it needs`)
  })
  app.addHook('onSend', (_request, reply, _payload, done) => {
    void reply.headers({
      ...securityHeaders,
      'x-hours-simulated': String(context.ingest.simulated),
    })
    if (!reply.hasHeader('cache-control')) void reply.header('cache-control', 'no-cache')
    done()
  })
  app.setErrorHandler((error: FastifyError, request, reply) => {
    if (error instanceof Problem) return sendProblem(reply, error)
    if (hasZodFastifySchemaValidationErrors(error)) {
      const [first] = error.validation
      const field = first?.instancePath.replace(/^\//, '').replaceAll('/', '.') ?? ''
      const fix = first?.message ?? 'see /docs'
      return sendProblem(reply, new Problem(400, 'the request is not valid', { field, fix }))
    }
    const status = error.statusCode ?? 500
    if (status >= 500) context.log.error({ err: error, url: request.url }, 'request failed')
    return sendProblem(reply, new Problem(status, status >= 500 ? 'the server failed' : error.message))
  })

  fleetRoutes(app, context)
  instrumentRoutes(app, context)
  usageRoutes(app, context)
  siteRoutes(app, context)
  eventRoutes(app, context)
  logRoutes(app, context)
  app.get('/api/v1/openapi.json', { config: { needs: 'public' } }, () => app.swagger())
  app.get('/docs', { config: { needs: 'public' } }, (_request, reply) =>
    reply.type('text/html; charset=utf-8').send(docsPage(app.swagger())),
  )
  await servePage(app, context.webRoot)
  await app.ready()
  return app
}

/** The built page; a path it does not have is the page itself, so that deep links work. */
async function servePage(app: Api, webRoot: string | undefined): Promise<void> {
  const there = webRoot !== undefined && existsSync(join(webRoot, 'index.html'))
  if (there)
    await app.register(async (scope) => {
      scope.addHook('onRoute', (route) => {
        route.config = { ...route.config, needs: 'public' }
      })
      await scope.register(fastifyStatic, {
        root: webRoot,
        wildcard: false,
        index: 'index.html',
        setHeaders: (response, path) => {
          // Vite puts a hash into the names below assets/.
          const immutable = /[\\/]assets[\\/]/.test(path)
          void response.header(
            'cache-control',
            immutable ? 'public, max-age=31536000, immutable' : 'no-cache',
          )
        },
      })
    })
  app.setNotFoundHandler((request, reply) => {
    const isPage =
      there && request.method === 'GET' && !/^\/(api|log|docs|metrics)(\/|$|\?)/.test(request.url)
    if (isPage) return reply.sendFile('index.html')
    return sendProblem(
      reply,
      new Problem(404, 'not found', { value: request.url.slice(0, 200), fix: 'see /docs' }),
    )
  })
}
