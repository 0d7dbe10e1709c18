import { z } from 'zod'
import { Actor, chained, Short, Text } from './record-fields.ts'
import { Digest } from './units.ts'

// What changes which other records stand (records.md, section 2).

/** Voids or replaces a record; counts only with an approval by another person than its actor. */
export const Correction = z.object({
  ...chained,
  /** SHA-256 (base64url) of the corrected record's bytes. */
  of: Digest,
  reason: Text,
  void: z.boolean().optional(),
  replacement: z.unknown().optional(),
  actor: Actor,
})

/** A second person signs for one record. */
export const Approval = z.object({ ...chained, of: Digest, by: Short, role: Short })

/** Two sessions are one: a confirmed duplicate. */
export const SameAs = z.object({ ...chained, sessions: z.tuple([Short, Short]) })
