import type { Decoded } from '@hours/protocol'

/** What inputs of a device (dry contacts, or a stated machine state) say; an absent key says nothing. */
export interface Contact {
  readonly powered?: boolean
  readonly run?: boolean
  readonly fault?: boolean
}

/** One reading at `at` (Unix ms, integer). An absent key was not measured: absence is not 0. */
export interface Sample {
  readonly at: number
  /** Active power, mW; negative when the meter says that power is fed back (never turned into its absolute value). */
  readonly powerMw?: number
  /** The meter's own energy counter, mWh; may fall when somebody resets it, which is not a stop. */
  readonly energyMwh?: number
  /** The device's own on-time counter, ms. */
  readonly onTimeMs?: number
  /** The device's own counter of the time it worked, ms. */
  readonly runTimeMs?: number
  readonly contact?: Contact
  /** No measurement: the machine itself says here that it cannot be watched, so a hole follows the last sample. */
  readonly lost?: true
}

/**
 * What a message said: a sample, whether the device is there, or nothing about power (valid, but no evidence). `lost`: the
 * machine or its node says itself that nobody can tell its state, so it is unknown however soon the next sample comes.
 */
export type Reading =
  | { readonly kind: 'sample'; readonly sample: Sample }
  | { readonly kind: 'availability'; readonly online: boolean; readonly at: number; readonly lost?: true }
  | { readonly kind: 'nothing'; readonly why: string }

/**
 * Why a message gave no reading. `no_reading`: the meter itself says so (-1, null); `clock_skew`: the device's time is
 * further from arrival than `maxSkewMs`; `local_time_gap`: a local time that the zone skips; `bad_crc`: Modbus RTU.
 */
export type SensingCode =
  | 'not_json'
  | 'not_utf8'
  | 'oversize'
  | 'bad_field'
  | 'bad_time'
  | 'clock_skew'
  | 'local_time_gap'
  | 'no_reading'
  | 'bad_crc'
  | 'bad_frame'
  | 'unknown_topic'
  | 'unknown_meter'
  | 'not_xml'

export type DecodedReading = Decoded<Reading, SensingCode>

/** Every decoder: pure, never throws, never guesses. `arrival` is the gateway's clock in Unix ms. */
export type Decoder<Options = DecodeOptions> = (
  topic: string,
  payload: Uint8Array,
  arrival: number,
  options: Options,
) => DecodedReading

export interface DecodeOptions {
  /** IANA zone of local times without offset; without it such a time places nothing and arrival stands. */
  readonly zone?: string | undefined
  /** A device time further from arrival than this is refused (`clock_skew`); default `defaultMaxSkewMs`. */
  readonly maxSkewMs?: number | undefined
}

/** Plugs do not store and forward, so a reading much older than its arrival is a retained copy or a wrong clock. */
export const defaultMaxSkewMs = 600_000
