import { Names, printedText } from '@hours/protocol'
import {
  clip,
  countedSums,
  figureList,
  type FigureRules,
  figureRules,
  type InstrumentResult,
  type Interval,
  levelShare,
  scopeFigures,
} from '@hours/usage'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import type { InstrumentPart } from '../figures/figure-reader.ts'
import { resultOf } from '../figures/part-result.ts'
import { namedRuleSet } from '../figures/rule-set-book.ts'
import type { InstrumentEntry } from '../ports.ts'
import { channelOf } from '../registry/channel-of.ts'
import { createTurns } from '../turns.ts'
import { type AskedPeriod, askedPeriod, askedRuleSet, logPosition, revisionOf } from './asked-period.ts'
import type { ApiContext } from './context.ts'
import { type CsvTable, sendCsv, wantsCsv } from './csv.ts'
import { tagged } from './etag.ts'
import { FigureLine } from './figure-line.ts'
import { type Member, membersOf } from './members.ts'
import { addingOf, entriesOf, type ScopedEntry } from './scope.ts'
import type { Api } from './server.ts'
import type { Standing } from './standing.ts'

const Query = z.strictObject({
  scope: z.string().max(100).default('all').describe('site/instrument, org:ID, channel:ID or all'),
  period: z.string().max(40).describe('2025, 2025-03, 2025-W02, AY2024, 2025-01-01..2025-01-08'),
  ruleset: z
    .string()
    .max(90)
    .optional()
    .describe('id or id@version: whose year, quotas and weight of outside hours; without one `default`'),
  members: z.enum(['0', '1']).default('1').describe('0 = without the scopes one level below'),
  format: z.enum(['json', 'csv']).optional(),
})
type Query = z.infer<typeof Query>

const Answer = z.object({
  scope: z.string(),
  period: z.string(),
  zone: z.string(),
  /** The figures are of [from, until), ms: the period, up to now. */
  from: z.int(),
  until: z.int(),
  ruleset: z.object({ id: z.string(), version: z.string(), hash: z.string() }),
  revision: z.int().nullable(),
  log: z.object({ origin: z.string(), size: z.int() }).nullable(),
  figures: z.array(FigureLine),
  /** The figure `sets` by kind, in order of their names; `null` of those whose enrolment says none. */
  kinds: z.array(z.object({ kind: z.string().nullable(), sets: z.int() })),
  members: z.array(z.object({ of: z.string(), names: Names, figures: z.array(FigureLine) })),
  simulated: z.boolean(),
})
type Answer = z.infer<typeof Answer>

