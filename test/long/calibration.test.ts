import { expect, it } from 'vitest'
import { checkFamily, checkRefusal, percentile } from './calibration-check.ts'
import { families, refusals } from './calibration-families.ts'

const each = 60
const results = families.map((family) => [family] as const)

it.each(results)(
  'calibrates 60 machines of the family %s: median error under 0.5, 95 of 100 under 2 percent',
  (family) => {
    const result = checkFamily(family, 1, each)
    const at = (q: number) => percentile(result.errors, q).toFixed(3)
    console.log(
      `${family}: ${each} recordings, refused ${result.refused}, run hours error median ${at(0.5)} %, p95 ${at(0.95)} %, max ${at(1)} %, number of runs differs ${result.runsDiffer}`,
    )
    for (const line of result.wrong) console.log(`  ${line}`)
    expect(percentile(result.errors, 0.5)).toBeLessThan(0.5)
    expect(percentile(result.errors, 0.95)).toBeLessThan(2)
    expect(result.refused).toBeLessThanOrEqual(each * 0.05)
  },
  600_000,
)

it.each(refusals.map((refusal) => [refusal] as const))(
  'refuses 20 recordings: %s',
  (refusal) => expect(checkRefusal(refusal, 1, 20)).toEqual([]),
  600_000,
)
