import { describe, expect, it } from 'vitest'
import { createManualClock, every } from './clock.ts'

describe('the manual clock', () => {
  it('runs what comes due in order of time, each at its own instant', () => {
    const clock = createManualClock(1_000)
    const ran: [string, number][] = []
    clock.after(30, () => ran.push(['b', clock.wall()]))
    clock.after(10, () => {
      ran.push(['a', clock.wall()])
      clock.after(5, () => ran.push(['nested', clock.wall()]))
    })
    clock.after(10, () => ran.push(['a2', clock.wall()]))
    clock.advanceTo(1_025)
    expect(ran).toEqual([
      ['a', 1_010],
      ['a2', 1_010],
      ['nested', 1_015],
    ])
    clock.advanceTo(2_000)
    expect(ran.at(-1)).toEqual(['b', 1_030])
    expect([clock.wall(), clock.monotonic()]).toEqual([2_000, 1_000])
  })

  it('steps wall time without moving monotonic time or what is due', () => {
    const clock = createManualClock(1_000)
    let ran = 0
    clock.after(100, () => ran++)
    clock.step(-500)
    expect([clock.wall(), clock.monotonic()]).toEqual([500, 0])
    clock.advanceTo(599)
    expect(ran).toBe(0)
    clock.advanceTo(600)
    expect(ran).toBe(1)
  })

  it('repeats until stopped', () => {
    const clock = createManualClock(0)
    let ran = 0
    const stop = every(clock, 10, () => ran++)
    clock.advanceTo(35)
    stop()
    clock.advanceTo(100)
    expect(ran).toBe(3)
  })
})
