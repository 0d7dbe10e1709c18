import { setImmediate as breathe } from 'node:timers/promises'
import { parseCheckpoint } from '@hours/ledger'
import { countedSums, figureList, figureRules, levelShare, relationAt, scopeFigures } from '@hours/usage'
import { askedPeriod, askedRuleSet, revisionOf } from '../api/asked-period.ts'
import { assessedBody, outcomeOf, textOf, titlesOf } from '../api/assessment-answer.ts'
import { type AskedParameters, runAssessment } from '../api/assessment-run.ts'
import type { ApiContext } from '../api/context.ts'
import { addingOf, type ScopedEntry } from '../api/scope.ts'
import type { InstrumentPart } from '../figures/figure-reader.ts'
import { resultOf } from '../figures/part-result.ts'
import { channelOf } from '../registry/channel-of.ts'
import { namedRuleSet } from '../figures/rule-set-book.ts'
import type { FigureRow, FigureSheet, SheetAssessment, SheetInstrument } from './figure-sheet.ts'

export interface SheetWish {
  readonly scope: string
  readonly period: string
  /** Whose year, quotas and weight of outside hours; `id` or `id@version`. */
  readonly ruleset?: string | undefined
  /** Given (also empty) = the rule set's assessment of the scope stands in the sheet. */
  readonly parameters?: AskedParameters | undefined
  /** The instruments of the scope, as far as the caller may see them. */
  readonly entries: readonly ScopedEntry[]
  readonly signal?: AbortSignal
  readonly onProgress?: (done: number, of: number) => void
}

/**
 * The figures of a scope and period, the same lines that `GET /api/v1/figures` gives of each; an instrument at a time, so
 * that the server answers others meanwhile. Throws a Problem that names the field, or the signal's reason.
 */
export async function makeSheet(context: Pick<ApiContext, 'ingest'>, wish: SheetWish): Promise<FigureSheet> {
  const { ingest } = context
  const { scope, period, entries, signal, onProgress } = wish
  const asked = askedPeriod(entries, period)
  const known = askedRuleSet(context, wish.ruleset, asked)
  const rules = figureRules(known.document)
  const weight = rules.outsideWeight
  const ordered = entries.toSorted((a, b) => (a.key < b.key ? -1 : 1))
  const parts = await ingest.figures.parts(ordered, asked.in, rules)
  const inTotals = addingOf(context, ordered)
  const adding = inTotals === ordered ? parts : await ingest.figures.parts(inTotals, asked.in, rules)
  const checkpoint = checkpointOf(context)
  const tree = ingest.figures.records.tree()
  const instruments: SheetInstrument[] = []
  const own: FigureRow[] = []
  for (const [i, part] of parts.entries()) {
    signal?.throwIfAborted()
    const result = resultOf(part, weight)
    const { key, enrolment } = part.entry
    const counted = countedSums([part], tree)
    instruments.push(instrumentOf(context, part, result.figures))
    for (const line of figureList(key, scopeFigures([result], weight, { counted })))
      own.push({ ...line, names: enrolment.names })
    onProgress?.(i + 1, parts.length)
    await breathe()
  }
  const { from } = asked.in(asked.zone)
  const to = parts[0]?.span.to ?? asked.end
  const channel = channelOf(ingest.registry, scope, { zone: asked.zone, from, to })
  const whole = scopeFigures(
    adding.map((part) => resultOf(part, weight)),
    weight,
    { counted: countedSums(adding, tree), ...(channel ? { channel } : {}) },
  )
  const level = scope.startsWith('org:') ? scope.slice('org:'.length) : undefined
  const share = level === undefined ? {} : { shareLevel: levelShare(tree, level, adding, whole.figures) }
  const names = level === undefined ? {} : (ingest.registry.organisation(level)?.names ?? {})
  const above = figureList(scope, { ...whole, ...share }).map((line) => ({ ...line, names }))
  return {
    ...{ scope, period, zone: asked.zone, from, to },
    ruleset: namedRuleSet(known),
    revision: revisionOf(context, scope, period),
    simulated: ingest.simulated,
    checkpoint,
    // Of one instrument its own lines are those of the scope.
    rows: instruments[0]?.key === scope ? own : [...above, ...own],
    instruments,
    ...(wish.parameters
      ? {
          assessment: await assessmentOf(context, adding, {
            rules: known,
            asked,
            parameters: wish.parameters,
          }),
        }
      : {}),
  }
}

function instrumentOf(
  { ingest }: Pick<ApiContext, 'ingest'>,
  part: InstrumentPart,
  figures: SheetInstrument['figures'],
): SheetInstrument {
  const { key, enrolment, enrolments, zone } = part.entry
  const { span, during } = part
  const end = during.at(-1)?.to ?? span.to
  // Of a set that has moved on meanwhile the form names the unit that it was with.
  const { unit } = enrolments.findLast(({ from }) => from < end) ?? enrolment
  const { records } = ingest.figures
  return {
    ...{ key, enrolment, zone, figures, names: enrolment.names, span, during },
    unitNames:
      ingest.registry.organisation(unit, end - 1)?.names ?? ingest.registry.organisation(unit)?.names ?? {},
    sums: part.sums(),
    uses: () => part.uses(),
    records: records.of(key),
    relationOf({ beneficiary, from }) {
      const manager = enrolments.findLast((one) => one.from <= from)?.unit
      return manager === undefined ? undefined : relationAt(records.tree(), manager, beneficiary, from)
    },
  }
}

async function assessmentOf(
  context: Pick<ApiContext, 'ingest'>,
  parts: readonly InstrumentPart[],
  of: Parameters<typeof runAssessment>[2],
): Promise<SheetAssessment> {
  const { document } = of.rules
  const { instruments, fleet, leftOut, parameters } = await runAssessment(context, parts, of)
  const names = new Map(parts.map(({ entry }) => [entry.key as string, entry.enrolment.names]))
  return {
    ruleset: { ...namedRuleSet(of.rules), names: textOf(document.title) },
    titles: titlesOf(document),
    fleet: { ...outcomeOf(fleet), sets: fleet.sets },
    cohort: instruments.length,
    instruments: instruments.map((one) => assessedBody(one, names.get(one.id) ?? {})),
    leftOut,
    parameters: Object.entries(document.parameters).map(([id, { title, unit = null }]) => ({
      ...{ id, names: title, unit },
      value: parameters[id] ?? null,
    })),
  }
}

function checkpointOf({ ingest }: Pick<ApiContext, 'ingest'>): FigureSheet['checkpoint'] {
  const [text = ''] = ingest.log.checkpoint().split('\n\n')
  const parsed = parseCheckpoint(`${text}\n`)
  if (!parsed.ok) return null
  const { origin, size, root } = parsed.value
  return { origin, size, root: Buffer.from(root).toString('base64') }
}
