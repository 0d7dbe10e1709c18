import { z } from 'zod'
import { makeSheet } from '../exports/sheet-source.ts'
import { checkFields, exportFormats, writeExport } from '../exports/write-export.ts'
import { askedPeriod, askedRuleSet } from './asked-period.ts'
import { parametersOf } from './assessment-run.ts'
import type { ApiContext } from './context.ts'
import { tagged } from './etag.ts'
import { Problem } from './problem.ts'
import { entriesOf } from './scope.ts'
import type { Api } from './server.ts'
import type { Standing } from './standing.ts'

/** What both a direct export and a job are asked with. */
export const exportFields = {
  scope: z.string().max(100).default('all').describe('site/instrument, org:ID, channel:ID or all'),
  period: z.string().max(40).describe('2025, 2025-03, 2025-W02, AY2024, 2025-01-01..2025-01-08'),
  ruleset: z
    .string()
    .max(90)
    .optional()
    .describe('id or id@version: whose year, quotas and weight of outside hours; without one `default`'),
  schoolCode: z
    .string()
    .regex(/^[\w-]{1,10}$/)
    .optional()
    .describe('sj3: the school'),
  signedOffBy: z.string().min(1).max(80).optional().describe('sj3: who leaves unattributed hours out'),
  insCode: z.string().min(1).max(60).optional().describe('nrii: the code of the unit'),
}
const Query = z.strictObject({
  ...exportFields,
  parameters: z
    .string()
    .max(4_000)
    .optional()
    .describe('pdf, xlsx: JSON object of what the rule set asks for; given (also {}) = with its assessment'),
  format: z.enum(exportFormats).default('csv'),
})

/** More than these are a job. */
const maxAtOnce = 50

/** `GET /api/v1/exports`: the figures of a scope and period as a file, at once where they are few. */
export function exportRoutes(
  app: Api,
  context: ApiContext,
  { standing }: { standing: () => Standing },
): void {
  app.get(
    '/api/v1/exports',
    {
      schema: { querystring: Query, response: { 200: z.any() }, tags: ['exports'] },
      config: { needs: 'read' },
    },
    async (request, reply) => {
      const { scope, period, format, ruleset, parameters: text, ...fields } = request.query
      const parameters = text === undefined ? undefined : parametersOf(text)
      const { entries, end } = exportEntries(context, standing(), { scope, period, ruleset })
      checkFields(format, { ...fields, ruleset, parameters })
      if (entries.length > maxAtOnce)
        throw new Problem(413, `${entries.length} instruments are too many for one answer`, {
          field: 'scope',
          value: scope,
          fix: 'POST /api/v1/reports with the same fields makes a job of it',
        })
      tagged(context, { request, reply, until: end })
      const sheet = await makeSheet(context, { scope, period, ruleset, parameters, entries })
      const file = await writeExport(sheet, format, fields)
      return reply
        .type(file.type)
        .header('content-disposition', `attachment; filename="${file.name}"`)
        .send(file.bytes)
    },
  )
}

/** The instruments of a scope, after period and rule set were looked at: a job is not begun that can only fail. */
export function exportEntries(
  context: ApiContext,
  standing: Standing,
  { scope, period, ruleset }: { scope: string; period: string; ruleset?: string | undefined },
) {
  const entries = entriesOf(context, standing, scope)
  const asked = askedPeriod(entries, period)
  askedRuleSet(context, ruleset, asked)
  return { entries, end: asked.end }
}
