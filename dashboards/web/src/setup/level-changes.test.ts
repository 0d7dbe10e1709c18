import { describe, expect, it } from 'vitest'
import { levelChanges, runMsOf } from './level-changes.ts'

const thresholds = { onStartMw: 20_000, onStopMw: 12_000, runStartMw: 400_000, runStopMw: 320_000 }
const before = { thresholds, dwellMs: 30_000, holdMs: 30_000, plausibleMw: [-1, 9] as const }

describe('what putting levels in force would change', () => {
  it('is nothing where nothing differs, or where the new ones do not say', () => {
    expect(levelChanges(before, before)).toEqual([])
    expect(levelChanges(before, { thresholds: { ...thresholds }, dwellMs: 30_000 })).toEqual([])
    expect(levelChanges(before, { ...before, plausibleMw: [-1, 9] })).toEqual([])
  })

  it('names each level and time with both its values', () => {
    const after = { thresholds: { ...thresholds, runStartMw: 650_000 }, dwellMs: 20_000, maxGapMs: 70_000 }
    expect(levelChanges(before, after)).toEqual([
      { name: 'runStartMw', before: 400_000, after: 650_000 },
      { name: 'dwellMs', before: 30_000, after: 20_000 },
      { name: 'maxGapMs', before: undefined, after: 70_000 },
    ])
  })
})

describe('run time of a trace', () => {
  const stepMs = 600_000
  const at = (i: number, watt: number): [number, number, number, number] => [i * stepMs, 0, watt * 1_000, 0]

  it('begins at one level and ends below the other', () => {
    const points = [at(0, 350), at(1, 400), at(2, 350), at(3, 319), at(4, 350), at(5, 900)]
    expect(runMsOf({ points, stepMs }, thresholds)).toBe(3 * stepMs)
  })

  it('does not hold over steps without power', () => {
    expect(runMsOf({ points: [at(0, 400), at(3, 350)], stepMs }, thresholds)).toBe(stepMs)
  })
})
