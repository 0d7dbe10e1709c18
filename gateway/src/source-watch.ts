import { HOUR, type InstrumentSettings, type Millis } from '@hours/protocol'
import { createSecondWitness, type Sample, type SecondWitness, type Tally } from '@hours/sensing'

/** How a source is named in alarms: the instrument for its first source, `sem-01+1` for the next ... */
export const sourceName = (instrument: string, source: number): string =>
  source === 0 ? instrument : `${instrument}+${source}`

/** Notices what is wrong with sources and says so by alarms: silence, refusals, a value that never moves, a reset. */
export interface SourceWatch {
  sample(settings: InstrumentSettings, sample: Sample, now: Millis): void
  /** A reading that counts for nothing; `code` says why. */
  refused(instrument: string, code: string): void
  /** What the device's own last will says. */
  online(instrument: string, online: boolean): void
  check(settings: InstrumentSettings, now: Millis): void
  /**
   * Whether this sample only repeats what a stuck sensor says: the very same running power for hours, and no energy
   * counter that goes on. Such a sample is no evidence of a run.
   */
  isStuck(settings: InstrumentSettings, sample: Sample): boolean
  /** What the device's own counters say beside ours; undefined where it has none. */
  tally(instrument: string): Tally | undefined
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
  /** The energy counter when the power began to be the same. */
  energyThen: number | undefined
  readonly witness: SecondWitness
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
      energyThen: undefined,
      witness: createSecondWitness(),
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
    sample(settings, sample, now) {
      const { id, thresholds } = settings
      const { powerMw, energyMwh } = sample
      const one = of(id)
      one.witness.add(sample, settings)
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
        one.energyThen = one.energy
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
      onAlarm(`source_stuck:${id}`, isSame(one, now))
      const differs = one.witness.disagreement()
      onAlarm(`energy_differs:${id}`, differs === 'energy')
      onAlarm(`on_time_differs:${id}`, differs === 'on')
      onAlarm(`source_reset:${id}`, one.resetAt !== undefined && now - one.resetAt < HOUR)
    },
    isStuck({ id, thresholds }, { powerMw, at }) {
      const one = of(id)
      // A coarse meter may well say the same standby for days; a run that never moves by a digit is no run.
      return powerMw === one.mw && (powerMw ?? 0) >= thresholds.runStartMw && isSame(one, at)
    },
    tally: (instrument) => watched.get(instrument)?.witness.tally(),
  }
}

const isSame = (one: Watched, now: Millis): boolean =>
  one.same >= stuckSamples &&
  now - one.sameSince >= stuckMs &&
  (one.energyThen === undefined || one.energy === undefined || one.energy <= one.energyThen)
