import { z } from 'zod'
import { type Decoded, decodeJson } from './decoded.ts'
import { InstrumentId } from './ids.ts'
import { PageClock, SpoolState } from './page.ts'
import { State } from './state.ts'
import { Count, Instant, Power } from './units.ts'

/** State, since when (Unix ms), and the last power in mW or null. */
export const InstrumentStatus = z.tuple([State, Instant, Power.nullable()])

/**
 * The gateway's heartbeat every 30 s, and its will (wire.md, section 2). The will says `online: false`: coverage
 * lost, never "off". Topic `hours/1/{site}/{gateway}/status`, QoS 1, retained.
 */
export const Status = z.object({
  v: z.literal(1),
  online: z.boolean(),
  at: Instant,
  software: z.string().max(40).optional(),
  config: z
    .object({ revision: Count, sha256: z.string().max(64), differs: z.boolean().optional() })
    .optional(),
  spool: SpoolState.optional(),
  clock: PageClock.optional(),
  instruments: z.record(InstrumentId, InstrumentStatus).optional(),
  /** What the operator must know: `receipt_unverified`, `spool_full`, `clock_untrusted`, `source_silent:sem-01` ... */
  alarms: z.array(z.string().max(200)).max(64).optional(),
})
export type Status = z.infer<typeof Status>

export const encodeStatus = (status: Status): string => JSON.stringify(status)
export const decodeStatus = (bytes: Uint8Array): Decoded<Status> => decodeJson(Status, bytes)
