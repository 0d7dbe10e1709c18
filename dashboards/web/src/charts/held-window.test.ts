import { describe, expect, it } from 'vitest'
import { heldWindow } from './held-window.ts'

const window = { from: 1_000, to: 2_000 }
/** A finger put down at `startX` of a chart of 100 px, now at `x`. */
const hold = (startX: number, x: number) => ({ startX, x, at: 1_000 + startX * 10 })

describe('the window under fingers', () => {
  it('follows one finger without a change of scale', () => {
    expect(heldWindow([hold(50, 70)], window, 100)).toEqual({ from: 800, to: 1_800 })
  })

  it('keeps under each of two fingers the instant that it took hold of', () => {
    const next = heldWindow([hold(40, 20), hold(60, 80)], window, 100)
    expect(next).toBeDefined()
    const { from, to } = next ?? { from: 0, to: 0 }
    const at = (x: number) => from + (x / 100) * (to - from)
    expect(at(20)).toBeCloseTo(1_400)
    expect(at(80)).toBeCloseTo(1_600)
    // Fingers moved apart: less time is shown.
    expect(to - from).toBeLessThan(1_000)
  })

  it('does not care which finger came first', () => {
    expect(heldWindow([hold(60, 80), hold(40, 20)], window, 100)).toEqual(
      heldWindow([hold(40, 20), hold(60, 80)], window, 100),
    )
  })

  it('says nothing when fingers are too close, cross each other, or none is down', () => {
    expect(heldWindow([hold(40, 45), hold(60, 50)], window, 100)).toBeUndefined()
    expect(heldWindow([hold(40, 80), hold(60, 20)], window, 100)).toBeUndefined()
    expect(heldWindow([], window, 100)).toBeUndefined()
  })
})
