import { Names } from '@hours/protocol'
import type { AssessedInstrument, Outcome, RuleSetDocument } from '@hours/usage'
import { z } from 'zod'
import { placeFields } from './list-page.ts'

const Value = z.union([z.number(), z.string(), z.boolean(), z.null()])
const Text = z.object({ en: z.string(), zh: z.string().optional() })

/** What a rule set makes of one instrument, or of the cohort. */
const OutcomeBody = z.object({
  figures: z.record(z.string(), Value),
  items: z.array(
    z.object({
      id: z.string(),
      names: Text,
      points: z.number().nullable(),
      weight: z.number().nullable(),
      score: z.number().nullable(),
      max: z.number().nullable(),
      reason: z.string().nullable(),
    }),
  ),
  score: z.number().nullable(),
  max: z.number().nullable(),
  grade: z.string().nullable(),
  /** Items that could not be worked out: a score without them is no final one. */
  incomplete: z.array(z.string()),
  reasons: z.array(z.object({ id: z.string(), en: z.string(), zh: z.string().optional() })),
  awards: z.array(
    z.object({
      id: z.string(),
      kind: z.enum(['reward', 'subsidy', 'rectification', 'obligation']),
      title: Text,
      fen: z.number().nullable(),
    }),
  ),
})

/** What a figure of a rule set is called and counted in. */
const FigureTitle = z.object({ id: z.string(), names: Text, unit: z.string().nullable() })

/** Where the enrolled time went that is no effective time of anybody named, ms: the states, and what lies across them. */
const whyFields = {
  enrolled: z.int(),
  standby: z.int(),
  off: z.int(),
  fault: z.int(),
  unknown: z.int(),
  maintenance: z.int().describe('of any state: no time in maintenance is effective'),
  unattributed: z.int().describe('effective time that nobody is named for'),
}

/** `GET /api/v1/assessments`; `total` and `items` are the instrument's where the scope is one, else the cohort's. */
export const AssessmentAnswer = z.object({
  scope: z.string(),
  period: z.string(),
  zone: z.string(),
  from: z.int(),
  until: z.int(),
  ruleset: z.object({ id: z.string(), version: z.string(), names: Text, hash: z.string() }),
  revision: z.int().nullable(),
  parameters: z.record(z.string(), Value),
  total: z.number().nullable(),
  max: z.number().nullable(),
  grade: z.string().nullable(),
  items: OutcomeBody.shape.items,
  cohort: z.int(),
  /** The first thousand ids that the cohort's filter leaves out. */
  leftOut: z.array(z.string()),
  coverage: z.number().nullable(),
  /** Titles and units of the figures below, in the order of the rule set. */
  titles: z.object({ fleet: z.array(FigureTitle), instrument: z.array(FigureTitle) }),
  fleet: OutcomeBody.extend({ sets: z.int() }),
  instruments: z.array(
    OutcomeBody.extend({
      id: z.string(),
      names: Names,
      rank: z.int().nullable(),
      hours: z.object({
        effective: z.int(),
        effectiveUpper: z.int(),
        external: z.int(),
        externalUpper: z.int(),
        on: z.int(),
        ...whyFields,
        coverage: z.number().nullable(),
        grade: z.string(),
      }),
    }),
  ),
  ...placeFields,
  checkpoint: z.object({ origin: z.string(), size: z.int(), root: z.string() }).nullable(),
  bundle: z.string().nullable(),
  simulated: z.boolean(),
})

export type AssessmentBody = z.infer<typeof AssessmentAnswer>
type Body = z.infer<typeof OutcomeBody>

/** An outcome as the API gives it; `max` = what the items could come to at most. */
export function outcomeOf({ figures, items, score, grade, incomplete, reasons, awards }: Outcome): Body {
  const most = items.reduce<number | null>(
    (sum, { max, weight }) => (sum === null || max === null || weight === null ? null : sum + max * weight),
    0,
  )
  return {
    figures: { ...figures },
    items: items.map(({ id, title, points, weight, score: scored, max }) => ({
      ...{ id, names: textOf(title), points, weight, score: scored, max },
      reason: reasons.find((one) => one.id === id)?.en ?? null,
    })),
    score,
    max: items.length > 0 && Number.isFinite(most) ? most : null,
    grade: grade === null ? null : String(grade),
    incomplete: [...incomplete],
    reasons: reasons.map((one) => ({ ...one })),
    awards: awards.map(({ id, kind, title, fen }) => ({ id, kind, title: textOf(title), fen })),
  }
}

/** An instrument of a cohort as the API gives it. */
export function assessedBody(one: AssessedInstrument, names: Names): AssessmentBody['instruments'][number] {
  const { hours } = one
  const { standby, off, fault, unknown } = hours.states
  return {
    ...{ id: one.id, names, rank: one.rank },
    ...outcomeOf(one),
    hours: {
      effective: hours.effective,
      effectiveUpper: hours.effectiveUpper,
      external: hours.external,
      externalUpper: hours.externalUpper,
      on: hours.on,
      ...{ enrolled: hours.enrolled, standby, off, fault, unknown },
      maintenance: hours.maintenance,
      unattributed: hours.unattributed,
      coverage: hours.rates.coverage.value,
      grade: one.hoursGrade,
    },
  }
}

/** Titles of a rule set's figures, for the cohort and for one instrument. */
export const titlesOf = ({ fleet, instrument }: RuleSetDocument): AssessmentBody['titles'] => ({
  fleet: fleet.figures.map(titleOf),
  instrument: instrument.figures.map(titleOf),
})

const titleOf = ({ id, title, unit }: RuleSetDocument['fleet']['figures'][number]) => ({
  id,
  names: textOf(title),
  unit: unit ?? null,
})

/** A title as answers have it: without a language that it has not. */
export const textOf = ({ en, zh }: { readonly en: string; readonly zh?: string | undefined }) =>
  zh === undefined ? { en } : { en, zh }
