import { type Clock, every, type Millis } from '@hours/protocol'

/** Work that is done now and then and that may fail: a full disk is an alarm and another try, not the end. */
export interface Housekeeping {
  /** Does `task` every `period` ms of the clock; while it fails `alarms` names it. */
  add(name: string, period: Millis, task: () => void): void
  alarms(): readonly string[]
  stop(): void
}

export function createHousekeeping(clock: Clock, onError: (error: unknown) => void): Housekeeping {
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
      stops.push(every(clock, period, guarded))
    },
    alarms: () => [...failing.values()],
    stop() {
      for (const stop of stops) stop()
    },
  }
}
