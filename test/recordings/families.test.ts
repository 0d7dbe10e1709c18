import { describe, expect, it } from 'vitest'
import { heldOut, kinds, watch } from '../long/appliances.ts'
import { check, machines } from '../long/calibration-check.ts'
import { families, generate, refusals } from '../long/calibration-families.ts'

// Fifty-three of the recordings of test/long/calibration.test.ts, with other seeds.
describe('calibration on generated recordings with known truth', () => {
  it.each(families)('finds the run hours of a machine of the family %s', (family) => {
    expect(check(machines((seed) => generate(family, seed), 9_001, 1)).wrong).toEqual([])
  })
  it('never holds a run over to the first pulse after it, and to the next, because its dips are long', () => {
    expect(check([generate('mixed', 21)]).wrong).toEqual([])
  })
  it.each(refusals)('refuses: %s', (refusal) => {
    expect(check(machines((seed) => generate(refusal, seed), 9_001, 1)).wrong).toEqual([])
  })
  it.each(kinds)('finds the run hours of held-out machines, or says what it cannot tell: %s', (kind) => {
    const { errors, invented, refused } = check(machines((seed) => watch(kind, seed), heldOut + 500, 2))
    expect(errors.filter((error) => error > 0.02)).toEqual([])
    expect(invented).toBe(0)
    expect(refused).toBeLessThanOrEqual(1)
  })
})
