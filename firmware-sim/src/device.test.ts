import { DAY, HOUR, MINUTE } from '@hours/protocol'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createDevice, leftHold } from './device.ts'
import { demoFleet } from './fleet.ts'
import { stretchesOf, wattsAt } from './instrument.ts'
import { kinds, shortest } from './kinds.ts'

const start = Date.UTC(2026, 5, 1)
const fleet = demoFleet(7).instruments

describe('the plan of a simulated instrument', () => {
  it('partitions any window, and no run or pause inside it is shorter than twice the dwell', () => {
    for (const one of fleet) {
      const stretches = stretchesOf(one, start, start + 60 * DAY)
      expect(stretches[0]?.from).toBe(start)
      expect(stretches.at(-1)?.to).toBe(start + 60 * DAY)
      for (const [i, { from, to, state }] of stretches.entries()) {
        const before = stretches[i - 1]
        if (before) expect([before.to, before.state === state]).toEqual([from, false])
        if (i > 0 && i < stretches.length - 1) expect(to - from).toBeGreaterThanOrEqual(shortest)
      }
    }
  })

  it('is the same however time is cut', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 13 }), fc.integer({ min: 1, max: 40 * DAY }), (i, cut) => {
        const one = fleet[i % fleet.length]!
        const at = (t: number, from: number, to: number) =>
          stretchesOf(one, from, to).find((s) => s.from <= t && t < s.to)?.state
        const whole = at(start + cut, start, start + 41 * DAY)
        expect(at(start + cut, start + cut, start + cut + HOUR)).toBe(whole)
        expect(at(start + cut, start + cut - 3 * HOUR, start + cut + 1)).toBe(whole)
      }),
      { numRuns: 60 },
    )
  })

  it('uses instruments as their kind is used: an NMR is never off, a microscope sleeps at night', () => {
    const share = (id: string, state: string) => {
      const one = fleet.find((other) => other.id === id)!
      const ms = stretchesOf(one, start, start + 60 * DAY)
        .filter((s) => s.state === state)
        .reduce((sum, s) => sum + s.to - s.from, 0)
      return ms / (60 * DAY)
    }
    expect(share('nmr-01', 'off')).toBe(0)
    expect(share('sem-01', 'off')).toBeGreaterThan(0.4)
    expect(share('sem-01', 'run')).toBeGreaterThan(0.08)
    expect(share('sem-01', 'run')).toBeLessThan(0.4)
  })
})

describe('a simulated device', () => {
  it('draws power that never crosses the threshold of another state', () => {
    for (const one of fleet) {
      const top = kinds.sem.id === one.kind.id ? 0 : (one.kind.pulse?.watts ?? 0)
      for (const { state, from, to } of stretchesOf(one, start, start + 5 * DAY)) {
        const watts = wattsAt(one, state, from, Math.floor((from + to) / 2))
        if (state === 'off') expect(watts).toBeLessThan(one.kind.standbyW * 0.3)
        if (state === 'standby')
          expect(watts).toBeLessThan(one.kind.standbyW * (1 + one.kind.noise) + top + 1)
        if (state === 'run') expect(watts).toBeGreaterThan(one.kind.runW * (1 - one.kind.noise) * 0.94)
      }
    }
  })

  it('emits the same messages however it is asked, and its truth partitions the window', () => {
    const options = { sampleMs: 30_000, silence: 0.2, keepTruth: true }
    const whole = createDevice(fleet[0]!, options)
    const parts = createDevice(fleet[0]!, options)
    const all = whole.messages(start, start + DAY)
    const cut = [0, 1, 2, 3].flatMap((k) => parts.messages(start + k * 6 * HOUR, start + (k + 1) * 6 * HOUR))
    expect(cut).toEqual(all)
    const spans = whole.truth(start, start + DAY, 90_000)
    expect(spans.reduce((sum, s) => sum + s.to - s.from, 0)).toBe(DAY)
    expect(spans.some((s) => s.state === 'unknown')).toBe(true)
    expect(parts.truth(start, start + DAY, 90_000)).toEqual(spans)
  })
})

describe('left-hold', () => {
  it('keeps a gap of exactly maxGap and leaves a longer one unknown from the last sample on', () => {
    const samples = [
      { at: 1_000_000, state: 'run' as const },
      { at: 1_000_000 + MINUTE, state: 'run' as const },
      { at: 1_000_000 + 2 * MINUTE + 1, state: 'off' as const },
    ]
    expect(leftHold(samples, 1_000_000, 1_000_000 + 3 * MINUTE, MINUTE)).toEqual([
      { state: 'run', from: 1_000_000, to: 1_000_000 + MINUTE },
      { state: 'unknown', from: 1_000_000 + MINUTE, to: 1_000_000 + 3 * MINUTE },
    ])
  })
})
