import { type Assessment, assess, type Candidate } from '@hours/usage'
import { z } from 'zod'
import type { InstrumentPart } from '../figures/figure-reader.ts'
import { factsFor } from '../figures/instrument-facts.ts'
import type { KnownRuleSet } from '../figures/rule-set-book.ts'
import { createTurns } from '../turns.ts'
import type { AskedPeriod } from './asked-period.ts'
import type { ApiContext } from './context.ts'
import { badField, Problem } from './problem.ts'

/** What a rule set asks for: numbers and words by the names of its parameters. */
export const AskedParameters = z.record(z.string(), z.union([z.number(), z.string(), z.boolean(), z.null()]))
export type AskedParameters = z.infer<typeof AskedParameters>

/** Parameters as a query has them, a JSON object. Throws a Problem (400). */
export function parametersOf(text: string): AskedParameters {
  try {
    return AskedParameters.parse(JSON.parse(text))
  } catch {
    throw badField('parameters', text, 'a JSON object of numbers and words, such as {"baseHours":1400}')
  }
}

/** Parts of a cohort under a rule set, whose figures they were made for. Throws a Problem (400) that names each parameter. */
export async function runAssessment(
  { ingest }: Pick<ApiContext, 'ingest'>,
  parts: readonly InstrumentPart[],
  {
    rules: { document, hash },
    asked,
    parameters,
  }: { readonly rules: KnownRuleSet; readonly asked: AskedPeriod; readonly parameters: AskedParameters },
): Promise<Assessment> {
  const facts = factsFor(ingest.registry, document)
  const candidates: Candidate[] = []
  const takeTurns = createTurns()
  for (const part of parts) {
    const { key: id, set = id } = part.entry
    candidates.push({ id, set, totals: part.totals, facts: facts(part) })
    await takeTurns()
  }
  const assessed = assess({
    ...{ rules: document, hash, parameters, candidates },
    period: parts[0]?.span ?? asked.in(asked.zone),
    zone: asked.zone,
  })
  if (assessed.ok) return assessed.value
  throw new Problem(400, 'the rule set needs parameters', {
    field: 'parameters',
    value: JSON.stringify(parameters).slice(0, 200),
    fix: assessed.error.message,
  })
}
