import { type InstrumentKey, MINUTE, type Millis } from '@hours/protocol'
import type { PowerStore } from '../ports.ts'

/** Mean power of the last 60 whole minutes, mW, oldest first, null where there was no sample. */
export type Sparklines = (key: InstrumentKey, now: Millis) => readonly (number | null)[]

/** Kept until the minute is over: opening an instrument's day unpacks 34 kB, and everybody looks at the same rows. */
export function createSparklines(power: Pick<PowerStore, 'read'>): Sparklines {
  const kept = new Map<InstrumentKey, readonly (number | null)[]>()
  let minute = Number.NaN
  return (key, now) => {
    const to = Math.floor(now / MINUTE) * MINUTE
    if (to !== minute) kept.clear()
    minute = to
    const known = kept.get(key)
    if (known) return known
    const from = to - 60 * MINUTE
    const means = new Map(power.read(key, from, to, MINUTE).map(({ at, mean }) => [at, Math.round(mean)]))
    const line = Array.from({ length: 60 }, (_, i) => means.get(from + i * MINUTE) ?? null)
    kept.set(key, line)
    return line
  }
}
