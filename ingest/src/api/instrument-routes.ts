import { DAY, DayEvidence, InstrumentSummary, MINUTE, PowerSeries, StateSpans } from '@hours/protocol'
import { z } from 'zod'
import { type KeptStep, keptSteps } from '../kept-power.ts'
import { type ApiContext, instrumentOf } from './context.ts'
import { type CsvCell, sendCsv, wantsCsv } from './csv.ts'
import { dayEvidence } from './day-evidence.ts'
import { tagged } from './etag.ts'
import { summaryOf } from './instrument-summary.ts'
import type { MonthCache } from './month-cache.ts'
import { badField } from './problem.ts'
import type { Api } from './server.ts'
import type { Sparklines } from './sparklines.ts'
import type { Standing } from './standing.ts'

const Path = z.strictObject({ site: z.string().max(40), instrument: z.string().max(40) })
const instant = z.coerce.number().int().min(0).max(8.64e15)
const Window = z.strictObject({ from: instant, to: instant })
const maxWindow = 400 * DAY
const marked = { simulated: z.boolean() }
/** A day at the turn of a UTC year has pages in two logs; these are of the log before. */
const Earlier = DayEvidence.pick({ origin: true, checkpoint: true, pages: true }).nullable()

function* wattRows(steps: Iterable<KeptStep>): Generator<readonly CsvCell[]> {
  for (const { at, min, mean, max } of steps)
    yield [new Date(at).toISOString(), min / 1_000, mean / 1_000, max / 1_000]
}

const checkWindow = ({ from, to }: { from: number; to: number }) => {
  if (to <= from) throw badField('to', to, 'must be after from (Unix ms)')
  if (to - from > maxWindow) throw badField('to', to, 'at most 400 days at a time')
}

/** One instrument: summary, states, power, and the evidence of a day. */
export function instrumentRoutes(
  app: Api,
  context: ApiContext,
  { month, standing, sparkline }: { month: MonthCache; standing: () => Standing; sparkline: Sparklines },
): void {
  const { ingest } = context
  const { simulated } = ingest

  app.get(
    '/api/v1/instruments/:site/:instrument',
    {
      schema: { params: Path, response: { 200: InstrumentSummary.extend(marked) }, tags: ['instruments'] },
      config: { needs: 'read' },
    },
    ({ params }) => {
      const entry = instrumentOf(context, params.site, params.instrument)
      const now = ingest.clock.wall()
      return { ...summaryOf({ context, standing: standing(), month, sparkline, now }, entry), simulated }
    },
  )

  app.get(
    '/api/v1/instruments/:site/:instrument/states',
    {
      schema: {
        params: Path,
        querystring: Window,
        response: { 200: StateSpans.extend(marked) },
        tags: ['instruments'],
      },
      config: { needs: 'read' },
    },
    (request, reply) => {
      const { params, query } = request
      checkWindow(query)
      const { key } = instrumentOf(context, params.site, params.instrument)
      tagged(context, { request, reply, until: query.to })
      return { key, ...query, spans: [...ingest.index.spans(key, query.from, query.to)], simulated }
    },
  )

  app.get(
    '/api/v1/instruments/:site/:instrument/power',
    {
      schema: {
        params: Path,
        querystring: Window.extend({
          step: z.coerce
            .number()
            .int()
            .min(MINUTE)
            .max(DAY)
            .default(MINUTE)
            .describe('ms, a multiple of a minute'),
          format: z.enum(['json', 'csv']).optional().describe('csv: W, of any number of steps'),
        }),
        response: { 200: z.union([PowerSeries.extend(marked), z.string()]) },
        tags: ['instruments'],
      },
      config: { needs: 'read' },
    },
    (request, reply) => {
      const { params, query } = request
      checkWindow(query)
      const { from, to, step } = query
      if (step % MINUTE !== 0) throw badField('step', step, 'a multiple of 60000')
      const entry = instrumentOf(context, params.site, params.instrument)
      if (wantsCsv(request, query.format))
        return sendCsv(reply, `power-${params.instrument}`, {
          head: ['time', 'min_w', 'mean_w', 'max_w'],
          rows: wattRows(keptSteps(ingest.power, entry.key, { from, to, step })),
        })
      if ((to - from) / step > 20_000)
        throw badField('step', step, 'at most 20,000 points: take a longer step, or format=csv')
      const points = ingest.power
        .read(entry.key, from, to, step)
        .map(({ at, min, mean, max }): [number, number, number, number] => [
          at,
          Math.round(min),
          Math.round(mean),
          Math.round(max),
        ])
      return {
        key: entry.key,
        from,
        to,
        stepMs: step,
        points,
        thresholds: entry.settings?.thresholds ?? null,
        simulated,
      }
    },
  )

  app.get(
    '/api/v1/evidence',
    {
      schema: {
        querystring: z.strictObject({ instrument: z.string().max(90), date: z.iso.date() }),
        response: { 200: DayEvidence.extend({ ...marked, earlier: Earlier }) },
        tags: ['evidence'],
      },
      config: { needs: 'read' },
    },
    ({ query }) => {
      const [site = '', instrument = ''] = query.instrument.split('/')
      return { ...dayEvidence(context, instrumentOf(context, site, instrument), query.date), simulated }
    },
  )
}
