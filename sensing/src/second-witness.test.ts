import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Sample } from './reading.ts'
import { createSecondWitness } from './second-witness.ts'

const hour = 3_600_000
const start = Date.UTC(2026, 0, 5)
const settings = {
  maxGapMs: 30_000,
  thresholds: { onStartMw: 20_000, onStopMw: 15_000, runStartMw: 500_000, runStopMw: 400_000 },
}

/** A device that draws `watts` and counts its own energy, times `scale`, read every 10 s. */
function day(
  watts: (at: number) => number,
  scale = 1,
  change: (sample: Sample) => Sample | undefined = (s) => s,
) {
  const witness = createSecondWitness()
  let mwMs = 0
  for (let at = start; at < start + 20 * hour; at += 10_000) {
    const powerMw = watts(at) * 1_000
    const sample = change({ at, powerMw, energyMwh: Math.floor((mwMs / hour) * scale) })
    if (sample) witness.add(sample, settings)
    mwMs += powerMw * 10_000
  }
  return witness
}
const busy = (at: number) => (at % (6 * hour) < 3 * hour ? 900 : 60)

describe('energy as a second witness', () => {
  it('agrees with an honest meter, whose counter is as coarse as it is', () => {
    const witness = day(busy)
    expect(witness.disagreement()).toBeUndefined()
    const { energy } = witness.tally() ?? {}
    expect(Math.abs((energy?.ours ?? 0) - (energy?.theirs ?? 1))).toBeLessThan(10)
  })
  it('sees a plug that says too little power, and a second load that is not ours', () => {
    expect(day(busy, 1.25).disagreement()).toBe('energy')
    expect(day(busy, 0.8).disagreement()).toBe('energy')
    expect(day(busy, 1.05).disagreement()).toBeUndefined()
  })
  it('says nothing of holes: what nobody read is compared with nothing', () => {
    const hole = (sample: Sample) =>
      sample.at > start + 5 * hour && sample.at < start + 9 * hour ? undefined : sample
    const witness = day(busy, 1, hole)
    expect(witness.disagreement()).toBeUndefined()
    expect(day(busy, 1.25, hole).disagreement()).toBe('energy')
  })
  it('begins anew where the counter was reset', () => {
    const reset = (sample: Sample): Sample =>
      sample.at > start + 8 * hour ? { ...sample, energyMwh: (sample.energyMwh ?? 0) - 3_000_000 } : sample
    expect(day(busy, 1, reset).disagreement()).toBeUndefined()
  })
  it.each([
    ['agree', 1, 1, undefined],
    ['say that it was powered longer', 1.2, 1, 'on'],
    ['say that it worked longer', 1, 1.3, 'run'],
  ])('counters of a machine that only states what it does %s', (_, onScale, runScale, expected) => {
    const witness = createSecondWitness()
    let [on, run] = [0, 0]
    for (let at = start; at < start + 20 * hour; at += 10_000) {
      const [powered, runs] = [at % (6 * hour) < 5 * hour, at % (6 * hour) < 3 * hour]
      const contact = { powered, run: runs, fault: false }
      witness.add({ at, contact, onTimeMs: on * onScale, runTimeMs: run * runScale }, settings)
      on += powered ? 10_000 : 0
      run += runs ? 10_000 : 0
    }
    expect(witness.disagreement()).toBe(expected)
    // Ten seconds after the last sample nobody knows yet.
    expect(witness.tally()?.run?.ours).toBe(run - 10_000)
    expect(witness.tally()?.on?.ours).toBe(on - 10_000)
  })
  it('an on-time counter of the device that runs on while we say off is a disagreement', () => {
    const witness = createSecondWitness()
    for (let at = start; at < start + 20 * hour; at += 10_000)
      witness.add({ at, powerMw: 0, onTimeMs: at - start }, settings)
    expect(witness.disagreement()).toBe('on')
    expect(witness.tally()?.on).toEqual({ ours: 0, theirs: 20 * hour - 10_000 })
  })
  it('a device without counters has no second witness', () => {
    const witness = createSecondWitness()
    for (let at = start; at < start + 20 * hour; at += 10_000) witness.add({ at, powerMw: 900_000 }, settings)
    expect(witness.tally()).toBeUndefined()
    expect(witness.disagreement()).toBeUndefined()
  })
  it('never calls an honest meter a liar, whatever it does and whatever is lost', () => {
    fc.assert(
      fc.property(fc.integer(), fc.double({ min: 0, max: 0.3, noNaN: true }), (seed, loss) => {
        let n = seed | 0
        const random = () => ((n = (Math.imul(n, 1_103_515_245) + 12_345) | 0) >>> 8) / 2 ** 24
        const levels = Array.from({ length: 40 }, () => Math.round(random() * 1_500))
        const witness = day(
          (at) => levels[Math.floor((at - start) / 1_800_000)] ?? 0,
          1,
          (sample) => (random() < loss ? undefined : sample),
        )
        // Lost readings blur what we integrate, by no more than the readings are apart.
        expect(witness.disagreement()).toBeUndefined()
      }),
      { numRuns: 30 },
    )
  })
})
