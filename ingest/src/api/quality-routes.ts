import { setImmediate as turn } from 'node:timers/promises'
import { DAY, GatewaySummary, Names, printedText } from '@hours/protocol'
import { disagreementOf } from '@hours/sensing'
import { gradeOf } from '@hours/usage'
import { z } from 'zod'
import { added } from '../counter-store.ts'
import type { InstrumentPart } from '../figures/figure-reader.ts'
import { instrumentGaps } from '../figures/instrument-gaps.ts'
import { askedPeriod } from './asked-period.ts'
import type { CounterSum } from '../ports.ts'
import type { ApiContext } from './context.ts'
import { type CsvTable, sendCsv, wantsCsv } from './csv.ts'
import { tagged } from './etag.ts'
import { pageFields, pageIn, placeFields } from './list-page.ts'
import { entriesOf } from './scope.ts'
import type { Api } from './server.ts'
import { gatewayRow } from './site-routes.ts'
import type { Standing } from './standing.ts'

const usual = 100
const Query = z.strictObject({
  scope: z.string().max(100).default('all').describe('site/instrument, org:ID, channel:ID or all'),
  period: z.string().max(40).describe('2025, 2025-03, 2025-W02, AY2024, 2025-01-01..2025-01-08'),
  doubtful: z
    .stringbool()
    .default(false)
    .describe('true = only those with hours of a lower grade, or that their own counters contradict'),
  ...pageFields({ usual, most: 500 }),
})

const Gap = z.object({
  from: z.int(),
  to: z.int(),
  ms: z.int(),
  why: z.enum(['no_page', 'unsampled', 'conflict', 'void', 'time', 'clock']),
})
/**
 * ms; `live`, `late` and `unknown` make up what is enrolled, `onRecovered` is what counters prove of `unknown`, and
 * `reported` is what of live and late has evidence of a lower grade: another system's word (Sparkplug), no sensor's.
 */
const Sums = z.object({
  enrolled: z.int(),
  live: z.int(),
  late: z.int(),
  unknown: z.int(),
  onRecovered: z.int(),
  reported: z.int(),
  coverage: z.number().nullable(),
  grade: z.enum(['A', 'B', 'C', 'not verifiable']),
})
const Pair = z.object({ ours: z.number(), theirs: z.number() }).nullable()
/**
 * Of the tallies that begin in the period, one a day and one after each restart of a gateway: energy (mWh), powered and run time (ms) as the device counts them itself, beside
 * what was made of its readings in the same time; `differs` names what contradicts, by more than a tenth.
 */
const Witness = z.object({
  tallies: z.int(),
  energy: Pair,
  on: Pair,
  run: Pair,
  differs: z.enum(['energy', 'on', 'run']).nullable(),
})
type Witness = z.infer<typeof Witness>
const Row = Sums.extend({
  instrument: z.string(),
  names: Names,
  gateway: z.string(),
  /** The device's own counters; null where it has none, or nothing of them was told. */
  witness: Witness.nullable(),
  /** The longest first; null where the period is too long to look for them in so many instruments. */
  gaps: z.array(Gap).nullable(),
  gapCount: z.int().nullable(),
})
const Answer = z.object({
  scope: z.string(),
  period: z.string(),
  zone: z.string(),
  total: Sums.extend({
    witnessed: z.int().describe('instruments whose devices have counters of their own'),
    contradicted: z.int().describe('of these, those whose counters contradict the hours or the energy'),
  }).describe('pooled over the scope'),
  items: z.array(Row).describe('the least covered first'),
  gateways: z
    .array(
      GatewaySummary.pick({
        ...{ gateway: true, site: true, online: true, lastHeard: true, through: true },
        ...{
          missing: true,
          received: true,
          rejected: true,
          late: true,
          spool: true,
          clock: true,
          alarms: true,
        },
      }),
    )
    .describe('those of the scope: pages that are missing or late, and the clock'),
  ...placeFields,
  simulated: z.boolean(),
})
type Answer = z.infer<typeof Answer>

/** Spans of so many days are read for one answer. */
const mostInstrumentDays = 9_000
const mostGaps = 20

