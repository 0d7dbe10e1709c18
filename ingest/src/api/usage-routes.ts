import { printedText, Usage } from '@hours/protocol'
import { type CivilSpan, union } from '@hours/usage'
import type { FastifyReply } from 'fastify'
import { z } from 'zod'
import type { InstrumentEntry } from '../ports.ts'
import { createTurns } from '../turns.ts'
import { type AskedPeriod, askedPeriod } from './asked-period.ts'
import type { ApiContext } from './context.ts'
import { type CsvTable, sendCsv, wantsCsv } from './csv.ts'
import { tagged } from './etag.ts'
import { addingOf, entriesOf, type ScopedEntry } from './scope.ts'
import { sentInTurns } from './sent-in-turns.ts'
import type { Api } from './server.ts'
import type { Standing } from './standing.ts'
import { atLevel, levelForm, type Named } from './usage-level.ts'
import { type Cut, cutsIn, refuseTooMany, usageCuts } from './usage-cuts.ts'
import { openRows } from './usage-open.ts'
import { createUsageSums, partOf, type UsageLine, type UsagePart } from './usage-rows.ts'

const Query = z.strictObject({
  scope: z.string().max(100).default('all').describe('site/instrument, org:ID, channel:ID or all'),
  period: z.string().max(40).describe('2025, 2025-03, 2025-W02, AY2024, 2025-01-01..2025-01-08'),
  by: z.enum(usageCuts).default('period').describe('an academic year runs from 1 September to 31 August'),
  level: z
    .string()
    .max(60)
    .regex(levelForm, 'instrument, unit, entity, city, province, below:1 ... below:9, or org:ID')
    .default('instrument')
    .describe(
      'whose rows: of each instrument; or summed for each managing unit; the entity, city or province above; ' +
        'below:1 = the organisation right below the entity (a school), below:2 the next (a college); ' +
        'org:ID = those right below ID. By the tree as it stood at each instant',
    ),
  format: z.enum(['json', 'csv']).optional(),
})

const Answer = Usage.extend({
  totals: Usage.shape.rows.describe('the rows of one label summed: each instrument once, coverage pooled'),
  simulated: z.boolean(),
})

/** `GET /api/v1/usage`: P, R, E and X with their bounds by day, month, year or period, of instruments or organisations. */
export function usageRoutes(app: Api, context: ApiContext, { standing }: { standing: () => Standing }): void {
  const { ingest } = context

  app.get(
    '/api/v1/usage',
    {
      schema: { querystring: Query, response: { 200: z.union([Answer, z.string()]) }, tags: ['usage'] },
      config: { needs: 'read' },
    },
    async (request, reply) => {
      const { scope, period, by, level, format } = request.query
      const entries = entriesOf(context, standing(), scope)
      const asked = askedPeriod(entries, period)
      tagged(context, { request, reply, until: asked.end })
      const named = atLevel(context, entries, level)
      const now = ingest.clock.wall()
      const cuts = cutsIn(named, { asked, period, by, now })
      refuseTooMany(named, cuts, { by, level })
      const sums = await summed(named, { asked, by, scope, cuts, now })
      const { until, attributedUntil, rows, totals } = sums
      if (wantsCsv(request, format)) return sendCsv(reply, 'usage', table(rows.lines()))
      const about = { scope, period, zone: asked.zone, until, attributedUntil, simulated: ingest.simulated }
      return sendRows(reply, { ...about, totals: [...totals.lines()] }, rows.lines())
    },
  )

  /** Rows by name and over all; of more instruments than can be worked out now, today with its states alone. */
  async function summed(named: readonly Named[], { asked, by, scope, cuts, now }: Summing) {
    const names = new Map<InstrumentEntry, string>(named.map(({ name, entry }) => [entry, name]))
    const [rows, totals] = [createUsageSums(), createUsageSums()]
    const takeTurns = createTurns()
    type Add = (entry: InstrumentEntry, part: UsagePart) => void
    async function addAll(entries: readonly ScopedEntry[], add: Add) {
      const parts = await ingest.figures.parts(entries, asked.in)
      for (const part of parts) {
        add(part.entry, partOf(part, by))
        await takeTurns()
      }
      const ends = new Map(parts.map(({ entry, span }) => [entry.zone, span.to]))
      for (const entry of entries) {
        const to = Math.min(asked.in(entry.zone).to, now)
        const from = ends.get(entry.zone) ?? to
        if (from >= to) continue
        add(entry, { rows: openRows(ingest.index, entry, { from, to }), recoveries: [] })
        await takeTurns()
      }
      return parts
    }
    const cut = ({ zone }: InstrumentEntry) => cuts.get(zone) ?? []
    const total: Add = (entry, part) => totals.add(scope, part, cut(entry))
    const entries = named.map(({ entry }) => entry)
    const whole = asOne(entries)
    const adding = addingOf({ ingest }, whole)
    const isPlain = adding === whole
    const parts = await addAll(entries, (entry, part) => {
      rows.add(names.get(entry) ?? entry.key, part, cut(entry))
      if (isPlain) total(entry, part)
    })
    if (!isPlain) await addAll(adding, total)
    const attributedUntil = parts[0]?.span.to ?? Math.min(asked.end, now)
    return { rows, totals, attributedUntil, until: Math.max(attributedUntil, Math.min(asked.end, now)) }
  }
}

