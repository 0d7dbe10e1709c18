import type { Clock, Millis } from '@hours/protocol'

/** Slewing and drift are no steps; a page may end so far ahead as well (records.md, section 4). */
const toleranceMs = 60_000

/**
 * Watches for a clock that has been stepped back: against monotonic time, and against the newest `time` record of the
 * log, which a start under a wrong clock would contradict. Honest pages would look as if they came from the future.
 */
export interface ClockGuard {
  /** By how much the clock is behind what it must be, ms; 0 while it can be believed. */
  behind(): Millis
  alarms(): readonly string[]
}

export function createClockGuard(clock: Clock, newest: () => Millis | undefined): ClockGuard {
  let anchor = { wall: clock.wall(), monotonic: clock.monotonic() }

  function behind(): Millis {
    const now = { wall: clock.wall(), monotonic: clock.monotonic() }
    const expected = Math.max(anchor.wall + now.monotonic - anchor.monotonic, newest() ?? 0)
    if (expected - now.wall > toleranceMs) return expected - now.wall
    anchor = now
    return 0
  }

  return {
    behind,
    alarms() {
      const by = behind()
      return by === 0
        ? []
        : [
            `the clock of this machine is ${by} ms behind what the log has seen; pages that end after it wait, nothing of them is lost. Fix: set the clock (chronyc tracking).`,
          ]
    },
  }
}
