import { describe, expect, it } from 'vitest'
import { bracketsOf } from './brackets.ts'
import { placeOf } from './placed.ts'

const hour = 3_600_000
const ground = { window: { from: 0, to: 10 * hour }, width: 500, now: 9 * hour }
const wordOf = (kind: string) => ({ no_show: 'No-show', overrun: 'Overrun' })[kind] ?? kind

describe('where things stand in a chart', () => {
  it('cuts to the window, keeps a pixel of the shortest, and lets what is open last until now', () => {
    const at = (from: number, to: number | null) =>
      placeOf({ from: from * hour, to: to === null ? null : to * hour }, ground.window, 500, ground.now)
    expect(at(2, 4)).toEqual([100, 100])
    expect(at(-3, 1)).toEqual([0, 50])
    expect(at(8, null)).toEqual([400, 50])
    expect(at(5, 5.001)).toEqual([250, 1])
    expect(at(-3, 0)).toBeUndefined()
    expect(at(10, 12)).toBeUndefined()
  })
})

describe('brackets of what does not match', () => {
  it('have their word under their middle, inside the chart at both ends', () => {
    const [first, last] = bracketsOf(
      [
        { kind: 'no_show', from: 0, to: hour / 2 },
        { kind: 'overrun', from: 9.5 * hour, to: 10 * hour },
      ],
      wordOf,
      ground,
    )
    expect(first?.label).toEqual({ word: 'No-show', x: 0 })
    expect(last?.label?.word).toBe('Overrun')
    expect(last?.label?.x).toBeCloseTo(500 - 7 * 6.6)
  })

  it('all stay when their words would touch; only the word of the later one goes', () => {
    const drawn = bracketsOf(
      [2, 2.2, 5].map((from) => ({ kind: 'overrun', from: from * hour, to: (from + 0.1) * hour })),
      wordOf,
      ground,
    )
    expect(drawn.map(({ label }) => label?.word)).toEqual(['Overrun', undefined, 'Overrun'])
    expect(drawn.map(({ place: [x] }) => Math.round(x))).toEqual([100, 110, 250])
  })

  it('take a Chinese character for twice as wide as a Latin one', () => {
    const two = [2, 3].map((from) => ({ kind: 'x', from: from * hour, to: (from + 0.5) * hour }))
    const shown = (word: string) => bracketsOf(two, () => word, ground).filter(({ label }) => label).length
    expect(shown('abcdef')).toBe(2)
    expect(shown('未预约运行')).toBe(1)
  })
})