/** An instrument that moved stands under the name of each of its owners: of a total it is one. */
function asOne(entries: readonly ScopedEntry[]): readonly ScopedEntry[] {
  const byKey = Map.groupBy(entries, ({ key }) => key)
  if (byKey.size === entries.length) return entries
  return [...byKey.values()].flatMap(([first, ...more]) =>
    first ? { ...first, during: union([first, ...more].flatMap(({ during }) => during)) } : [],
  )
}

interface Summing {
  readonly asked: AskedPeriod
  readonly by: Cut
  readonly scope: string
  readonly cuts: ReadonlyMap<string, readonly CivilSpan[]>
  readonly now: number
}

const columns = [
  ...['on', 'onUpper', 'run', 'runUpper', 'standby', 'fault', 'off', 'unknown'],
  ...['effective', 'effectiveUpper', 'external', 'externalUpper'],
  ...['ownUnit', 'sameEntity', 'unattributed', 'research', 'teaching', 'service'],
] as const

const table = (rows: Generator<UsageLine>): CsvTable => ({
  head: ['instrument', 'label', ...columns.map(headOf), 'coverage_pct'],
  rows: rows.map((row) => {
    const hours = { ...row, ...row.states }
    return [
      row.key,
      row.label,
      ...columns.map((name) => printedText(hours[name], 'ms')),
      printedText(row.coverage, 'share'),
    ]
  }),
})

/** `effectiveUpper` is `effective_upper_h`. */
const headOf = (name: string) => `${name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)}_h`

const rowsAPart = 500

/** A hundred thousand rows are 44 MB: they are made and sent part by part, not checked and joined in one piece. */
function sendRows(reply: FastifyReply, about: object, rows: Iterable<UsageLine>): z.infer<typeof Answer> {
  void reply.type('application/json; charset=utf-8')
  // A route whose schema says JSON may hand back the reply that is sending it.
  return reply.send(sentInTurns(jsonParts(about, rows))) as unknown as z.infer<typeof Answer>
}

function* jsonParts(about: object, rows: Iterable<UsageLine>): Generator<string> {
  let part = `${JSON.stringify(about).slice(0, -1)},"rows":[`
  let count = 0
  for (const row of rows) {
    part += count === 0 ? JSON.stringify(row) : `,${JSON.stringify(row)}`
    count += 1
    if (count % rowsAPart > 0) continue
    yield part
    part = ''
  }
  yield `${part}]}`
}
