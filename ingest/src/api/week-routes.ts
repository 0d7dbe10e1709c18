import { z } from 'zod'
import type { ApiContext } from './context.ts'
import { entriesOf } from './scope.ts'
import type { Api } from './server.ts'
import type { Standing } from './standing.ts'
import { createWeekCache, wholeWeeks } from './week-cache.ts'

/** Milliseconds that one answer works on instruments that are not kept. */
const budgetMs = 1_000

const Query = z.strictObject({
  scope: z.string().max(100).default('all').describe('site/instrument, org:ID, channel:ID or all'),
  weeks: z.coerce.number().int().min(1).max(12).default(8).describe('up to the last local midnight'),
})
const hours = z.array(z.int()).length(168)
const WeekHours = z.object({
  scope: z.string(),
  zone: z.string().describe("of the first instrument; each one's hours are those of its own zone"),
  from: z.int(),
  to: z.int(),
  run: hours.describe('ms of all instruments by hour of the week, 0 = Monday 00-01 local'),
  known: hours.describe('the same of all time whose state is known; idle is known - run'),
  instruments: z.int(),
  counted: z
    .int()
    .describe('instruments in the sums; fewer than `instruments` = ask again, the rest is on its way'),
  simulated: z.boolean(),
})

/** `GET /api/v1/week-hours`: when the instruments of a scope run, hour of the week by hour of the week. */
export function weekRoutes(app: Api, context: ApiContext, { standing }: { standing: () => Standing }): void {
  const { ingest } = context
  const weeksOf = createWeekCache(context)
  app.addHook('onClose', () => weeksOf.close())

  app.get(
    '/api/v1/week-hours',
    {
      schema: { querystring: Query, response: { 200: WeekHours }, tags: ['usage'] },
      config: { needs: 'read' },
    },
    async (request) => {
      const { scope, weeks } = request.query
      const entries = entriesOf(context, standing(), scope)
      const zone = entries[0]?.zone ?? 'UTC'
      const { run, known, counted } = await weeksOf.sums(entries, weeks, budgetMs)
      return {
        ...{ scope, zone, ...wholeWeeks(zone, weeks, ingest.clock.wall()) },
        ...{ run: [...run], known: [...known] },
        ...{ instruments: entries.length, counted, simulated: ingest.simulated },
      }
    },
  )
}
