import { MINUTE } from '@hours/protocol'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { type KeptMinute, samplesOfMinutes } from './kept-minutes.ts'

/** Power of samples under left-hold, each at its own moment, as minutes that are kept of it. */
function minutesOf(steps: readonly (readonly [at: number, mw: number])[], end: number): KeptMinute[] {
  return Array.from({ length: end / MINUTE }, (_, i) => {
    const [from, to] = [i * MINUTE, (i + 1) * MINUTE]
    const parts = steps.flatMap(([at, mw], k) => {
      const [a, b] = [Math.max(from, at), Math.min(to, steps[k + 1]?.[0] ?? end)]
      return b > a ? [{ mw, ms: b - a }] : []
    })
    const levels = parts.map(({ mw }) => mw)
    const mean = Math.round(parts.reduce((sum, { mw, ms }) => sum + mw * ms, 0) / MINUTE)
    return { at: from, min: Math.min(...levels), mean, max: Math.max(...levels) }
  })
}

const shown = (minutes: readonly KeptMinute[]) => {
  const changes: (readonly [number, number | undefined])[] = []
  for (const { at, powerMw } of samplesOfMinutes(minutes))
    if (changes.at(-1)?.[1] !== powerMw) changes.push([at, powerMw])
  return changes
}

it('finds the moment at which power went from one level to the other, up and down', () => {
  const steps = [
    [0, 60_000],
    [3 * MINUTE + 17_000, 900_000],
    [9 * MINUTE + 44_000, 60_000],
    [12 * MINUTE, 500],
  ] as const
  expect(shown(minutesOf(steps, 15 * MINUTE))).toEqual(steps)
})

it('gives a pulse and a dip their length, in the middle of their minute', () => {
  const steps = [
    [0, 60_000],
    [2 * MINUTE + 10_000, 1_500_000],
    [2 * MINUTE + 16_000, 60_000],
    [5 * MINUTE, 900_000],
    [8 * MINUTE + 5_000, 3_000],
    [8 * MINUTE + 25_000, 900_000],
  ] as const
  expect(shown(minutesOf(steps, 12 * MINUTE))).toEqual([
    [0, 60_000],
    [2 * MINUTE + 27_000, 1_500_000],
    [2 * MINUTE + 33_000, 60_000],
    [5 * MINUTE, 900_000],
    [8 * MINUTE + 20_000, 3_000],
    [8 * MINUTE + 40_000, 900_000],
  ])
})

it('leaves a minute that was not kept as a hole', () => {
  const minute = (i: number): KeptMinute => ({ at: i * MINUTE, min: 1, mean: 1, max: 1 })
  const samples = [...samplesOfMinutes([minute(0), minute(2)])].map(({ at }) => at)
  expect(samples).toEqual([0, 20_000, 40_000, 120_000, 140_000, 160_000])
})

it('keeps the mean of every minute, leaves none of its bounds, and goes forward in time', () => {
  const minute = fc
    .tuple(fc.nat(4_000_000), fc.nat(4_000_000), fc.double({ min: 0, max: 1, noNaN: true }))
    .map(([a, b, share]) => {
      const [min, max] = [Math.min(a, b), Math.max(a, b)]
      return { min, max, mean: Math.round(min + share * (max - min)) }
    })
  fc.assert(
    fc.property(fc.array(minute, { minLength: 1, maxLength: 6 }), (list) => {
      const minutes = list.map((one, i) => ({ ...one, at: i * MINUTE }))
      const samples = [...samplesOfMinutes(minutes)]
      const energy = minutes.map(() => 0)
      for (const [k, { at, powerMw = 0 }] of samples.entries()) {
        const i = Math.floor(at / MINUTE)
        expect(powerMw).toBeGreaterThanOrEqual(minutes[i]!.min)
        expect(powerMw).toBeLessThanOrEqual(minutes[i]!.max)
        const end = samples[k + 1]?.at ?? minutes.length * MINUTE
        expect(end).toBeGreaterThan(at)
        energy[i]! += powerMw * (end - at)
      }
      // The edge is told to the ms, which is worth so much of the mean.
      for (const [i, { mean, min, max }] of minutes.entries())
        expect(Math.abs(energy[i]! / MINUTE - mean)).toBeLessThanOrEqual(1 + (max - min) / MINUTE)
    }),
  )
})
