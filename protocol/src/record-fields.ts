import { z } from 'zod'
import { ChannelId } from './ids.ts'
import { Count, Digest, Instant } from './units.ts'

/** How records are signed: Ed25519, or P-256 with SHA-256 where a device's key store has nothing else. */
export const Algorithm = z.enum(['Ed25519', 'ES256'])

/** Numbering of operator and service records, as pages are numbered (records.md, section 2). */
export const chained = {
  v: z.literal(1),
  /** A site id or `installation`. */
  stream: z.string().max(40),
  seq: Count,
  prev: Digest.nullable(),
}

/** A sentence or two that somebody wrote. */
export const Text = z.string().max(500)
/** A name or number that other systems know. */
export const Short = z.string().min(1).max(120)
/** Who did or stated it. */
export const Actor = z.string().max(80)
/** Half-open, Unix ms. */
export const range = { from: Instant, to: Instant }
/** Who approved it in the system it came from, with the SHA-256 of the paper. */
export const approval = z.object({ by: Short, at: Instant, sha256: z.string().max(64).optional() })
/** What the record is called in the systems it came through. */
export const externalIds = z
  .array(z.object({ channel: ChannelId, id: Short }))
  .max(8)
  .default([])
