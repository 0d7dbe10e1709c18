import { printedText, Usage } from '@hours/protocol'
import { z } from 'zod'
import type { InstrumentEntry } from '../ports.ts'
import type { ApiContext } from './context.ts'
import { type CsvTable, sendCsv, wantsCsv } from './csv.ts'
import { tagged } from './etag.ts'
import { badField } from './problem.ts'
import { entriesOf } from './scope.ts'
import type { Api } from './server.ts'
import type { Standing } from './standing.ts'
import { atLevel, periodEnd, totalsOf, usageCuts, type UsageLine, usageRows } from './usage-rows.ts'

const Query = z.strictObject({
  scope: z.string().max(100).default('all').describe('site/instrument, org:ID, channel:ID or all'),
  period: z.string().max(40).describe('2025, 2025-03, 2025-W02, AY2024, 2025-01-01..2025-01-08'),
  by: z.enum(usageCuts).default('period').describe('an academic year runs from 1 September to 31 August'),
  level: z
    .enum(['instrument', 'unit', 'entity', 'city', 'province'])
    .default('instrument')
    .describe(
      'whose rows: of each instrument, or summed for each managing unit, or the entity, city or province above',
    ),
  format: z.enum(['json', 'csv']).optional(),
})

const Answer = Usage.extend({
  /** The rows of one label summed over the scope: integer ms, each instrument once; coverage pooled. */
  totals: Usage.shape.rows,
  simulated: z.boolean(),
})

/** `GET /api/v1/usage`: hours by day, month or period, each with its coverage; every sum is of integer ms. */
export function usageRoutes(app: Api, context: ApiContext, { standing }: { standing: () => Standing }): void {
  app.get(
    '/api/v1/usage',
    {
      schema: { querystring: Query, response: { 200: z.union([Answer, z.string()]) }, tags: ['usage'] },
      config: { needs: 'read' },
    },
    (request, reply) => {
      const { scope, period, by, level, format } = request.query
      const entries = entriesOf(context, standing(), scope)
      const zone = entries[0]?.zone ?? 'UTC'
      const end = periodEnd(period, zone)
      if (!end.ok) throw badField('period', period, end.error.message)
      tagged(context, { request, reply, until: end.value })
      const own = usageRows(context, entries, { period, by })
      const rows = level === 'instrument' ? own : atLevel(own, above(context, entries, level))
      if (wantsCsv(request, format)) return sendCsv(reply, 'usage', table(rows))
      return { scope, period, zone, rows, totals: totalsOf(scope, own), simulated: context.ingest.simulated }
    },
  )
}

/** By instrument: the organisation of that kind that it stands under, `org:ID`; its managing unit where there is none. */
function above(
  { ingest }: ApiContext,
  entries: readonly InstrumentEntry[],
  level: 'unit' | 'entity' | 'city' | 'province',
): ReadonlyMap<string, string> {
  const { registry } = ingest
  const found = new Map<string, string>()
  for (const { key, enrolment } of entries) {
    const walked = new Set<string>()
    let id: string | null = level === 'unit' ? null : enrolment.unit
    while (id !== null && !walked.has(id)) {
      walked.add(id)
      const one = registry.organisation(id)
      if (one?.kind === level) break
      id = one?.parent ?? null
    }
    found.set(key, `org:${id ?? enrolment.unit}`)
  }
  return found
}

const table = (rows: readonly UsageLine[]): CsvTable => ({
  head: [
    'instrument',
    'label',
    'on_h',
    'run_h',
    'standby_h',
    'fault_h',
    'off_h',
    'unknown_h',
    'coverage_pct',
  ],
  rows: rows.map((row) => [row.key, row.label, ...hours(row), printedText(row.coverage, 'share')]),
})

const hours = ({ on, states: s }: UsageLine) =>
  [on, s.run, s.standby, s.fault, s.off, s.unknown].map((ms) => printedText(ms, 'ms'))