/** `GET /api/v1/quality`: how far the hours of a scope can be believed: coverage, what came late, gaps with their reason, clocks. */
export function qualityRoutes(
  app: Api,
  context: ApiContext,
  { standing }: { standing: () => Standing },
): void {
  const { ingest } = context

  app.get(
    '/api/v1/quality',
    {
      schema: {
        summary: 'how far hours can be believed: coverage, what came late, gaps with their reason, clocks',
        querystring: Query,
        response: { 200: z.union([Answer, z.string()]) },
        tags: ['figures'],
      },
      config: { needs: 'read' },
    },
    async (request, reply) => {
      const { scope, period, format, doubtful } = request.query
      const isCsv = wantsCsv(request, format)
      const entries = entriesOf(context, standing(), scope)
      const asked = askedPeriod(entries, period)
      tagged(context, { request, reply, until: asked.end })
      const parts = await ingest.figures.parts(entries, asked.in)
      const judged = await judge(parts)
      const rows = judged
        .filter(({ sums, witness }) => !doubtful || sums.reported > 0 || (witness?.differs ?? null) !== null)
        .sort((a, b) => (a.sums.coverage ?? 2) - (b.sums.coverage ?? 2) || byKey(a.part, b.part))
      const { items: page, ...place } = pageIn(rows, request.query, { usual, isCsv })
      const days = page.reduce((sum, { part: { span } }) => sum + (span.to - span.from) / DAY, 0)
      const items: Answer['items'] = []
      for (const { part, sums, witness } of page) {
        const gaps = days <= mostInstrumentDays ? gapsOf(part) : null
        items.push(rowOf(part, sums, { gaps, witness }))
        await turn()
      }
      if (isCsv) return sendCsv(reply, 'quality', table(items), place.next)
      const gateways = new Set(entries.map(({ site, enrolment }) => `${site}/${enrolment.gateway}`))
      return {
        scope,
        period,
        zone: asked.zone,
        total: {
          ...sumsOf(
            parts,
            judged.reduce((sum, { sums }) => sum + sums.reported, 0),
          ),
          witnessed: judged.filter(({ witness }) => witness !== null).length,
          contradicted: judged.filter(({ witness }) => (witness?.differs ?? null) !== null).length,
        },
        items,
        gateways: ingest.registry
          .gateways()
          .filter(({ site, gateway }) => gateways.has(`${site}/${gateway}`))
          .map((one) =>
            gatewayRow(context, { ...one, instruments: standing().atGateway.get(one.gateway) ?? 0 }),
          ),
        ...place,
        simulated: ingest.simulated,
      }
    },
  )

  async function judge(parts: readonly InstrumentPart[]): Promise<readonly Judged[]> {
    const judged: Judged[] = []
    for (const part of parts) {
      const reported = reportedIn(part)
      judged.push({ part, sums: sumsOf([part], reported), witness: witnessOf(part) })
      // A year of reported pages is read row by row.
      if (reported > 0 || judged.length % 200 === 0) await turn()
    }
    return judged
  }

  const reportedIn = ({ entry, during }: InstrumentPart): number =>
    during.reduce((sum, { from, to }) => sum + ingest.index.reported(entry.key, from, to), 0)

  function witnessOf({ entry, during }: InstrumentPart): Witness | null {
    const sum = during
      .map(({ from, to }) => ingest.counters.sum(entry.key, from, to))
      .reduce((all, one) => added(all, one), nothingTold)
    return sum.tallies === 0 ? null : { ...sum, differs: disagreementOf(sum, sum.tallies) ?? null }
  }

  function gapsOf({ entry, during }: InstrumentPart): z.infer<typeof Gap>[] {
    return during.flatMap((part) => {
      const accounted = ingest.index.accounted(entry.key, part.from, part.to)
      return instrumentGaps(accounted, entry, part).map(({ from, to, why }) => ({
        from,
        to,
        ms: to - from,
        why,
      }))
    })
  }
}

/** An instrument may have no time in a period at all. */
const nothingTold: CounterSum = { tallies: 0, energy: null, on: null, run: null }

interface Judged {
  readonly part: InstrumentPart
  readonly sums: z.infer<typeof Sums>
  readonly witness: Witness | null
}

const byKey = (a: InstrumentPart, b: InstrumentPart) => (a.entry.key < b.entry.key ? -1 : 1)

function sumsOf(parts: readonly InstrumentPart[], reported: number): z.infer<typeof Sums> {
  const sum = (of: 'enrolled' | 'late' | 'unknown' | 'onRecovered') =>
    parts.reduce((all, { totals }) => all + totals.measures[of], 0)
  const [enrolled, late, unknown] = [sum('enrolled'), sum('late'), sum('unknown')]
  const coverage = enrolled > 0 ? (enrolled - unknown) / enrolled : null
  const live = enrolled - unknown - late
  return {
    enrolled,
    live,
    late,
    unknown,
    onRecovered: sum('onRecovered'),
    reported,
    coverage,
    grade: gradeOf(coverage),
  }
}

const rowOf = (
  { entry: { key, enrolment } }: InstrumentPart,
  sums: z.infer<typeof Sums>,
  { gaps, witness }: { gaps: z.infer<typeof Gap>[] | null; witness: Witness | null },
): Answer['items'][number] => ({
  ...sums,
  instrument: key,
  names: enrolment.names,
  gateway: enrolment.gateway,
  witness,
  gaps: gaps && gaps.toSorted((a, b) => b.ms - a.ms || a.from - b.from).slice(0, mostGaps),
  gapCount: gaps && gaps.length,
})

const table = (items: Answer['items']): CsvTable => ({
  head: [
    'instrument',
    'gateway',
    'enrolled_h',
    'live_h',
    'late_h',
    'unknown_h',
    'recovered_h',
    'reported_h',
    'coverage_pct',
    'grade',
    'gaps',
    'energy_wh',
    'device_energy_wh',
    'device_on_h',
    'device_run_h',
    'second_witness',
  ],
  rows: items.map((one) => [
    one.instrument,
    one.gateway,
    ...[one.enrolled, one.live, one.late, one.unknown, one.onRecovered, one.reported].map((ms) =>
      printedText(ms, 'ms'),
    ),
    printedText(one.coverage, 'share'),
    one.grade,
    one.gapCount,
    ...[one.witness?.energy?.ours, one.witness?.energy?.theirs].map((mwh) =>
      mwh === undefined ? null : Math.round(mwh / 1_000),
    ),
    ...[one.witness?.on?.theirs, one.witness?.run?.theirs].map((ms) =>
      ms === undefined ? null : printedText(ms, 'ms'),
    ),
    one.witness === null ? null : (one.witness.differs ?? 'agrees'),
  ]),
})
