import { InstrumentList, printedText, State } from '@hours/protocol'
import { subtreeOf } from '@hours/usage'
import { z } from 'zod'
import type { InstrumentEntry } from '../ports.ts'
import type { ApiContext } from './context.ts'
import { type CsvCell, type CsvTable, sendCsv, wantsCsv } from './csv.ts'
import { createFleetOrder, sorts } from './fleet-order.ts'
import { type SummarySource, summaryOf } from './instrument-summary.ts'
import type { MonthCache } from './month-cache.ts'
import { pageFields, pageIn } from './list-page.ts'
import type { Api } from './server.ts'
import type { Sparklines } from './sparklines.ts'
import type { Standing } from './standing.ts'

const usual = 50
const Query = z.strictObject({
  q: z.string().max(200).optional().describe('text in id, name, organisation or kind; all words must occur'),
  state: State.optional(),
  organisation: z.string().max(40).optional().describe('this organisation and all below it'),
  retired: z.stringbool().default(false).describe('true = those that have ended, too'),
  sort: z.enum(sorts).default('key'),
  ...pageFields({ usual, most: 200 }),
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
      const { q, state, organisation, retired, sort, format } = request.query
      const isCsv = wantsCsv(request, format)
      const now = ingest.clock.wall()
      const stands = standing()
      const words = q?.toLowerCase().split(/\s+/).filter(Boolean)
      const within = organisation === undefined ? undefined : subtree(context, organisation)
      const isWanted = ({ key, enrolment }: InstrumentEntry) =>
        (retired || (enrolment.to ?? Infinity) > now) &&
        (within?.has(enrolment.unit) ?? true) &&
        (words?.every((word) => stands.text.get(key)?.includes(word)) ?? true)
      const counts: Record<State, number> = { off: 0, standby: 0, run: 0, fault: 0, unknown: 0 }
      const chosen: InstrumentEntry[] = []
      for (const entry of ordered(sort, stands)) {
        if (!isWanted(entry)) continue
        const is = ingest.live.stateOf(entry.key)
        counts[is] += 1
        if (state === undefined || is === state) chosen.push(entry)
      }
      const source = { context, standing: stands, month, sparkline, now }
      const { items, ...place } = pageIn(chosen, request.query, { usual, isCsv })
      if (isCsv) return sendCsv(reply, 'instruments', table(source, items), place.next)
      return {
        items: items.map((entry) => summaryOf(source, entry)),
        total: chosen.length,
        counts,
        ...place,
        now,
        simulated: ingest.simulated,
      }
    },
  )
}

/** An organisation and all below it, as the tree stands now. */
export const subtree = ({ ingest }: ApiContext, root: string): ReadonlySet<string> =>
  subtreeOf(ingest.registry.organisations(), root)

/** Rows are made as they are sent: the month of thousands of instruments takes a while. */
const table = (source: SummarySource, entries: readonly InstrumentEntry[]): CsvTable => ({
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
    'since_utc',
    'power_w',
    'user',
    'beneficiary',
    'month_utilization_pct',
  ],
  rows: tableRows(source, entries),
})

function* tableRows(source: SummarySource, entries: readonly InstrumentEntry[]): Generator<CsvCell[]> {
  for (const entry of entries) {
    const one = summaryOf(source, entry)
    yield [
      one.key,
      one.names.en ?? '',
      one.names.zh ?? '',
      one.kind ?? '',
      one.organisation,
      one.gateway,
      one.state,
      printedText(one.month.on, 'ms'),
      printedText(one.month.run, 'ms'),
      printedText(one.month.coverage, 'share'),
      one.since === null ? null : new Date(one.since).toISOString(),
      one.mw === null ? null : one.mw / 1_000,
      one.session?.user ?? null,
      one.session?.beneficiary ?? null,
      printedText(one.month.utilCalendar, 'share'),
    ]
  }
}
