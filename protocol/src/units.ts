import { z } from 'zod'

/**
 * Times are integer Unix milliseconds (UTC), durations integer milliseconds, power integer milliwatts, energy
 * integer milliwatt-hours, money integer fen (records.md, section 1). Numbers are not branded: each sum of two
 * branded numbers needs a cast, and the casts hid more than the brands caught; ids are branded (ids.ts).
 */
export type Millis = number
export type MilliWatts = number
export type MilliWattHours = number
export type Fen = number

const maxSafe = Number.MAX_SAFE_INTEGER

/** Unix ms between 2000-01-01 and 2200-01-01: outside of that a clock was never set. */
export const Instant = z.int().min(946_684_800_000).max(7_258_118_400_000)
export const Duration = z.int().min(0).max(maxSafe)
export const Power = z.int().min(-1_000_000_000_000).max(1_000_000_000_000)
export const Energy = z.int().min(-maxSafe).max(maxSafe)
export const Money = z.int().min(-maxSafe).max(maxSafe)
export const Count = z.int().min(0).max(maxSafe)
/** SHA-256, base64url without padding, 43 characters. */
export const Digest = z.string().regex(/^[A-Za-z0-9_-]{43}$/, 'SHA-256 as 43 characters of base64url')

export const SECOND = 1_000
export const MINUTE = 60_000
export const HOUR = 3_600_000
export const DAY = 86_400_000
