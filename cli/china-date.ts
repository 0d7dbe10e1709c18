import { HOUR } from '@hours/protocol'

/** Offset of China's one civil time, ms; it has had no summer time since 1991. */
export const chinaOffset = 8 * HOUR

/** The civil date of an instant there, `YYYY-MM-DD`. */
export const chinaDate = (at: number): string => new Date(at + chinaOffset).toISOString().slice(0, 10)
