import { describe, expect, it } from 'vitest'
import { checkFamily, checkRefusal } from '../long/calibration-check.ts'
import { families, refusals } from '../long/calibration-families.ts'

// Forty-five recordings from the generator of test/long/calibration.test.ts, with other seeds.
describe('calibration on generated recordings with known truth', () => {
  it.each(families)('finds the run hours of three machines of the family %s', (family) => {
    const result = checkFamily(family, 9_001, 3)
    expect(result.wrong).toEqual([])
  })
  it.each(refusals)('refuses: %s', (refusal) => {
    expect(checkRefusal(refusal, 9_001, 4)).toEqual([])
  })
})
