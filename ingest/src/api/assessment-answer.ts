import { Names } from '@hours/protocol'
import type { Outcome, RuleSetDocument } from '@hours/usage'
import { z } from 'zod'

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
        coverage: z.number().nullable(),
        grade: z.string(),
      }),
    }),
  ),
  next: z.string().nullable(),
  checkpoint: z.object({ origin: z.string(), size: z.int(), root: z.string() }).nullable(),
  bundle: z.string().nullable(),
  simulated: z.boolean(),
})

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

/** Titles of a rule set's figures, for the cohort and for one instrument. */
export const titlesOf = ({
  fleet,
  instrument,
}: RuleSetDocument): z.infer<typeof AssessmentAnswer>['titles'] => ({
  fleet: fleet.figures.map(titleOf),
  instrument: instrument.figures.map(titleOf),
})

const titleOf = ({ id, title, unit }: RuleSetDocument['fleet']['figures'][number]) => ({
  id,
  names: textOf(title),
  unit: unit ?? null,
})

const textOf = ({ en, zh }: { readonly en: string; readonly zh?: string | undefined }) =>
  zh === undefined ? { en } : { en, zh }
