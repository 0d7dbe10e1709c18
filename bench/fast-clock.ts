import type { Clock, Millis } from '@hours/protocol'

/** A clock that runs `speed` times as fast as the machine's: processes made with the same numbers agree on the time. */
export function createFastClock(options: {
  /** What it says (Unix ms) when the machine's clock says `real`. */
  readonly start: Millis
  readonly real: Millis
  readonly speed: number
}): Clock {
  const { start, real, speed } = options
  const since = () => Math.floor((Date.now() - real) * speed)
  return {
    wall: () => start + since(),
    monotonic: since,
    after(delay, task) {
      const timer = setTimeout(task, Math.max(0, delay) / speed)
      return () => clearTimeout(timer)
    },
  }
}
