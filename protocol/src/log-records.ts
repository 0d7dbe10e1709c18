import { z } from 'zod'
import { GatewayId } from './ids.ts'
import { Algorithm, chained, Short, Text } from './record-fields.ts'
import { Count, Digest, Instant } from './units.ts'

// What the log says of itself: its keys, its time, the periods that are closed and the statements made of them.

/** First leaf of every log. */
export const Opening = z.object({
  v: z.literal(1),
  origin: Short,
  previous: z.object({ origin: Short, size: Count, root: z.string().max(64) }).nullable(),
  keys: z.array(
    z.object({ holder: Short, n: Count, alg: Algorithm, public: z.string().max(120), from: Instant }),
  ),
})

/** Says when the log had this size; appended at least every 60 s while other records arrive. */
export const Time = z.object({ v: z.literal(1), at: Instant, size: Count })

/** Puts a key into force, or ends it: then `revoked` says since when. */
export const Key = z.object({
  ...chained,
  holder: Short,
  n: Count,
  alg: Algorithm,
  /** Raw public key (Ed25519: 32 bytes; ES256: 65 bytes uncompressed point), base64url. */
  public: z.string().max(120),
  from: Instant,
  revoked: Instant.optional(),
})

/** Opens an epoch of a gateway; pages of an unopened one are refused (records.md, section 2). */
export const Epoch = z.object({ ...chained, gateway: GatewayId, epoch: Count, reason: Text })

/** A period is closed at this size of the log; a later correction needs a new revision. */
export const Close = z.object({
  ...chained,
  scope: Short,
  period: Short,
  origin: Short,
  size: Count,
  revision: Count,
})

/** A statement was made; its bytes are in the bundle, their SHA-256 here. */
export const ReportRecord = z.object({
  ...chained,
  statement: Digest,
  scope: Short,
  period: Short,
  revision: Count,
})
