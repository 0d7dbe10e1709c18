import { z } from 'zod'
import { type Decoded, decodeJson } from './decoded.ts'
import { GatewayId } from './ids.ts'
import { Count } from './units.ts'

/** A receipt names at most this many pages; so many may be in flight (records.md, section 7). */
export const maxReceiptPages = 32

const Hash = z.string().max(64)

/**
 * The payload of a receipt's JWS, signed by `service` (records.md, section 7): for each page listed its inclusion
 * proof in `checkpoint`, and the consistency of that with what the gateway had `seen`.
 * Topic `hours/1/{site}/{gateway}/receipt`, QoS 1, not retained.
 */
export const Receipt = z.object({
  v: z.literal(1),
  gateway: GatewayId,
  epoch: Count,
  /** Highest seq with everything below it logged; -1 when seq 0 is missing. */
  through: z.int().min(-1),
  /** Missing seqs below the highest logged one, ascending, the first 64. */
  missing: z.array(Count).max(64),
  rejected: z.array(z.object({ seq: Count, code: z.string().max(40), reason: z.string().max(500) })).max(64),
  /** The signed checkpoint, verbatim. */
  checkpoint: z.string().max(16_384),
  /**
   * The size `consistency` begins at. A gateway that holds another one waits for the next receipt instead of taking
   * the proof for a fork: which of the receipts sent before have arrived is not known here.
   */
  base: Count.optional(),
  /** Base64 hashes from the size the gateway had `seen` (empty from size 0 or another origin). */
  consistency: z.array(Hash).max(64),
  /** seq, index in the log, inclusion proof as base64 hashes, leaf to root. */
  pages: z.array(z.tuple([Count, Count, z.array(Hash).max(64)])).max(maxReceiptPages),
})
export type Receipt = z.infer<typeof Receipt>

export const encodeReceipt = (receipt: Receipt): string => JSON.stringify(receipt)
export const decodeReceipt = (bytes: Uint8Array): Decoded<Receipt> => decodeJson(Receipt, bytes, 262_144)
