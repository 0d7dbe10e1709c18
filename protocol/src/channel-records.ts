import { z } from 'zod'
import { ChannelId, InstrumentId } from './ids.ts'
import { Actor, chained, Short, Text } from './record-fields.ts'
import { Count, Instant } from './units.ts'

// What a channel to the users answers for.

/** Something a channel or instrument answers for: owner, start, end, evidence (domain.md, D10). */
export const Incident = z.object({
  ...chained,
  id: Short,
  channel: ChannelId.optional(),
  instrument: InstrumentId.optional(),
  kind: z.enum(['page_dead', 'page_slow', 'information_missing', 'certificate', 'fault', 'other']),
  owner: Short,
  from: Instant,
  to: Instant.optional(),
  evidence: Text.optional(),
  actor: Actor,
})

/** One digest a channel a day. */
export const Probe = z.object({
  ...chained,
  channel: ChannelId,
  day: z.iso.date(),
  probed: Count,
  ok: Count,
  latencyMs: z.object({ p50: Count, p95: Count }),
  completeness: z.number().min(0).max(1).nullable(),
  failures: z.array(z.object({ reason: Short, count: Count })).max(32),
})
