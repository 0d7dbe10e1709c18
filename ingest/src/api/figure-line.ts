import type { FigureLine as Line } from '@hours/usage'
import { z } from 'zod'

/** A figure as the API gives it. */
export const FigureLine = z.object({
  of: z.string(),
  kpi: z.string(),
  unit: z.enum(['ms', 'share', 'count', 'fen']),
  value: z.number().nullable(),
  lower: z.number().nullable(),
  upper: z.number().nullable(),
  /** What a rate is over (domain.md, D6), such as `calendar`, `schedule`, `quota:1400`, `effective`. */
  denominator: z.string().nullable(),
  coverage: z.number().nullable(),
  grade: z.string().nullable(),
}) satisfies z.ZodType<Line>
export type FigureLine = Line
