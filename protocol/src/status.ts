import { z } from 'zod'
import { type Decoded, decodeJson } from './decoded.ts'
import { InstrumentId } from './ids.ts'
import { InstrumentSettings, Thresholds } from './instrument-settings.ts'
import { PageClock, Seen, SpoolState } from './page.ts'
import { State } from './state.ts'
import { Count, Duration, Energy, Instant, Power } from './units.ts'

/** State, since when (Unix ms), and the last power in mW or null. */
export const InstrumentStatus = z.tuple([State, Instant, Power.nullable()])

/**
 * What a device counts for itself beside what the gateway made of its readings, in stretches without a hole between
 * `from` and `to`: energy in mWh, powered and run time in ms; null (or absent) where it has no such counter.
 */
export const CounterTally = z.object({
  from: Instant,
  to: Instant,
  energy: z.object({ ours: Energy, theirs: Energy }).nullable(),
  on: z.object({ ours: Duration, theirs: Duration }).nullable(),
  run: z.object({ ours: Duration, theirs: Duration }).nullable().optional(),
})
export type CounterTally = z.infer<typeof CounterTally>

/**
 * What the gateway would propose from the last days of an instrument's power: it takes effect only when an operator
 * accepts it, as a `config` record with a date. `settings` null = refused, `reason` says why.
 */
export const ThresholdProposal = z.object({
  at: Instant,
  reason: z.string().max(300),
  settings: z
    .object({
      thresholds: Thresholds,
      dwellMs: Duration,
      holdMs: Duration,
      /** Absent from gateways that are older than these keys. */
      maxGapMs: Duration.optional(),
      plausibleMw: z.tuple([Power, Power]).optional(),
    })
    .nullable(),
  /** Whether it differs by more than a tenth from what is in force. */
  differs: z.boolean(),
})
export type ThresholdProposal = z.infer<typeof ThresholdProposal>

/** Entries by instrument of one gateway; a broker keeps the states of as many (wire.md, section 4). */
const maxInstruments = 256
const byInstrument = <T extends z.ZodType>(value: T) =>
  z
    .record(InstrumentId, value)
    .refine(
      (entries) => Object.keys(entries).length <= maxInstruments,
      `at most ${maxInstruments} instruments`,
    )

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
  /** The newest checkpoint it has verified: receipts prove consistency from there. Null: none yet. */
  seen: Seen.nullable().optional(),
  clock: PageClock.optional(),
  instruments: byInstrument(InstrumentStatus).optional(),
  counters: byInstrument(CounterTally).optional(),
  proposals: byInstrument(ThresholdProposal).optional(),
  /**
   * What the gateway's own file says of its instruments, told as long as no `config` record is in force: the first
   * configuration, for the operator to accept (records.md, section 3). What a reader cannot read is not there.
   */
  settings: z.array(InstrumentSettings).max(maxInstruments).optional().catch(undefined),
  /** What the operator must know: `receipt_unverified`, `spool_full`, `clock_untrusted`, `source_silent:sem-01` ... */
  alarms: z.array(z.string().max(200)).max(64).optional(),
})
export type Status = z.infer<typeof Status>

export const encodeStatus = (status: Status): string => JSON.stringify(status)
export const decodeStatus = (bytes: Uint8Array): Decoded<Status> => decodeJson(Status, bytes)
