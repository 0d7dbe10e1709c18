import swagger from '@fastify/swagger'
import {
  fastify,
  type FastifyBaseLogger,
  type FastifyError,
  type FastifyInstance,
  type FastifyRequest,
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
import { accountRoutes } from './account-routes.ts'
import { budgetBodies } from './body-budget.ts'
import { bundleJob } from '../report/bundle-job.ts'
import { assessmentRoutes } from './assessment-routes.ts'
import { auditRoutes } from './audit-routes.ts'
import { channelRoutes } from './channel-routes.ts'
import { type Connections, holdConnections, serverTimes } from './connections.ts'
import type { ApiContext } from './context.ts'
import { correctionRoutes } from './correction-routes.ts'
import { docsPage } from './docs-page.ts'
import { duplicateRoutes } from './duplicate-routes.ts'
import { enrolRoutes } from './enrol-routes.ts'
import { enrolmentRoutes } from './enrolment-routes.ts'
import { NotModified } from './etag.ts'
import { eventRoutes } from './event-routes.ts'
import { exportRoutes } from './export-routes.ts'
import { figureRoutes } from './figure-routes.ts'
import { fleetRoutes } from './fleet-routes.ts'
import { gatewayAccessRoutes } from './gateway-access-routes.ts'
import { gatewayConfigRoutes } from './gateway-config-routes.ts'
import { guardRoutes, scopedContext } from './guard.ts'
import { importRoutes } from './import-routes.ts'
import { instrumentRoutes } from './instrument-routes.ts'
import { healthRoutes } from './health-routes.ts'
import { keyRoutes } from './key-routes.ts'
import { logRoutes } from './log-routes.ts'
import { loginRoutes } from './login-routes.ts'
import { membershipRoutes } from './membership-routes.ts'
import { createMonthCache } from './month-cache.ts'
import { organisationRoutes } from './organisation-routes.ts'
import { settingsRoutes } from './settings-routes.ts'
import { servePage } from './page-files.ts'
import { peopleRoutes } from './people-routes.ts'
import { Problem, sendProblem } from './problem.ts'
import { qualityRoutes } from './quality-routes.ts'
import { reconciliationRoutes } from './reconciliation-routes.ts'
import { createRegistrar } from './registrar.ts'
import { registryRoutes } from './registry-routes.ts'
import { reportRoutes } from './report-routes.ts'
import { securityHeaders, strictTransport } from './security-headers.ts'
import { withExamples } from './route-examples.ts'
import { summaryOfRoute } from './route-summaries.ts'
import { rulesetRoutes } from './ruleset-routes.ts'
import { scheduleRoutes } from './schedule-routes.ts'
import { sessionRoutes } from './session-routes.ts'
import { seriesRoutes } from './series-routes.ts'
import { siteRoutes } from './site-routes.ts'
import { slotsRoutes } from './slots-routes.ts'
import { createSparklines } from './sparklines.ts'
import { createStanding } from './standing.ts'
import { tariffRoutes } from './tariff-routes.ts'
import { usageRoutes } from './usage-routes.ts'
import { weekRoutes } from './week-routes.ts'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** What a caller must be allowed; a route that does not say is refused at start. */
    needs?: Right
  }
  interface FastifyInstance {
    /** Every route of the API with what it needs, in order of registration. */
    declared: readonly { readonly method: string; readonly url: string; readonly needs: Right }[]
  }
}

export type Api = FastifyInstance<
  RawServerDefault,
  RawRequestDefaultExpression,
  RawReplyDefaultExpression,
  FastifyBaseLogger,
  ZodTypeProvider
>

