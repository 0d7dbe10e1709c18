import type { Interval } from './calendar.ts'
import { type Figures, instrumentFigures } from './figures.ts'
import type { InstrumentInput } from './instrument-input.ts'

/** Hours that somebody states without a sensor (class `declared`, grade 4), ms. */
export interface ClaimedHours extends Interval {
  readonly id: string
  readonly source: string
  readonly onMs?: number | undefined
  readonly runMs?: number | undefined
  readonly effectiveMs?: number | undefined
  readonly externalMs?: number | undefined
}

export type ClaimedMeasure = 'on' | 'run' | 'effective' | 'external'

/** One claimed figure beside what is verified for the same stretch of time, ms. */
export interface ClaimCheck extends Interval {
  readonly claim: string
  readonly source: string
  readonly measure: ClaimedMeasure
  readonly claimed: number
  readonly verified: number
  /** What it could be at most, given what is unknown. */
  readonly upper: number
  /** Claimed minus verified; negative = less was claimed than was seen. */
  readonly difference: number
  /** What no unknown time can explain. */
  readonly unexplained: number
}

/** Claimed against verified, each claim over its own stretch of time; claims are never added to verified hours. */
export const checkClaims = (claims: readonly ClaimedHours[], input: InstrumentInput): ClaimCheck[] =>
  claims
    .filter(({ from, to }) => to > from)
    .flatMap((claim) => checkClaim(claim, instrumentFigures(input, claim).figures))

/** One claim against the figures of its own stretch of time. */
export function checkClaim(claim: ClaimedHours, f: Figures): ClaimCheck[] {
  const check = (
    measure: ClaimedMeasure,
    claimed: number | undefined,
    verified: number,
    upper: number,
  ): ClaimCheck[] =>
    claimed === undefined
      ? []
      : [
          {
            from: claim.from,
            to: claim.to,
            claim: claim.id,
            source: claim.source,
            ...{ measure, claimed, verified, upper },
            difference: claimed - verified,
            unexplained: Math.max(0, claimed - upper),
          },
        ]
  return [
    ...check('on', claim.onMs, f.on, f.onUpper),
    ...check('run', claim.runMs, f.run, f.runUpper),
    ...check('effective', claim.effectiveMs, f.effective, f.effectiveUpper),
    ...check('external', claim.externalMs, f.external, f.externalUpper),
  ]
}

/** Sums over claims of one instrument or of an organisation's, by measure. */
export function sumClaims(checks: readonly ClaimCheck[]): ReadonlyMap<ClaimedMeasure, ClaimSum> {
  const sums = new Map<ClaimedMeasure, ClaimSum>()
  for (const one of checks) {
    const sum = sums.get(one.measure) ?? { claimed: 0, verified: 0, upper: 0, difference: 0, unexplained: 0 }
    sums.set(one.measure, {
      claimed: sum.claimed + one.claimed,
      verified: sum.verified + one.verified,
      upper: sum.upper + one.upper,
      difference: sum.difference + one.difference,
      unexplained: sum.unexplained + one.unexplained,
    })
  }
  return sums
}
export type ClaimSum = Pick<ClaimCheck, 'claimed' | 'verified' | 'upper' | 'difference' | 'unexplained'>
