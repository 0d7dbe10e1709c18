import {
  DAY,
  DayEvidence,
  type DayEvidence as Evidence,
  InstrumentSummary,
  MINUTE,
  PowerSeries,
  StateSpans,
  states,
} from '@hours/protocol'
import { parsePeriod } from '@hours/usage'
import { z } from 'zod'
import type { InstrumentEntry } from '../ports.ts'
import { type ApiContext, instrumentOf } from './context.ts'
import { summary } from './fleet-routes.ts'
import { createMonthCache } from './month-figures.ts'
import { badField, Problem } from './problem.ts'
import type { Api } from './server.ts'

const Path = z.strictObject({ site: z.string().max(40), instrument: z.string().max(40) })
const instant = z.coerce.number().int().min(0).max(8.64e15)
const Window = z.strictObject({ from: instant, to: instant })
const maxWindow = 400 * DAY

const checkWindow = ({ from, to }: { from: number; to: number }) => {
  if (to <= from) throw badField('to', to, 'must be after from (Unix ms)')
  if (to - from > maxWindow) throw badField('to', to, 'at most 400 days at a time')
}

/** One instrument: summary, states, power, and the evidence of a day. */
export function instrumentRoutes(app: Api, context: ApiContext): void {
  const { ingest } = context
  const month = createMonthCache(context)

  app.get(
    '/api/v1/instruments/:site/:instrument',
    {
      schema: { params: Path, response: { 200: InstrumentSummary }, tags: ['instruments'] },
      config: { needs: 'read' },
    },
    ({ params }) => {
      const entry = instrumentOf(context, params.site, params.instrument)
      return summary(context, entry, ingest.clock.wall(), month)
    },
  )

  app.get(
    '/api/v1/instruments/:site/:instrument/states',
    {
      schema: { params: Path, querystring: Window, response: { 200: StateSpans }, tags: ['instruments'] },
      config: { needs: 'read' },
    },
    ({ params, query }) => {
      checkWindow(query)
      const { key } = instrumentOf(context, params.site, params.instrument)
      return { key, ...query, spans: [...ingest.index.spans(key, query.from, query.to)] }
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
        }),
        response: { 200: PowerSeries },
        tags: ['instruments'],
      },
      config: { needs: 'read' },
    },
    ({ params, query }) => {
      checkWindow(query)
      const { from, to, step } = query
      if (step % MINUTE !== 0) throw badField('step', step, 'a multiple of 60000')
      if ((to - from) / step > 20_000)
        throw badField('step', step, 'at most 20,000 points: take a longer step')
      const entry = instrumentOf(context, params.site, params.instrument)
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
      }
    },
  )

  app.get(
    '/api/v1/evidence',
    {
      schema: {
        querystring: z.strictObject({ instrument: z.string().max(90), date: z.iso.date() }),
        response: { 200: DayEvidence },
        tags: ['evidence'],
      },
      config: { needs: 'read' },
    },
    ({ query }) => {
      const [site = '', instrument = ''] = query.instrument.split('/')
      return dayEvidence(context, instrumentOf(context, site, instrument), query.date)
    },
  )
}

/** The pages a day's hours rest on, with their proofs, for anybody who wants to check them (evidence.md). */
function dayEvidence({ ingest }: ApiContext, entry: InstrumentEntry, date: string): Evidence {
  const day = parsePeriod(date, entry.zone)
  if (!day.ok) throw badField('date', date, day.error.message)
  const { from, to } = day.value
  const rows = ingest.index.pages(entry.key, from, to)
  const year = rows.at(-1)?.position.year ?? ingest.log.years().at(-1)
  if (year === undefined) throw new Problem(404, 'the log is empty')
  const size = ingest.log.size(year)
  const own = rows.filter(({ position }) => position.year === year)
  const kids = new Set(own.map(({ gateway }) => gateway))
  const sum = Object.fromEntries(states.map((state) => [state, 0])) as Evidence['states']
  for (const span of ingest.index.spans(entry.key, from, to)) sum[span.state] += span.to - span.from
  return {
    key: entry.key,
    date,
    from,
    to,
    origin: ingest.log.origin(year),
    checkpoint: ingest.log.checkpoint(year),
    vkey: ingest.log.vkey(),
    pages: own.map(({ gateway, seq, position }) => ({
      jws: Buffer.from(ingest.log.entry(position)).toString('utf8'),
      index: position.index,
      proof: [...ingest.log.inclusion(position, size)],
      gateway,
      seq,
    })),
    keys: ingest.registry
      .records('key')
      .filter(({ record }) => kids.has(record.holder as never))
      .map(({ record }) => ({ kid: `${record.holder}#${record.n}`, alg: record.alg, public: record.public })),
    states: sum,
  }
}
