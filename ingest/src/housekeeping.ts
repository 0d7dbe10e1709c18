import { type Clock, every, type Millis } from '@hours/protocol'

/** Work that is done now and then and that may fail: a full disk is an alarm and another try, not the end. */
export interface Housekeeping {
  /** Does `task` every `period` ms of the clock; while it fails `alarms` names it. */
  add(name: string, period: Millis, task: () => void): void
  alarms(): readonly string[]
  stop(): void
}

/** With `seldom` everything is done so many times more seldom: where simulated days pass in seconds. */
export function createHousekeeping(
  clock: Clock,
  onError: (error: unknown) => void,
  seldom = 1,
): Housekeeping {
  const failing = new Map<string, string>()
  const stops: (() => void)[] = []
  return {
    add(name, period, task) {
      const guarded = () => {
        try {
          task()
          failing.delete(name)
        } catch (error) {
          failing.set(name, `${name}: ${String(error)}. Fix: free space on the disk of operations.sqlite.`)
          onError(error)
        }
      }
      stops.push(every(clock, period * seldom, guarded))
    },
    alarms: () => [...failing.values()],
    stop() {
      for (const stop of stops) stop()
    },
  }
}
