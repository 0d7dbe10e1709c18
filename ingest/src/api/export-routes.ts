import { z } from 'zod'
import { makeSheet, type SheetSource } from '../exports/sheet-source.ts'
import { checkFields, exportFormats, writeExport } from '../exports/write-export.ts'
import type { ApiContext } from './context.ts'
import { tagged } from './etag.ts'
import { badField, Problem } from './problem.ts'
import { entriesOf } from './scope.ts'
import type { Api } from './server.ts'
import type { Standing } from './standing.ts'
import { periodEnd } from './usage-rows.ts'

/** What both a direct export and a job are asked with. */
export const exportFields = {
  scope: z.string().max(100).default('all').describe('site/instrument, org:ID, channel:ID or all'),
  period: z.string().max(40).describe('2025, 2025-03, 2025-W02, AY2024, 2025-01-01..2025-01-08'),
  schoolCode: z
    .string()
    .regex(/^[\w-]{1,10}$/)
    .optional()
    .describe('sj3: the school'),
  signedOffBy: z.string().min(1).max(80).optional().describe('sj3: who leaves unattributed hours out'),
  insCode: z.string().min(1).max(60).optional().describe('nrii: the code of the unit'),
}
const Query = z.strictObject({ ...exportFields, format: z.enum(exportFormats).default('csv') })

/** More than these are a job. */
const maxAtOnce = 50

/** `GET /api/v1/exports`: the figures of a scope and period as a file, at once where they are few. */
export function exportRoutes(
  app: Api,
  context: ApiContext,
  { standing, source }: { standing: () => Standing; source: SheetSource },
): void {
  app.get(
    '/api/v1/exports',
    {
      schema: { querystring: Query, response: { 200: z.any() }, tags: ['exports'] },
      config: { needs: 'read' },
    },
    async (request, reply) => {
      const { scope, period, format, ...fields } = request.query
      const entries = exportEntries(context, standing(), { scope, period })
      checkFields(format, fields)
      if (entries.length > maxAtOnce)
        throw new Problem(413, `${entries.length} instruments are too many for one answer`, {
          field: 'scope',
          value: scope,
          fix: 'POST /api/v1/reports with the same fields makes a job of it',
        })
      tagged(context, { request, reply, until: exportEnd(entries[0]?.zone, period) })
      const sheet = await makeSheet(source, { scope, period, entries })
      const { registry } = context.ingest
      const file = await writeExport(sheet, format, { fields, registry })
      return reply
        .type(file.type)
        .header('content-disposition', `attachment; filename="${file.name}"`)
        .send(file.bytes)
    },
  )
}

/** The instruments of a scope, after the period was looked at. */
export function exportEntries(
  context: ApiContext,
  standing: Standing,
  { scope, period }: { scope: string; period: string },
) {
  const entries = entriesOf(context, standing, scope)
  exportEnd(entries[0]?.zone, period)
  return entries
}

function exportEnd(zone = 'UTC', period: string): number {
  const end = periodEnd(period, zone)
  if (!end.ok) throw badField('period', period, end.error.message)
  return end.value
}
