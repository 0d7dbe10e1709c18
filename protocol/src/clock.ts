import type { Millis } from './units.ts'

/** The one clock everything takes as an argument (house.md, section 4). */
export interface Clock {
  /** Unix ms, may step. */
  wall(): Millis
  /** ms since boot, never steps back. */
  monotonic(): Millis
  /** Calls `task` once after `delay` ms of this clock; the returned function cancels it. */
  after(delay: Millis, task: () => void): () => void
}

/** The machine's own clock. */
export const systemClock: Clock = {
  wall: () => Date.now(),
  monotonic: () => Math.floor(performance.now()),
  after(delay, task) {
    const timer = setTimeout(task, delay)
    return () => clearTimeout(timer)
  },
}

/** A clock that moves only when told to: tests, the simulator and the demo (records.md, section 11). */
export interface ManualClock extends Clock {
  /** Moves on to `wall` (Unix ms) and runs, in order of time, every task that comes due on the way. */
  advanceTo(wall: Millis): void
  /** Steps the wall clock alone, as an NTP correction does; monotonic time goes on as it was. */
  step(by: Millis): void
}

export function createManualClock(start: Millis, bootedAt = start): ManualClock {
  let wall = start
  let offset = bootedAt
  let order = 0
  const tasks: { due: Millis; order: number; run: () => void }[] = []
  const monotonic = () => wall - offset
  return {
    wall: () => wall,
    monotonic,
    after(delay, run) {
      const task = { due: monotonic() + Math.max(0, delay), order: order++, run }
      const at = tasks.findIndex((other) => other.due > task.due)
      tasks.splice(at === -1 ? tasks.length : at, 0, task)
      return () => {
        const index = tasks.indexOf(task)
        if (index >= 0) tasks.splice(index, 1)
      }
    },
    advanceTo(target) {
      for (;;) {
        const next = tasks[0]
        if (!next || next.due + offset > target) break
        tasks.shift()
        wall = Math.max(wall, next.due + offset)
        next.run()
      }
      wall = Math.max(wall, target)
    },
    step(by) {
      wall += by
      offset += by
    },
  }
}

/** Repeats `task` every `period` ms of `clock` until the returned function is called. */
export function every(clock: Clock, period: Millis, task: () => void): () => void {
  let stopped = false
  let cancel = clock.after(period, tick)
  function tick() {
    if (stopped) return
    cancel = clock.after(period, tick)
    task()
  }
  return () => {
    stopped = true
    cancel()
  }
}
