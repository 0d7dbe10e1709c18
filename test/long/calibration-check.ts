import { calibrate, type Sample } from '@hours/sensing'

/** A generated recording with its truth. `either`: power alone cannot tell, so that a refusal is as good as the truth. */
export interface Machine {
  readonly name: string
  readonly samples: readonly Sample[]
  readonly runs: readonly { readonly from: number; readonly to: number }[]
  readonly expect: 'accept' | 'refuse' | 'either'
}

export interface Result {
  readonly count: number
  readonly accepted: number
  /** To be accepted, and refused. */
  readonly refused: number
  /** Relative errors of run hours of the accepted ones that have runs, ascending. */
  readonly errors: readonly number[]
  /** Accepted ones whose number of runs differs from the truth. */
  readonly runsDiffer: number
  /** To be refused, and accepted. */
  readonly invented: number
  /** Refused or accepted against expectation, or more than 2 % from the truth: one line each. */
  readonly wrong: readonly string[]
}

/** Calibrates generated machines and holds each against its truth. */
export function check(machines: Iterable<Machine>): Result {
  const errors: number[] = []
  const wrong: string[] = []
  const sums = { count: 0, accepted: 0, refused: 0, runsDiffer: 0, invented: 0 }
  for (const { name, samples, runs, expect } of machines) {
    const { accepted, reason, evidence, thresholds } = calibrate(samples)
    sums.count += 1
    if (!accepted) {
      if (expect !== 'accept') continue
      sums.refused += 1
      wrong.push(`${name}: refused, ${reason}`)
      continue
    }
    sums.accepted += 1
    if (expect === 'refuse') {
      sums.invented += 1
      wrong.push(`${name}: accepted, ${reason}`)
      continue
    }
    const found = evidence.hours?.run ?? 0
    const truth = hoursOf(samples, runs, thresholds?.maxGapMs ?? 0)
    errors.push(Math.abs(found / truth - 1))
    if (evidence.runs !== runs.length) sums.runsDiffer += 1
    if (Math.abs(found / truth - 1) > 0.02)
      wrong.push(`${name}: ${found.toFixed(2)} h, truth ${truth.toFixed(2)} h`)
  }
  return { ...sums, errors: errors.sort((a, b) => a - b), wrong }
}

/** True hours as a meter can know them: each reading holds until the next one, where that is no longer than a gap. */
function hoursOf(samples: readonly Sample[], runs: Machine['runs'], maxGapMs: number): number {
  const times = samples
    .filter(({ powerMw }) => powerMw !== undefined && powerMw !== -1_000)
    .map(({ at }) => at)
  let ms = 0
  let next = 0
  for (const [i, at] of times.entries()) {
    const step = (times[i + 1] ?? at) - at
    while ((runs[next]?.to ?? Infinity) <= at) next += 1
    if (step <= maxGapMs && at >= (runs[next]?.from ?? Infinity)) ms += step
  }
  return ms / 3_600_000
}

export const machines = (make: (seed: number) => Machine, firstSeed: number, count: number): Machine[] =>
  Array.from({ length: count }, (_, i) => make(firstSeed + i))

/** One line of the table in docs/calibration.md. */
export function row(name: string, { count, accepted, errors, runsDiffer }: Result): string {
  const at = (q: number) => (errors.length === 0 ? '-' : `${percentile(errors, q).toFixed(2)} %`)
  return `| ${name} | ${count} | ${accepted} | ${at(0.5)} | ${at(0.95)} | ${at(1)} | ${runsDiffer} |`
}

/** The q-quantile of ascending errors, in percent. */
export const percentile = (errors: readonly number[], q: number): number =>
  (errors[Math.min(errors.length - 1, Math.floor(q * errors.length))] ?? 0) * 100
