import { z } from 'zod'
import { InstrumentId, OrganisationId } from './ids.ts'
import { Actor, approval, chained, externalIds, range, Short, Text } from './record-fields.ts'
import { Count, Digest, Duration, Instant } from './units.ts'

// Whose use of an instrument when: sensors do not know.

/** Stands where nobody knows who: no person, never the same one twice, and nobody to be blamed. */
export const nobody = 'p-unknown'

/** Somebody used the instrument: whose time it was and what for. */
export const Session = z.object({
  ...chained,
  id: Short,
  externalIds,
  instrument: InstrumentId,
  ...range,
  beneficiary: OrganisationId,
  /** Pseudonym: a salted commitment, never a name. */
  user: z.string().max(80),
  purpose: z.enum(['research', 'teaching', 'service']),
  way: z.enum(['self', 'operated', 'entrusted', 'remote', 'compute']).default('self'),
  project: z.string().max(80).optional(),
  samples: Count.optional(),
  validSamples: Count.optional(),
  /** When the samples were handed in and the results handed out: their difference is the turnaround. */
  receivedAt: Instant.optional(),
  reportedAt: Instant.optional(),
  /** Beam-time shifts, a unit of their own: never made from hours (domain.md, D8). */
  shifts: Count.optional(),
  approval: approval.optional(),
  actor: Actor,
})

/** Somebody had reserved the instrument, whether or not they came. */
export const Booking = z.object({
  ...chained,
  id: Short,
  externalIds,
  instrument: InstrumentId,
  ...range,
  beneficiary: OrganisationId.optional(),
  user: z.string().max(80),
  purpose: z.enum(['research', 'teaching', 'service']).optional(),
  cancelled: z.boolean().optional(),
  /**
   * SHA-256 of the record of the same booking that this one takes the place of: until it begins, the channel that told of it
   * may move or cancel it. Later that is a correction.
   */
  replaces: Digest.optional(),
  actor: Actor,
})

/** The instrument was being looked after and open to nobody. */
export const Maintenance = z.object({
  ...chained,
  id: Short,
  instrument: InstrumentId,
  ...range,
  reason: Text.optional(),
  actor: Actor,
})

/** Work of a computing instrument, in core and node time. */
export const Compute = z.object({
  ...chained,
  id: Short,
  instrument: InstrumentId,
  ...range,
  beneficiary: OrganisationId,
  user: z.string().max(80),
  coreMs: Duration,
  nodeMs: Duration.optional(),
  jobs: Count,
  approval: approval.optional(),
  actor: Actor,
})

/** Hours that somebody states without a sensor. */
export const Claim = z.object({
  ...chained,
  id: Short,
  instrument: InstrumentId,
  ...range,
  onMs: Duration.optional(),
  runMs: Duration.optional(),
  effectiveMs: Duration.optional(),
  externalMs: Duration.optional(),
  source: Short,
  actor: Actor,
})
