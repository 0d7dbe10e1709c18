import { GatewaySummary, type GatewaySummary as Gateway, Quarantined } from '@hours/protocol'
import { z } from 'zod'
import type { ApiContext } from './context.ts'
import { Problem } from './problem.ts'
import type { Api } from './server.ts'

const OrganisationRow = z.object({
  id: z.string(),
  parent: z.string().nullable(),
  kind: z.string(),
  names: z.object({ en: z.string().optional(), zh: z.string().optional() }),
  instruments: z.int(),
})

/** Gateways, quarantine and organisations: what an engineer and a manager look at when something is missing. */
export function siteRoutes(app: Api, context: ApiContext): void {
  const { ingest } = context

  app.get(
    '/api/v1/gateways',
    {
      schema: { response: { 200: z.object({ items: z.array(GatewaySummary) }) }, tags: ['gateways'] },
      config: { needs: 'read' },
    },
    () => ({ items: ingest.registry.gateways().map((one) => gatewayRow(context, one)) }),
  )

  app.get(
    '/api/v1/quarantine',
    {
      schema: {
        querystring: z.strictObject({
          limit: z.coerce.number().int().min(1).max(500).default(100),
          before: z.coerce.number().int().min(1).optional(),
        }),
        response: { 200: z.object({ items: z.array(Quarantined), total: z.int() }) },
        tags: ['gateways'],
      },
      config: { needs: 'read' },
    },
    ({ query }) => ({
      items: ingest.quarantine
        .list(query.limit, query.before)
        .map(({ size, ...item }) => ({ ...item, bytes: size })),
      total: ingest.quarantine.count(),
    }),
  )

  app.get(
    '/api/v1/quarantine/:id',
    {
      schema: { params: z.strictObject({ id: z.coerce.number().int().min(1) }) },
      config: { needs: 'operate' },
    },
    ({ params }, reply) => {
      const bytes = ingest.quarantine.bytes(params.id)
      if (!bytes) throw new Problem(404, 'not in quarantine', { value: params.id })
      return reply.type('application/octet-stream').send(Buffer.from(bytes))
    },
  )

  app.get(
    '/api/v1/organisations',
    {
      schema: { response: { 200: z.object({ items: z.array(OrganisationRow) }) }, tags: ['organisations'] },
      config: { needs: 'read' },
    },
    () => {
      const counts = new Map<string, number>()
      for (const { enrolment } of ingest.registry.instruments())
        for (let at: string | null | undefined = enrolment.unit, depth = 0; at && depth < 16; depth++) {
          counts.set(at, (counts.get(at) ?? 0) + 1)
          at = ingest.registry.organisation(at)?.parent
        }
      return {
        items: ingest.registry.organisations().map(({ id, parent, kind, names }) => ({
          id,
          parent,
          kind,
          names,
          instruments: counts.get(id) ?? 0,
        })),
      }
    },
  )

  app.get(
    '/api/v1/health',
    { schema: { tags: ['operations'] }, config: { needs: 'public' } },
    (_request, reply) => {
      const health = ingest.health()
      const series = context.outbox?.state()
      return reply.code(health.ok ? 200 : 503).send({
        ok: health.ok,
        reasons: health.reasons,
        simulated: ingest.simulated,
        software: context.software,
        now: ingest.clock.wall(),
        log: ingest.log
          .years()
          .map((year) => ({ origin: ingest.log.origin(year), size: ingest.log.size(year) })),
        series: series ?? null,
      })
    },
  )

  app.get('/metrics', { config: { needs: 'public' } }, (_request, reply) => {
    const lines = Object.entries(ingest.metrics()).map(([name, value]) => {
      const full = `hours_ingest_${name.replaceAll(/([A-Z])/g, '_$1').toLowerCase()}`
      return `# TYPE ${full} gauge\n${full} ${value}`
    })
    const memory = process.memoryUsage().rss
    return reply
      .type('text/plain; version=0.0.4')
      .send(
        `${lines.join('\n')}\n# TYPE process_resident_memory_bytes gauge\nprocess_resident_memory_bytes ${memory}\n`,
      )
  })
}

function gatewayRow(
  { ingest }: ApiContext,
  { site, gateway, epoch }: ReturnType<ApiContext['ingest']['registry']['gateways']>[number],
): Gateway {
  const { online, lastHeard, status } = ingest.live.gateway(site, gateway)
  const counts = ingest.index.gatewayCounts(gateway)
  const clock = status?.clock
  return {
    site,
    gateway,
    online,
    lastHeard,
    software: status?.software ?? null,
    instruments: ingest.registry.instruments().filter(({ enrolment }) => enrolment.gateway === gateway)
      .length,
    epoch,
    through: counts.through,
    missing: counts.missing,
    received: counts.received,
    rejected: counts.rejected,
    late: counts.late,
    spool: status?.spool ?? null,
    clock: clock ? { source: clock.source, offsetMs: clock.offsetMs, errorMs: clock.errorMs } : null,
    alarms: status?.alarms ?? [],
  }
}
