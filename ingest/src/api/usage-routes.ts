import { type InstrumentKey, Usage, type UsageRow } from '@hours/protocol'
import { type CivilSpan, civilDays, civilMonths, parsePeriod } from '@hours/usage'
import { z } from 'zod'
import type { InstrumentEntry, StateDay } from '../ports.ts'
import type { ApiContext } from './context.ts'
import { csvOf } from './csv.ts'
import { inside } from './fleet-routes.ts'
import { enrolledLength, powered, sumDays } from './month-figures.ts'
import { badField, notFound } from './problem.ts'
import type { Api } from './server.ts'

const Query = z.strictObject({
  scope: z.string().max(100).default('all').describe('site/instrument, org:ID, channel:ID or all'),
  period: z.string().max(40).describe('2025, 2025-03, 2025-W02, AY2024, 2025-01-01..2025-01-08'),
  by: z.enum(['day', 'month', 'period']).default('period'),
  format: z.enum(['json', 'csv']).default('json'),
})

/** `GET /api/v1/usage`: hours by day, month or period, each with its coverage; every sum is of integer ms. */
export function usageRoutes(app: Api, context: ApiContext): void {
  app.get(
    '/api/v1/usage',
    {
      schema: { querystring: Query, response: { 200: z.union([Usage, z.string()]) }, tags: ['usage'] },
      config: { needs: 'read' },
    },
    (request, reply) => {
      const { scope, period, by, format } = request.query
      const entries = entriesOf(context, scope)
      const rows = entries.flatMap((entry) => rowsOf(context, entry, period, by))
      if (format === 'csv') {
        void reply
          .type('text/csv; charset=utf-8')
          .header('content-disposition', 'attachment; filename="usage.csv"')
        return csvOf(
          [
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
          rows.map((row) => [row.key, row.label, ...hours(row), percent(row.coverage)]),
        )
      }
      return { scope, period, zone: entries[0]?.zone ?? 'UTC', rows }
    },
  )
}

/** Rounding happens here, at the edge, and nowhere else: hours to 1 decimal, per cent to 2 (domain.md, 4.6). */
const hours = ({ on, states: s }: UsageRow) =>
  [on, s.run, s.standby, s.fault, s.off, s.unknown].map((ms) => (ms / 3_600_000).toFixed(1))
const percent = (share: number | null) => (share === null ? 'n/a' : (share * 100).toFixed(2))

/** The instruments of a scope (records.md, section 10); each once, however many channels list it. */
export function entriesOf(context: ApiContext, scope: string): readonly InstrumentEntry[] {
  const { registry } = context.ingest
  if (scope === 'all') return registry.instruments()
  if (scope.startsWith('org:')) {
    const id = scope.slice(4)
    if (!registry.organisation(id)) throw notFound('organisation', id)
    return registry.instruments().filter((entry) => inside(context, entry, id))
  }
  if (scope.startsWith('channel:')) {
    const id = scope.slice('channel:'.length)
    const members = registry.records('membership').filter(({ record }) => record.channel === id)
    if (members.length === 0) throw notFound('channel', id)
    return registry
      .instruments()
      .filter((entry) =>
        members.some(
          ({ record }) =>
            record.instrument === entry.key ||
            (record.organisation !== undefined && inside(context, entry, record.organisation)),
        ),
      )
  }
  const entry = registry.instrument(scope as InstrumentKey)
  if (!entry) throw notFound('scope', scope)
  return [entry]
}

function rowsOf(
  context: ApiContext,
  entry: InstrumentEntry,
  period: string,
  by: 'day' | 'month' | 'period',
): UsageRow[] {
  const parsed = parsePeriod(period, entry.zone)
  if (!parsed.ok) throw badField('period', period, parsed.error.message)
  const { from, to } = parsed.value
  const days = context.ingest.index.days([entry.key], from, to)
  const byStart = new Map(days.map((day) => [day.from, day]))
  const spans: readonly CivilSpan[] =
    by === 'period'
      ? [parsed.value]
      : by === 'day'
        ? civilDays(entry.zone, from, to)
        : civilMonths(entry.zone, from, to)
  return spans.flatMap((span) => {
    const clipped = { label: span.label, from: Math.max(span.from, from), to: Math.min(span.to, to) }
    const own =
      by === 'day'
        ? [byStart.get(span.from)]
        : days.filter((day) => day.from >= clipped.from && day.from < clipped.to)
    return rowOf(
      entry,
      clipped,
      own.filter((day) => day !== undefined),
    )
  })
}

/** Enrolled time that no daily row knows is unknown: that is what coverage is about. */
function rowOf(entry: InstrumentEntry, span: CivilSpan, days: readonly StateDay[]): UsageRow[] {
  const length = enrolledLength(entry, span.from, span.to)
  if (length === 0) return []
  const sum = sumDays(days)
  const known = sum.off + sum.standby + sum.run + sum.fault
  const { onRecovered: _, ...states } = { ...sum, unknown: length - known }
  return [
    {
      key: entry.key,
      label: span.label,
      from: span.from,
      to: span.to,
      states,
      on: powered(sum),
      coverage: known / length,
    },
  ]
}
