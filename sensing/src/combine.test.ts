import type { KnownState } from '@hours/protocol'
import { describe, expect, it } from 'vitest'
import { type CombineMode, combineSources } from './combine.ts'

const line = (...spans: [KnownState, number, number][]) =>
  spans.map(([state, from, to]) => ({ state, from, to }))
const combined = (mode: CombineMode, ...sources: ReturnType<typeof line>[]) => {
  const window = { from: 0, to: 100, toleranceMs: 10, meters: [true, false] }
  const { spans, conflicts } = combineSources(mode, sources, window)
  return { spans: spans.map((s) => [s.state, s.from, s.to]), conflicts: conflicts.map((c) => [c.from, c.to]) }
}

describe('several sources on one instrument', () => {
  it('primary: the first that knows; a contradiction is unknown and shown', () => {
    const plug = line(['off', 0, 50], ['run', 50, 80])
    const pc = line(['standby', 0, 20], ['run', 20, 100])
    expect(combined('primary', plug, pc)).toEqual({
      spans: [
        ['off', 0, 20],
        ['run', 50, 100],
      ],
      conflicts: [[20, 50]],
    })
  })
  it('primary: edges that do not meet exactly are no contradiction', () => {
    expect(
      combined('primary', line(['off', 0, 50], ['run', 50, 100]), line(['off', 0, 45], ['run', 45, 100])),
    ).toEqual({
      spans: [
        ['off', 0, 50],
        ['run', 50, 100],
      ],
      conflicts: [],
    })
  })
  it('any: the highest, and with a source silent only what cannot become more', () => {
    const plug = line(['standby', 0, 60], ['run', 60, 100])
    const contact = line(['off', 0, 20], ['run', 20, 40])
    expect(combined('any', plug, contact).spans).toEqual([
      ['standby', 0, 20],
      ['run', 20, 40],
      ['run', 60, 100],
    ])
  })
  it.each([
    [
      'any',
      [
        ['run', 0, 30],
        ['off', 30, 50],
        ['run', 50, 100],
      ],
    ],
    [
      'all',
      [
        ['off', 0, 95],
        ['standby', 95, 100],
      ],
    ],
  ] as const)('%s: a run without power is counted by the rule, and shown', (mode, spans) => {
    const plug = line(['run', 0, 30], ['off', 30, 95], ['standby', 95, 100])
    const contact = line(['off', 0, 50], ['run', 50, 100])
    expect(combined(mode, plug, contact)).toEqual({ spans, conflicts: [[50, 95]] })
    // Of two supplies one may well be off while the machine runs by the other.
    const window = { from: 0, to: 100, toleranceMs: 10, meters: [true, true] }
    expect(combineSources(mode, [plug, contact], window).conflicts).toEqual([])
  })
  it('all: the lowest, and with a source silent only off', () => {
    const a = line(['run', 0, 60], ['off', 60, 100])
    const b = line(['standby', 0, 20], ['run', 20, 40])
    expect(combined('all', a, b).spans).toEqual([
      ['standby', 0, 20],
      ['run', 20, 40],
      ['off', 60, 100],
    ])
  })
})
