/** Grade of a figure by its coverage (domain.md, section 4.4): below 80 % it is not verifiable. */
export type Grade = 'A' | 'B' | 'C' | 'not verifiable'

export function gradeOf(coverage: number | null): Grade {
  if (coverage === null || coverage < 0.8) return 'not verifiable'
  return coverage >= 0.99 ? 'A' : coverage >= 0.95 ? 'B' : 'C'
}
