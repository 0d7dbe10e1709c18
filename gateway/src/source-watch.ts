import { HOUR, type InstrumentSettings, type Millis } from '@hours/protocol'
import type { Sample } from '@hours/sensing'

/** Notices what is wrong with sources and says so by alarms: silence, refusals, a value that never moves, a reset. */
export interface SourceWatch {
  sample(settings: InstrumentSettings, sample: Sample, now: Millis): void
  /** A reading that counts for nothing; `code` says why. */
  refused(instrument: string, code: string): void
  /** What the device's own last will says. */
  online(instrument: string, online: boolean): void
  check(settings: InstrumentSettings, now: Millis): void
}

interface Watched {
  heardAt: Millis
  refusals: number
  refusedAs: string | undefined
  energy: number | undefined
  resetAt: Millis | undefined
  mw: number | undefined
  sameSince: Millis
  same: number
}

/** A source that says nothing for so long is named. */
const silentMs = 300_000
/** So many refusals in a row are no accident. */
const manyRefusals = 3
/** A plug that reads the very same power above idle for so long measures nothing any more. */
const stuckMs = 6 * HOUR
const stuckSamples = 600

export function createSourceWatch(began: Millis, onAlarm: (alarm: string, on: boolean) => void): SourceWatch {
  const watched = new Map<string, Watched>()
  function of(instrument: string): Watched {
    const known = watched.get(instrument)
    if (known) return known
    const fresh: Watched = {
      heardAt: began,
      refusals: 0,
      refusedAs: undefined,
      energy: undefined,
      resetAt: undefined,
      mw: undefined,
      sameSince: began,
      same: 0,
    }
    watched.set(instrument, fresh)
    return fresh
  }
  function forgive(instrument: string, one: Watched): void {
    if (one.refusedAs !== undefined) onAlarm(`source_refused:${instrument}:${one.refusedAs}`, false)
    one.refusals = 0
    one.refusedAs = undefined
  }

  return {
    sample({ id, thresholds }, { powerMw, energyMwh }, now) {
      const one = of(id)
      one.heardAt = now
      forgive(id, one)
      if (energyMwh !== undefined) {
        if (one.energy !== undefined && energyMwh < one.energy) one.resetAt = now
        one.energy = energyMwh
      }
      if (powerMw === undefined) return
      if (powerMw === one.mw && powerMw >= thresholds.onStartMw) one.same += 1
      else {
        one.same = 0
        one.sameSince = now
      }
      one.mw = powerMw
    },
    refused(instrument, code) {
      const one = of(instrument)
      one.refusals += 1
      if (one.refusals < manyRefusals || one.refusedAs === code) return
      if (one.refusedAs !== undefined) onAlarm(`source_refused:${instrument}:${one.refusedAs}`, false)
      one.refusedAs = code
      onAlarm(`source_refused:${instrument}:${code}`, true)
    },
    online: (instrument, online) => onAlarm(`source_offline:${instrument}`, !online),
    check({ id, maxGapMs }, now) {
      const one = of(id)
      onAlarm(`source_silent:${id}`, now - one.heardAt > Math.max(silentMs, maxGapMs))
      onAlarm(`source_stuck:${id}`, one.same >= stuckSamples && now - one.sameSince >= stuckMs)
      onAlarm(`source_reset:${id}`, one.resetAt !== undefined && now - one.resetAt < HOUR)
    },
  }
}
