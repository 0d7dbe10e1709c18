import { figureRules, type Outcome } from '@hours/usage'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import { rankingTable } from '../exports/ranking-table.ts'
import { askedPeriod, askedRuleSet, revisionOf } from './asked-period.ts'
import { assessedBody, AssessmentAnswer, outcomeOf, titlesOf } from './assessment-answer.ts'
import { parametersOf, runAssessment } from './assessment-run.ts'
import type { ApiContext } from './context.ts'
import { sendCsv, wantsCsv } from './csv.ts'
import { tagged } from './etag.ts'
import { pageFields, pageIn } from './list-page.ts'
import { addingOf, entriesOf } from './scope.ts'
import type { Api } from './server.ts'
import type { Standing } from './standing.ts'

const usual = 200
const Query = z.strictObject({
  ruleset: z
    .string()
    .max(90)
    .describe('id, or id@version; without one the version in force when the period begins'),
  scope: z.string().max(100).default('all').describe('site/instrument, org:ID, channel:ID or all'),
  period: z.string().max(40).describe('2025, AY2024, 2025-01-01..2025-07-01 ...'),
  parameters: z.string().max(4_000).default('{}').describe('JSON object: what the rule set asks for'),
  ...pageFields({ usual, most: 10_000 }),
})
type Query = z.infer<typeof Query>
type Answer = z.infer<typeof AssessmentAnswer>

/** `GET /api/v1/assessments`: a cohort under a rule set: figures, scores, ranks, reasons and awards, each with its bounds. */
export function assessmentRoutes(
  app: Api,
  context: ApiContext,
  { standing }: { standing: () => Standing },
): void {
  const { ingest } = context

  async function answer(query: Query, request: FastifyRequest, reply: FastifyReply): Promise<Answer> {
    const { scope, period } = query
    const entries = entriesOf(context, standing(), scope)
    const asked = askedPeriod(entries, period)
    const rules = askedRuleSet(context, query.ruleset, asked)
    tagged(context, { request, reply, until: asked.end })
    const parameters = parametersOf(query.parameters)
    const adding = addingOf(context, entries)
    const parts = await ingest.figures.parts(adding, asked.in, figureRules(rules.document))
    const assessed = await runAssessment(context, parts, { rules, asked, parameters })
    const { instruments, fleet } = assessed
    const isCsv = wantsCsv(request, query.format)
    const { items: listed, ...place } = pageIn(instruments, query, { usual, isCsv })
    const only = instruments.length === 1 && entries.length === 1 ? instruments[0] : undefined
    const shown: Outcome = only ?? fleet
    const names = (id: string) => standing().byKey.get(id as never)?.enrolment.names ?? {}
    const { items, score, max, grade } = outcomeOf(shown)
    return {
      scope,
      period,
      zone: asked.zone,
      from: assessed.period.from,
      until: assessed.period.to,
      ruleset: {
        id: rules.document.id,
        version: rules.document.version,
        names: rules.document.title,
        hash: rules.hash,
      },
      revision: revisionOf(context, scope, period),
      parameters: { ...assessed.parameters },
      total: score,
      max,
      grade,
      items,
      cohort: instruments.length,
      leftOut: assessed.leftOut.slice(0, 1_000),
      coverage: fleet.hours.rates.coverage.value,
      titles: titlesOf(rules.document),
      fleet: { ...outcomeOf(fleet), sets: fleet.sets },
      instruments: listed.map((one) => assessedBody(one, names(one.id))),
      ...place,
      checkpoint: checkpointOf(context),
      bundle: null,
      simulated: ingest.simulated,
    }
  }

  app.get(
    '/api/v1/assessments',
    {
      schema: {
        querystring: Query,
        response: { 200: z.union([AssessmentAnswer, z.string()]) },
        tags: ['figures'],
      },
      config: { needs: 'read' },
    },
    async (request, reply) => {
      const found = await answer(request.query, request, reply)
      return wantsCsv(request, request.query.format)
        ? sendCsv(reply, 'assessment', rankingTable(found), found.next)
        : found
    },
  )
}

/** What of the log the figures are from, to be checked against. */
function checkpointOf({ ingest }: ApiContext): Answer['checkpoint'] {
  const position = ingest.index.position()
  if (!position) return null
  const origin = ingest.log.origin(position.year)
  const size = position.index + 1
  const root = ingest.log.rootAt(origin, size)
  return root === undefined ? null : { origin, size, root }
}
