import { GatewaySummary, type GatewaySummary as Gateway, Quarantined } from '@hours/protocol'
import { z } from 'zod'
import type { ApiContext } from './context.ts'
import { type CsvTable, sendCsv, wantsCsv } from './csv.ts'
import { pageFields, rowsWanted } from './list-page.ts'
import { Problem } from './problem.ts'
import type { Api } from './server.ts'
import type { Standing } from './standing.ts'

/** Refused bytes in one answer, where nobody says how many. */
const usualRefused = 100
const Format = z.strictObject({ format: z.enum(['json', 'csv']).optional() })
const listOf = <T extends z.ZodType>(item: T) => z.object({ items: z.array(item), simulated: z.boolean() })

/** Gateways and quarantine: what an engineer and a manager look at when something is missing. */
export function siteRoutes(app: Api, context: ApiContext, { standing }: { standing: () => Standing }): void {
  const { ingest } = context
  const { simulated } = ingest

  app.get(
    '/api/v1/gateways',
    {
      schema: {
        querystring: Format,
        response: { 200: z.union([listOf(GatewaySummary), z.string()]) },
        tags: ['gateways'],
      },
      config: { needs: 'read' },
    },
    (request, reply) => {
      const counts = standing().atGateway
      const items = ingest.registry
        .gateways()
        .map((one) => gatewayRow(context, { ...one, instruments: counts.get(one.gateway) ?? 0 }))
      if (wantsCsv(request, request.query.format)) return sendCsv(reply, 'gateways', gatewayTable(items))
      return { items, simulated }
    },
  )

  app.get(
    '/api/v1/quarantine',
    {
      schema: {
        querystring: z.strictObject({
          limit: pageFields({ usual: usualRefused, most: 500 }).limit,
          before: z.coerce
            .number()
            .int()
            .min(1)
            .optional()
            .describe('those refused before the one of this id'),
          format: Format.shape.format,
        }),
        response: { 200: z.union([listOf(Quarantined).extend({ total: z.int() }), z.string()]) },
        tags: ['gateways'],
      },
      config: { needs: 'read' },
    },
    (request, reply) => {
      const { limit, before, format } = request.query
      const total = ingest.quarantine.count()
      const isCsv = wantsCsv(request, format)
      const wanted = rowsWanted({ limit, cursor: before?.toString() }, usualRefused, isCsv)
      const items = ingest.quarantine
        .list(Math.min(wanted, total), before)
        .map(({ size, ...item }) => ({ ...item, bytes: size }))
      return isCsv ? sendCsv(reply, 'quarantine', quarantineTable(items)) : { items, total, simulated }
    },
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
}

type GatewayEntry = ReturnType<ApiContext['ingest']['registry']['gateways']>[number]

/** A gateway as it stands now: what it has sent, what is missing, and its clock. */
export function gatewayRow(
  { ingest }: ApiContext,
  { site, gateway, epoch, configRevision, instruments }: GatewayEntry & { instruments: number },
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
    instruments,
    epoch,
    revision: configRevision,
    through: counts.through,
    missing: counts.missing,
    received: counts.received,
    rejected: counts.rejected,
    late: counts.late,
    spool: status?.spool ?? null,
    clock: clock ? { source: clock.source, offsetMs: clock.offsetMs, errorMs: clock.errorMs } : null,
    alarms: status?.alarms ?? [],
    counters: status?.counters ?? {},
  }
}

const gatewayTable = (items: readonly Gateway[]): CsvTable => ({
  head: [
    'site',
    'gateway',
    'online',
    'last_heard',
    'instruments',
    'epoch',
    'through',
    'missing',
    'rejected',
    'late',
  ],
  rows: items.map((one) => [
    one.site,
    one.gateway,
    String(one.online),
    timeText(one.lastHeard),
    one.instruments,
    one.epoch,
    one.through,
    one.missing,
    one.rejected,
    one.late,
  ]),
})

const quarantineTable = (items: readonly Quarantined[]): CsvTable => ({
  head: ['id', 'at', 'topic', 'gateway', 'seq', 'code', 'reason', 'bytes'],
  rows: items.map((one) => [
    one.id,
    timeText(one.at),
    one.topic,
    one.gateway,
    one.seq,
    one.code,
    one.reason,
    one.bytes,
  ]),
})

const timeText = (at: number | null) => (at === null ? null : new Date(at).toISOString())
