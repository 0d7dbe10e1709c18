import { z } from 'zod'
import { type Decoded, decodeJson } from './decoded.ts'
import { InstrumentId } from './ids.ts'
import { Energy, Instant, Power } from './units.ts'

/** min, mean, max of one minute in mW; null where no sample was taken. */
export const PowerMinute = z.tuple([Power, Power, Power]).nullable()
export type PowerMinute = z.infer<typeof PowerMinute>

/**
 * 1-min power for charts and recalculation; not evidence (wire.md, section 2).
 * Topic `hours/1/{site}/{gateway}/power`, QoS 1, not retained; spooled, dropped oldest first.
 */
export const PowerReport = z.object({
  v: z.literal(1),
  /** Start of the first minute, Unix ms, a whole minute. */
  from: Instant,
  stepMs: z.literal(60_000),
  instruments: z
    .array(z.object({ id: InstrumentId, mw: z.array(PowerMinute).max(1_440), mwh: Energy.nullable() }))
    .max(256),
})
export type PowerReport = z.infer<typeof PowerReport>

export const encodePowerReport = (report: PowerReport): string => JSON.stringify(report)
export const decodePowerReport = (bytes: Uint8Array): Decoded<PowerReport> => decodeJson(PowerReport, bytes)
