import { calibrate } from '@hours/sensing'
import { type Family, generate, type Refusal } from './calibration-families.ts'

export interface FamilyResult {
  readonly family: Family
  readonly count: number
  readonly refused: number
  /** Relative errors of run hours of the accepted ones, ascending. */
  readonly errors: readonly number[]
  /** Accepted ones whose number of runs differs from the truth. */
  readonly runsDiffer: number
  /** Refused, or more than 2 % from the truth: one line each. */
  readonly wrong: readonly string[]
}

/** Calibrates `count` generated recordings of one family and holds them against their truth. */
export function checkFamily(family: Family, firstSeed: number, count: number): FamilyResult {
  const errors: number[] = []
  const wrong: string[] = []
  let refused = 0
  let runsDiffer = 0
  for (let seed = firstSeed; seed < firstSeed + count; seed++) {
    const made = generate(family, seed)
    const { accepted, reason, evidence } = calibrate(made.samples)
    const found = evidence.hours?.run ?? 0
    const error = Math.abs(found / made.runHours - 1)
    if (accepted) {
      errors.push(error)
      if (evidence.runs !== made.runs.length) runsDiffer += 1
      if (error > 0.02) wrong.push(`${made.name}: ${found.toFixed(2)} h, truth ${made.runHours.toFixed(2)} h`)
    } else {
      refused += 1
      wrong.push(`${made.name}: refused, ${reason}`)
    }
  }
  return { family, count, refused, errors: errors.sort((a, b) => a - b), runsDiffer, wrong }
}

/** Those that were accepted although they should not be. */
export function checkRefusal(refusal: Refusal, firstSeed: number, count: number): string[] {
  const accepted: string[] = []
  for (let seed = firstSeed; seed < firstSeed + count; seed++) {
    const made = generate(refusal, seed)
    const found = calibrate(made.samples)
    if (found.accepted) accepted.push(`${made.name}: ${found.reason}`)
  }
  return accepted
}

/** The q-quantile of ascending errors, in percent. */
export const percentile = (errors: readonly number[], q: number): number =>
  (errors[Math.min(errors.length - 1, Math.floor(q * errors.length))] ?? 0) * 100