/** `GET /api/v1/figures`: every KPI of domain.md 4.6 over any scope and period, each with bounds, coverage and grade. */
export function figureRoutes(
  app: Api,
  context: ApiContext,
  { standing }: { standing: () => Standing },
): void {
  const { ingest } = context

  async function answer(query: Query, request: FastifyRequest, reply: FastifyReply): Promise<Answer> {
    const { scope, period, ruleset: name } = query
    const entries = entriesOf(context, standing(), scope)
    const asked = askedPeriod(entries, period)
    tagged(context, { request, reply, until: asked.end })
    const known = askedRuleSet(context, name, asked)
    const rules = figureRules(known.document)
    const weight = rules.outsideWeight
    const members = query.members === '1' ? membersOf(context, scope, entries).map(adding) : []
    const log = logPosition(context)
    const parts = await ingest.figures.parts(addingOf(context, entries), asked.in, rules)
    const all: InstrumentResult[] = []
    const takeTurns = createTurns()
    for (const part of parts) {
      all.push(resultOf(part, weight))
      // Thousands of instruments: what sums ask for below is read here, with others' turn in between.
      part.sums()
      await takeTurns()
    }
    const ofMember = await memberResults(members, {
      parts,
      results: all,
      asked,
      rules,
    })
    const level = scope.startsWith('org:') ? scope.slice('org:'.length) : undefined
    const tree = ingest.figures.records.tree()
    const { from } = asked.in(asked.zone)
    const until = parts[0]?.span.to ?? asked.end
    const channel = channelOf(ingest.registry, scope, { zone: asked.zone, from, to: until })
    const whole = scopeFigures(all, weight, {
      counted: countedSums(parts, tree),
      ...(channel ? { channel } : {}),
    })
    const share = level === undefined ? undefined : levelShare(tree, level, parts, whole.figures)
    return {
      scope,
      period,
      zone: asked.zone,
      ...{ from, until },
      ruleset: namedRuleSet(known),
      revision: revisionOf(context, scope, period),
      log,
      figures: figureList(scope, share ? { ...whole, shareLevel: share } : whole),
      kinds: kindsOf(parts),
      members: members.flatMap((member) => {
        const own = ofMember(member)
        if (own.length === 0) return []
        const { of, names } = member
        return [{ of, names, figures: figureList(of, scopeFigures(own, weight)) }]
      }),
      simulated: ingest.simulated,
    }
  }

  /** A member says what its own scope says. */
  const adding = (member: Member): Member => ({ ...member, entries: addingOf(context, member.entries) })

  /** Of who was a member for as long as it was in the scope the result is there; of the others it is made. */
  async function memberResults(members: readonly Member[], of: MemberSources) {
    const { parts, results, asked, rules } = of
    const whole = new Map(parts.map((part, i) => [part.entry.key, { part, result: results[i] }]))
    const made = new Map<InstrumentEntry, InstrumentResult>()
    const others: ScopedEntry[] = []
    for (const entry of members.flatMap(({ entries }) => entries)) {
      const found = whole.get(entry.key)
      const during = found && clip(entry.during, found.part.span)
      if (found?.result && during && isSameTime(during, found.part.during))
        made.set(entry, { ...found.result, set: entry.set ?? entry.key })
      else others.push(entry)
    }
    for (const part of await ingest.figures.parts(others, asked.in, rules))
      made.set(part.entry, resultOf(part, rules.outsideWeight))
    return ({ entries }: Member) => entries.flatMap((entry) => made.get(entry) ?? [])
  }

  const options = {
    schema: { querystring: Query, response: { 200: z.union([Answer, z.string()]) }, tags: ['figures'] },
    config: { needs: 'read' as const },
  }
  app.get('/api/v1/figures', options, async (request, reply) => {
    const found = await answer(request.query, request, reply)
    return wantsCsv(request, request.query.format) ? sendCsv(reply, 'figures', table(found)) : found
  })
  app.get('/api/v1/figures.csv', options, async (request, reply) =>
    sendCsv(reply, 'figures', table(await answer(request.query, request, reply))),
  )
}

interface MemberSources {
  readonly parts: readonly InstrumentPart[]
  readonly results: readonly InstrumentResult[]
  readonly asked: AskedPeriod
  readonly rules: FigureRules
}

/** An estate of thirty kinds may have three hundred sets: each of the sets counted above has one kind, or says none. */
function kindsOf(parts: readonly InstrumentPart[]): Answer['kinds'] {
  const counts = new Map<string | null, number>()
  for (const { entry, totals } of parts) {
    const kind = entry.enrolment.kind ?? null
    if (totals.sets > 0) counts.set(kind, (counts.get(kind) ?? 0) + totals.sets)
  }
  return [...counts]
    .map(([kind, sets]) => ({ kind, sets }))
    .sort(
      (a, b) =>
        Number(a.kind === null) - Number(b.kind === null) || ((a.kind ?? '') < (b.kind ?? '') ? -1 : 1),
    )
}

const isSameTime = (a: readonly Interval[], b: readonly Interval[]): boolean =>
  a.length === b.length && a.every(({ from, to }, i) => from === b[i]?.from && to === b[i].to)

const head = ['scope', 'kpi', 'unit', 'value', 'lower', 'upper', 'denominator', 'coverage_pct', 'grade']

function table({ figures, members }: Answer): CsvTable {
  const lines = [figures, ...members.map((member) => member.figures)].flat()
  return {
    head,
    rows: lines.map((line) => [
      line.of,
      line.kpi,
      units[line.unit],
      ...[line.value, line.lower, line.upper].map((value) => shown(line.unit, value)),
      line.denominator,
      shown('share', line.coverage),
      line.grade,
    ]),
  }
}

const units: Readonly<Record<FigureLine['unit'], string>> = {
  ms: 'h',
  share: '%',
  count: '',
  fen: 'fen',
}
const shown = (unit: FigureLine['unit'], value: number | null): string | number | null => {
  if (value === null) return 'n/a'
  return unit === 'ms' || unit === 'share' ? printedText(value, unit) : value
}
