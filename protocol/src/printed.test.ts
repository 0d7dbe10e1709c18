import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { halfUp, printed, printedText } from './printed.ts'

describe('what people read', () => {
  it('is rounded half up, whatever binary fractions make of the value', () => {
    // 1.15 h and 12.25 h: `toFixed` says 1.1 and 12.3.
    expect([4_140_000, 44_100_000, 179_999, 180_000].map((ms) => printedText(ms, 'ms'))).toEqual([
      ...['1.2', '12.3', '0.0', '0.1'],
    ])
    expect(
      [0.00285, 0.57385, 12.625 / 22, 0.1 + 0.2, null].map((share) => printedText(share, 'share')),
    ).toEqual([...['0.29', '57.39', '57.39', '30.00', 'n/a']])
    expect(halfUp(1.005, 2)).toBe(1.01)
    // Ten thousand million yuan to the fen.
    expect(printed(1_300_000_000_001, 'fen')).toBe(13_000_000_000.01)
  })

  it('is never further from a whole number of milliseconds than half a step, and a tie goes up', () => {
    const step = 360_000
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 4_000_000_000_000 }), (ms) => {
        const tenths = Math.round(printed(ms, 'ms') * 10)
        expect(tenths).toBe(Math.floor((2 * ms + step) / (2 * step)))
      }),
    )
  })
})
