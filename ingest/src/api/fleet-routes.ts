import { InstrumentList, State } from '@hours/protocol'
import { subtreeOf } from '@hours/usage'
import { z } from 'zod'
import type { InstrumentEntry } from '../ports.ts'
import type { ApiContext } from './context.ts'
import { sendCsv, wantsCsv } from './csv.ts'
import { createFleetOrder, sorts } from './fleet-order.ts'
import { summaryOf } from './instrument-summary.ts'
import type { MonthCache } from './month-cache.ts'
import { badField } from './problem.ts'
import type { Api } from './server.ts'
import type { Sparklines } from './sparklines.ts'
import type { Standing } from './standing.ts'

const Query = z.strictObject({
  q: z.string().max(200).optional().describe('text in id, name, organisation or kind; all words must occur'),
  state: State.optional(),
  organisation: z.string().max(40).optional().describe('this organisation and all below it'),
  sort: z.enum(sorts).default('key'),
  limit: z.coerce.number().int().min(1).max(200).default(50),
  cursor: z.string().max(40).optional().describe('`next` of the page before'),
  format: z.enum(['json', 'csv']).optional(),
})

/** `GET /api/v1/instruments`: the fleet, filtered, sorted and paged here and not in the browser. */
export function fleetRoutes(
  app: Api,
  context: ApiContext,
  { month, standing, sparkline }: { month: MonthCache; standing: () => Standing; sparkline: Sparklines },
): void {
  const { ingest } = context
  const ordered = createFleetOrder(context, month)

  app.get(
    '/api/v1/instruments',
    {
      schema: {
        querystring: Query,
        response: { 200: z.union([InstrumentList, z.string()]) },
        tags: ['instruments'],
      },
      config: { needs: 'read' },
    },
    (request, reply) => {
      const { q, state, organisation, sort, limit, cursor, format } = request.query
      const now = ingest.clock.wall()
      const offset = cursor === undefined ? 0 : offsetOf(cursor)
      const stands = standing()
      const words = q?.toLowerCase().split(/\s+/).filter(Boolean)
      const within = organisation === undefined ? undefined : subtree(context, organisation)
      const wanted = ordered(sort, stands).filter(
        ({ key, enrolment }) =>
          (within?.has(enrolment.unit) ?? true) &&
          (words?.every((word) => stands.text.get(key)?.includes(word)) ?? true),
      )
      const counts: Record<State, number> = { off: 0, standby: 0, run: 0, fault: 0, unknown: 0 }
      const chosen: InstrumentEntry[] = []
      for (const entry of wanted) {
        const is = ingest.live.instrument(entry.key).state
        counts[is] += 1
        if (state === undefined || is === state) chosen.push(entry)
      }
      const source = { context, standing: stands, month, sparkline, now }
      const page = chosen.slice(offset, offset + limit).map((entry) => summaryOf(source, entry))
      if (wantsCsv(request, format)) return sendCsv(reply, 'instruments', table(page))
      return {
        items: page,
        total: chosen.length,
        counts,
        next: offset + limit < chosen.length ? String(offset + limit) : null,
        now,
        simulated: ingest.simulated,
      }
    },
  )
}

/** Cursors are opaque to callers; a wrong one is refused by name. */
function offsetOf(cursor: string): number {
  if (!/^\d{1,9}$/.test(cursor)) throw badField('cursor', cursor, 'use `next` of the page before')
  return Number(cursor)
}

/** An organisation and all below it, as the tree stands now. */
export const subtree = ({ ingest }: ApiContext, root: string): ReadonlySet<string> =>
  subtreeOf(ingest.registry.organisations(), root)

const hours = (ms: number) => (ms / 3_600_000).toFixed(1)
const percent = (share: number | null) => (share === null ? 'n/a' : (share * 100).toFixed(2))

const table = (page: InstrumentList['items']) => ({
  head: [
    'instrument',
    'name_en',
    'name_zh',
    'kind',
    'organisation',
    'gateway',
    'state',
    'month_on_h',
    'month_run_h',
    'month_coverage_pct',
  ],
  rows: page.map((one) => [
    one.key,
    one.names.en ?? '',
    one.names.zh ?? '',
    one.kind ?? '',
    one.organisation,
    one.gateway,
    one.state,
    hours(one.month.on),
    hours(one.month.run),
    percent(one.month.coverage),
  ]),
})
