import { z } from 'zod'
import { InstrumentId } from './ids.ts'
import { Actor, chained, Short } from './record-fields.ts'
import { Count, Instant } from './units.ts'

// What came of the use: people trained, works made, users content.

/** People who learned to use the instrument. */
export const Training = z.object({
  ...chained,
  id: Short,
  instrument: InstrumentId,
  at: Instant,
  group: z.enum(['student', 'teacher', 'other']),
  level: z.enum(['independent', 'guided', 'demonstration']),
  persons: Count,
  actor: Actor,
})

/** Works that the instrument had a part in. */
export const Achievement = z.object({
  ...chained,
  id: Short,
  instrument: InstrumentId,
  at: Instant,
  kind: z.enum(['paper', 'patent', 'award', 'function']),
  level: z.string().max(40),
  count: Count.default(1),
  actor: Actor,
})

/** What a user thought of it. */
export const Rating = z.object({
  ...chained,
  id: Short,
  instrument: InstrumentId,
  session: Short.optional(),
  at: Instant,
  /** 1 (worst) to 5. */
  score: z.int().min(1).max(5),
  actor: Actor,
})
