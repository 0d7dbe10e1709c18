import type { TimeIndex, TrustedCheckpoint } from '@hours/ledger'
import { type Millis, MINUTE } from '@hours/protocol'
import type { Problems } from './problem.ts'

/** A checkpoint that witnesses have signed, of the first `size` leaves of a year's log. */
export interface Cosigned {
  readonly year: number
  readonly size: number
  readonly witnesses: TrustedCheckpoint['witnesses']
  /** Whether more was written to that year's log; only then was it signed before what follows. */
  readonly hasMore: boolean
}

/** How closely witnesses bound the `time` records of a log from outside. */
export interface TimeBounds {
  /** Checkpoints whose cosignature times were held against them. */
  readonly checkpoints: number
  /** The longest time between two of one year, ms; undefined where there are not two. */
  readonly widestMs: Millis | undefined
}

/** Two clocks may differ by so much, and so long may a round of asking witnesses take. */
const toleranceMs = 2 * MINUTE

/**
 * Holds `time` records against the clocks of witnesses: none that a checkpoint contains may be later than it was signed,
 * none that follows earlier (records.md, section 5). `cosigned` by year and size.
 */
export function checkTimes(
  cosigned: readonly Cosigned[],
  { times, problems }: { readonly times: TimeIndex; readonly problems: Problems },
): TimeBounds {
  let widestMs: Millis | undefined
  let before: { readonly year: number; readonly at: Millis } | undefined
  for (const one of cosigned) {
    const fault = timeFault(one, times)
    if (fault !== undefined) problems.add('time', `${one.year}/${one.size}`, fault)
    const at = Math.max(...one.witnesses.map(({ time }) => time * 1_000))
    if (before?.year === one.year) widestMs = Math.max(widestMs ?? 0, at - before.at)
    before = { year: one.year, at }
  }
  return { checkpoints: cosigned.length, widestMs }
}

function timeFault({ year, size, witnesses, hasMore }: Cosigned, times: TimeIndex): string | undefined {
  const last = times.timeWithin(year, size)
  const next = hasMore ? times.arrivalOf({ year, index: size - 1 }) : undefined
  for (const { name, time } of witnesses) {
    const at = time * 1_000
    const what = `witness ${name} signed the first ${size} records at ${iso(at)}`
    if (last !== undefined && last > at + toleranceMs)
      return `${what}; a \`time\` record in them says ${iso(last)}`
    if (next !== undefined && next < at - toleranceMs)
      return `${what}; a \`time\` record after them says ${iso(next)}`
  }
  return undefined
}

/** Seconds of a cosignature reach further than any date. */
const iso = (at: Millis) => (Math.abs(at) <= 8.64e15 ? new Date(at).toISOString() : `${at} ms`)
