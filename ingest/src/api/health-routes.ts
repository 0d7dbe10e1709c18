import type { FastifyRequest } from 'fastify'
import { may } from '../access/rights.ts'
import { behindMs, lagText } from '../series/series-lag.ts'
import type { ApiContext } from './context.ts'
import type { Api } from './server.ts'

/** Health, readiness and metrics: for supervisors and for Prometheus. */
export function healthRoutes(app: Api, context: ApiContext): void {
  for (const url of ['/api/v1/health', '/health'])
    app.get(url, { schema: { tags: ['operations'] }, config: { needs: 'public' } }, (request, reply) => {
      const body = healthOf(context, request)
      return reply
        .code(body.ok ? 200 : 503)
        .header('cache-control', 'no-store')
        .send(body)
    })

  // Ready is less than well: it answers and its index follows the log, whatever the series store does.
  for (const url of ['/api/v1/ready', '/ready'])
    app.get(url, { schema: { tags: ['operations'] }, config: { needs: 'public' } }, (_request, reply) => {
      const { ok, reasons } = context.ingest.health()
      return reply
        .code(ok ? 200 : 503)
        .header('cache-control', 'no-store')
        .send({ ready: ok, reasons })
    })

  app.get('/metrics', { config: { needs: 'monitor' } }, (_request, reply) =>
    reply.type('text/plain; version=0.0.4; charset=utf-8').send(metricsText(context)),
  )
}

function healthOf(context: ApiContext, { principal }: FastifyRequest) {
  const { ingest, software, door } = context
  const { ok, reasons } = ingest.health()
  const now = ingest.clock.wall()
  // Addresses of stores and witnesses, and what they answered, are for who looks after the site.
  const all = !door || may(principal, 'monitor') || may(principal, 'operate')
  return {
    ok,
    reasons,
    simulated: ingest.simulated,
    software,
    now,
    log: ingest.log.years().map((year) => ({ origin: ingest.log.origin(year), size: ingest.log.size(year) })),
    witnesses: all ? ingest.witnessing.states() : [],
    series: all || principal ? seriesOf(context, all) : null,
  }
}

/** The series store may be away for days: nothing waits for it, so it makes nothing unwell. */
function seriesOf({ ingest, outbox }: ApiContext, all: boolean) {
  const state = outbox?.state()
  if (!state) return null
  const now = ingest.clock.wall()
  const { pending, oldest } = state
  const failing = all || state.failing === null ? state.failing : 'ask the operator'
  const behind = { behindMs: behindMs(state, now), queued: pending, reason: failing }
  const kept = { pending, oldest, failing, ...behind }
  return all ? { ...state, ...kept, says: lagText(state, now) } : kept
}

/** What is open now; everything else of the broker is counted from its start. */
const brokerGauges = ['connections', 'clients']

const brokerName = (name: string) =>
  `hours_broker_${snake(name)}${brokerGauges.includes(name) ? '' : '_total'}`

function metricsText({ ingest, outbox, brokerMetrics }: ApiContext): string {
  const series = outbox?.state()
  const gauges: Record<string, number> = {
    ...Object.fromEntries(
      Object.entries(ingest.metrics()).map(([name, value]) => [`hours_ingest_${snake(name)}`, value]),
    ),
    ...Object.fromEntries(
      Object.entries(brokerMetrics?.() ?? {}).map(([name, value]) => [brokerName(name), value]),
    ),
    hours_ingest_healthy: ingest.health().ok ? 1 : 0,
    hours_simulated: ingest.simulated ? 1 : 0,
    ...(series
      ? {
          hours_series_pending: series.pending,
          hours_series_quarantined: series.quarantined,
          hours_series_dropped: series.dropped,
          hours_series_lacking: series.lacking === null ? 0 : 1,
          hours_series_failing: series.failing === null ? 0 : 1,
          hours_series_behind_seconds: behindMs(series, ingest.clock.wall()) / 1_000,
        }
      : {}),
    process_resident_memory_bytes: process.memoryUsage().rss,
    process_cpu_seconds_total: (process.cpuUsage().user + process.cpuUsage().system) / 1_000_000,
  }
  return Object.entries(gauges)
    .map(
      ([name, value]) =>
        `# TYPE ${name} ${name.endsWith('_total') ? 'counter' : 'gauge'}\n${name} ${value}\n`,
    )
    .join('')
}

const snake = (name: string) => name.replaceAll(/([A-Z])/g, '_$1').toLowerCase()
