import { z } from 'zod'
import type { Taken } from '../sessions/intake.ts'
import { fates } from '../sessions/row-fate.ts'

const Fault = z.object({ field: z.string(), value: z.string(), reason: z.string(), fix: z.string() })

/** What became of each row (docs/sessions-and-imports.md). */
export const RowAnswer = z.object({
  row: z.int(),
  line: z.int(),
  fate: z.enum(fates),
  id: z.string().optional(),
  ...Fault.partial().shape,
  faults: z.array(Fault).readonly().optional(),
  warnings: z
    .array(z.object({ code: z.string(), reason: z.string(), ids: z.array(z.string()).readonly() }))
    .readonly()
    .optional(),
})
export const TakenAnswer = z.object({
  accepted: z.int(),
  repeated: z.int(),
  corrections: z.int(),
  refused: z.int(),
  rows: z.array(RowAnswer).readonly(),
})

/** Counts and fates as they are answered. */
export const answerOf = ({ counts, rows }: Taken): z.infer<typeof TakenAnswer> => ({
  accepted: counts.accepted,
  repeated: counts.repeated,
  corrections: counts.correction,
  refused: counts.refused,
  rows,
})