/** The HTTP side of ingest: API under `/api/v1`, the log's files under `/log`, and the built page. */
export async function createApi(whole: ApiContext): Promise<Api> {
  const { context, run } = scopedContext(whole)
  const app = fastify({
    ...(whole.trustProxy ? { trustProxy: whole.trustProxy } : {}),
    // The type is the one of plain HTTP: routes do not see the difference.
    ...((whole.tls
      ? { https: { ...whole.tls, ...serverTimes, minVersion: 'TLSv1.2' } }
      : { http: serverTimes }) as object),
    bodyLimit: 2 * 1024 * 1024,
    requestTimeout: serverTimes.requestTimeout,
    connectionTimeout: 60_000,
    keepAliveTimeout: serverTimes.keepAliveTimeout,
    routerOptions: { maxParamLength: 200 },
    // What the router refuses before any hook: bad percent signs, over-long ids.
    frameworkErrors: (error, _request, reply) => {
      void reply.headers(securityHeaders)
      sendProblem(reply, new Problem(error.statusCode ?? 400, error.message))
    },
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
    transform: (route) => {
      const { schema, url } = jsonSchemaTransform(route)
      return { url, schema: withExamples(`${String(route.route.method)} ${route.url}`, schema) }
    },
  })

  // Before any route: whoever lists them reads the very schema.
  app.addHook('onRoute', (route) => {
    const summary = summaryOfRoute(String(route.method), route.url)
    if (summary !== undefined) route.schema = { summary, ...route.schema }
  })
  await guardRoutes(app, context)
  budgetBodies(app)
  app.addHook('preHandler', (request, _reply, done) => run(request, done))
  app.addHook('onSend', (_request, reply, _payload, done) => {
    void reply.headers({
      ...securityHeaders,
      ...(whole.door ? strictTransport : {}),
      'x-hours-simulated': String(context.ingest.simulated),
    })
    if (!reply.hasHeader('cache-control')) void reply.header('cache-control', 'no-cache')
    done()
  })
  app.setErrorHandler((error: FastifyError, request, reply) => {
    if (error instanceof NotModified) return reply.code(304).send()
    if (error instanceof Problem) return sendProblem(reply, error)
    if (hasZodFastifySchemaValidationErrors(error)) return sendProblem(reply, invalid(error, request))
    const status = error.statusCode ?? 500
    // Without its query, which may hold the code of a login elsewhere.
    const [path] = request.url.split('?')
    if (status >= 500) context.log.error({ err: error, path }, 'request failed')
    return sendProblem(reply, new Problem(status, status >= 500 ? 'the server failed' : error.message))
  })

  // Before the next hook: files of the page need nobody and are not asked.
  await servePage(app, context.webRoot)
  const declared: { method: string; url: string; needs: Right }[] = []
  app.decorate('declared', declared)
  app.addHook('onRoute', ({ method, url, config }) => {
    if (method === 'HEAD' || method === 'OPTIONS') return
    if (config?.needs === undefined) throw new Error(`${url}: the route does not say what it needs`)
    declared.push({ method: String(method), url, needs: config.needs })
  })

  const standing = createStanding(context.ingest.registry)
  const month = createMonthCache(whole, () => standing().entries)
  app.addHook('onClose', () => month.close())
  const registrar = createRegistrar(context)
  const made = { standing, month, registrar, sparkline: createSparklines(whole.ingest.power) }
  fleetRoutes(app, context, made)
  instrumentRoutes(app, context, made)
  usageRoutes(app, context, made)
  weekRoutes(app, context, made)
  figureRoutes(app, context, made)
  assessmentRoutes(app, context, made)
  reconciliationRoutes(app, context, made)
  qualityRoutes(app, context, made)
  rulesetRoutes(app, context)
  channelRoutes(app, context, made)
  slotsRoutes(app, context)
  exportRoutes(app, context, made)
  reportRoutes(app, { ...context, writeBundle: whole.writeBundle ?? bundleJob(whole) }, made)
  siteRoutes(app, context, made)
  organisationRoutes(app, context, made)
  membershipRoutes(app, context, made)
  enrolmentRoutes(app, context, made)
  scheduleRoutes(app, context, made)
  gatewayConfigRoutes(app, context, made)
  registryRoutes(app, context, made)
  gatewayAccessRoutes(app, context)
  sessionRoutes(app, context)
  tariffRoutes(app, context)
  correctionRoutes(app, context)
  duplicateRoutes(app, context)
  peopleRoutes(app, context, whole)
  importRoutes(app, context)
  settingsRoutes(app, context, made)
  eventRoutes(app, context)
  healthRoutes(app, context)
  seriesRoutes(app, context)
  logRoutes(app, context)
  loginRoutes(app, context)
  accountRoutes(app, context)
  keyRoutes(app, context)
  // Gateways come in with nobody signed in: the code, not a view, says what may be written.
  enrolRoutes(app, whole)
  auditRoutes(app, context)
  descriptionRoutes(app)
  closeGently(app, holdConnections(app.server, whole.trustProxy))
  await app.ready()
  return app
}

/** So long (ms) a request that came before the end may take to be answered. */
const closeGraceMs = 5_000

/** Answers what is under way when the service ends: what was written is in the log, and whoever wrote it is told so. */
function closeGently(app: Api, connections: Connections): void {
  let ending: ReturnType<typeof setTimeout> | undefined
  app.addHook('preClose', (done) => {
    connections.endSilent()
    ending = setTimeout(() => connections.endAll(), closeGraceMs)
    done()
  })
  // Kept alive it would be waited for.
  app.addHook('onSend', (_request, reply, _payload, done) => {
    if (ending !== undefined) void reply.header('connection', 'close')
    done()
  })
  app.addHook('onClose', (_app, done) => {
    clearTimeout(ending)
    done()
  })
}

/** The API's description, as a document and as a page: made once, when all routes are there, as anybody may ask for it. */
function descriptionRoutes(app: Api): void {
  let made: { readonly document: string; readonly page: string } | undefined
  const description = () =>
    (made ??= { document: JSON.stringify(app.swagger()), page: docsPage(app.swagger()) })
  app.get('/api/v1/openapi.json', { config: { needs: 'public' } }, (_request, reply) =>
    reply.type('application/json; charset=utf-8').send(description().document),
  )
  app.get('/docs', { config: { needs: 'public' } }, (_request, reply) =>
    reply.type('text/html; charset=utf-8').send(description().page),
  )
}

/** Names the field, what was sent and what to do, from the first fault that zod found. */
function invalid(
  error: FastifyError & { validation: readonly { instancePath: string; message?: string | undefined }[] },
  request: FastifyRequest,
): Problem {
  const [first] = error.validation
  const message = first?.message ?? 'see /docs'
  const unwanted = /^Unrecognized keys?: (.*)$/.exec(message)?.[1]
  if (unwanted !== undefined)
    return new Problem(400, `${unwanted.replaceAll('"', '')} is not known here`, {
      field: unwanted.replaceAll('"', ''),
      value: valueAt(request, unwanted.split(',')[0]?.replaceAll('"', '') ?? ''),
      fix: 'leave it out; /docs lists what there is',
    })
  const field = first?.instancePath.replace(/^\//, '').replaceAll('/', '.') ?? ''
  return new Problem(400, `${field} is not valid`, { field, value: valueAt(request, field), fix: message })
}

function valueAt(request: FastifyRequest, field: string): string | null {
  const given = new Map<string, unknown>(
    [request.query, request.params].flatMap((of) => Object.entries(of ?? {})),
  )
  const value = given.get(field)
  return typeof value === 'string' ? value.slice(0, 200) : null
}
