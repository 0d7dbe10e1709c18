import { z } from 'zod'
import { InstrumentSettings } from './instrument-settings.ts'

const Pinned = z.array(z.object({ kid: z.string(), public: z.string() }))

/** What a gateway's YAML has under `trust` (records.md, section 3): verifier keys of logs, public keys by `kid`. */
export const PinnedKeys = z.object({ logs: z.array(z.string()), service: Pinned, operator: Pinned })
export type PinnedKeys = z.infer<typeof PinnedKeys>

/** What `POST /api/v1/enrol` and `.../renew` answer: certificates PEM, `expires` Unix ms (wire.md, section 4). */
export const GivenIdentity = z.object({
  site: z.string(),
  gateway: z.string(),
  certificate: z.string(),
  ca: z.string(),
  expires: z.int(),
  trust: PinnedKeys,
  /** Where its pages go, and what it is to measure, as far as the site knows. */
  broker: z.string().optional(),
  instruments: z.array(InstrumentSettings).optional(),
})
export type GivenIdentity = z.infer<typeof GivenIdentity>

/**
 * What a gateway signs with its current TLS key to be given the next certificate: it cannot be taken for anything else.
 * `digest` = SHA-256 of the request's PEM, base64url.
 */
export const renewalText = (digest: string): string => `hours-renewal-v1\n${digest}\n`
