import { HOUR, type InstrumentSettings, type Millis, type Thresholds } from '@hours/protocol'
import { createSecondWitness, type Sample, type SecondWitness, type Tally } from '@hours/sensing'

/** How a source is named in alarms: the instrument for its first source, `sem-01+1` for the next ... */
export const sourceName = (instrument: string, source: number): string =>
  source === 0 ? instrument : `${instrument}+${source}`

/** Notices what is wrong with sources and says so by alarms: silence, refusals, a value that never moves, a reset. */
export interface SourceWatch {
  sample(settings: InstrumentSettings, source: number, sample: Sample, now: Millis): void
  /** A reading that counts for nothing; `code` says why. Its source is not silent. */
  refused(instrument: string, source: number, code: string, now: Millis): void
  /** What the device's own last will says, or a poll that nobody answers; a sample says that the device is there. */
  online(instrument: string, source: number, online: boolean): void
  check(settings: InstrumentSettings, now: Millis): void
  /**
   * Whether this sample only repeats what a stuck sensor says: the very same power, which the device's own energy counter
   * contradicts or, of a run, nothing confirms for hours. Such a sample is no evidence of a state.
   */
  isStuck(settings: InstrumentSettings, source: number, sample: Sample): boolean
  /** What the device's own counters say beside ours, of the first source that has some. */
  tally(settings: InstrumentSettings): Tally | undefined
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
  /** The counter's growth since, counted from an hour later on: what came before may be told late. */
  growth: { readonly from: number; readonly since: Millis; steps: number } | undefined
  readonly witness: SecondWitness
  online: boolean
  /** What is alarmed of it. */
  readonly told: Set<Checked>
}

type Checked =
  | 'source_silent'
  | 'source_stuck'
  | 'energy_differs'
  | 'on_time_differs'
  | 'run_time_differs'
  | 'source_reset'

/** A source that says nothing for so long is named. */
const silentMs = 300_000
/** So many refusals in a row are no accident. */
const manyRefusals = 3
/** A plug that reads the very same power above idle for so long measures nothing any more. */
const stuckMs = 6 * HOUR
const stuckSamples = 600
/** A counter may tell this much late or in one step (mWh), and in fewer steps than these it proves nothing. */
const counterGrainMwh = 200_000
const provingSteps = 3

export function createSourceWatch(began: Millis, onAlarm: (alarm: string, on: boolean) => void): SourceWatch {
  const watched = new Map<string, Watched>()
  function of(name: string): Watched {
    const known = watched.get(name)
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
      growth: undefined,
      witness: createSecondWitness(),
      online: true,
      told: new Set(),
    }
    watched.set(name, fresh)
    return fresh
  }
  function forgive(name: string, one: Watched): void {
    if (one.refusedAs !== undefined) onAlarm(refusalAlarm(name, one.refusedAs), false)
    one.refusals = 0
    one.refusedAs = undefined
    if (!one.online) setOnline(name, one, true)
  }
  function setOnline(name: string, one: Watched, online: boolean): void {
    one.online = online
    onAlarm(`source_offline:${name}`, !online)
  }
  function checkOne(name: string, settings: InstrumentSettings, now: Millis): void {
    const one = of(name)
    // Looked at for each source every few seconds: a name is made only when there is something to tell.
    const tell = (what: Checked, on: boolean) => {
      if (one.told.has(what) === on) return
      if (on) one.told.add(what)
      else one.told.delete(what)
      onAlarm(`${what}:${name}`, on)
    }
    const differs = one.witness.disagreement()
    tell('source_silent', now - one.heardAt > Math.max(silentMs, settings.maxGapMs))
    tell('source_stuck', isContradicted(one, now) || isSame(one, settings.thresholds, now))
    tell('energy_differs', differs === 'energy')
    tell('on_time_differs', differs === 'on')
    tell('run_time_differs', differs === 'run')
    tell('source_reset', one.resetAt !== undefined && now - one.resetAt < HOUR)
  }

  return {
    sample(settings, source, sample, now) {
      const name = sourceName(settings.id, source)
      const { powerMw, energyMwh } = sample
      const one = of(name)
      one.witness.add(sample, settings)
      // What the counter grew by while nobody looked says nothing of the power that was read.
      if (now - one.heardAt > settings.maxGapMs) one.growth = undefined
      one.heardAt = now
      forgive(name, one)
      if (energyMwh !== undefined) count(one, energyMwh, now)
      if (powerMw === undefined) return
      if (powerMw === one.mw) one.same += 1
      else {
        one.same = 0
        one.sameSince = now
        one.energyThen = one.energy
        one.growth = undefined
      }
      one.mw = powerMw
    },
    refused(instrument, source, code, now) {
      const name = sourceName(instrument, source)
      const one = of(name)
      one.heardAt = now
      one.refusals += 1
      if (one.refusals < manyRefusals || one.refusedAs === code) return
      if (one.refusedAs !== undefined) onAlarm(refusalAlarm(name, one.refusedAs), false)
      one.refusedAs = code
      onAlarm(refusalAlarm(name, code), true)
    },
    online(instrument, source, online) {
      const name = sourceName(instrument, source)
      setOnline(name, of(name), online)
    },
    check(settings, now) {
      const { id, others = [] } = settings
      for (let source = 0; source <= others.length; source++) checkOne(sourceName(id, source), settings, now)
    },
    isStuck({ id, thresholds }, source, { powerMw, at }) {
      const one = of(sourceName(id, source))
      if (powerMw === undefined || powerMw !== one.mw) return false
      if (isContradicted(one, at)) return true
      // A coarse meter may well say the same standby for days; a run that never moves by a digit is no run.
      const expected = (powerMw * (at - one.sameSince)) / HOUR
      const isDenied = one.energyThen !== undefined && expected > counterGrainMwh
      return isSame(one, thresholds, at) && (powerMw >= thresholds.runStartMw || isDenied)
    },
    tally({ id, others = [] }) {
      const names = [id, ...others.map((_, i) => sourceName(id, i + 1))]
      return names.map((name) => watched.get(name)?.witness.tally()).find((tally) => tally !== undefined)
    },
  }
}

/** A clamp the wrong way round has a name of its own: somebody has to go and turn it. */
const refusalAlarm = (name: string, code: string): string =>
  code === 'negative_power' ? `source_reversed:${name}` : `source_refused:${name}:${code}`

/** One step of the energy counter, while the power has been the same for an hour. */
function count(one: Watched, energy: number, now: Millis): void {
  const before = one.energy
  one.energy = energy
  if (before !== undefined && energy < before) {
    one.resetAt = now
    one.energyThen = energy
    one.growth = undefined
  } else if (now - one.sameSince < HOUR) return
  else if (one.growth === undefined) one.growth = { from: energy, since: now, steps: 0 }
  else if (before !== undefined && energy > before) one.growth.steps += 1
}

/** The device counts far more energy than the power it goes on to say can bring: that power is not what flows. */
function isContradicted({ growth, energy, mw }: Watched, now: Millis): boolean {
  if (growth === undefined || energy === undefined || mw === undefined) return false
  if (growth.steps < provingSteps) return false
  const expected = (Math.max(0, mw) * (now - growth.since)) / HOUR
  return energy - growth.from - expected > Math.max(counterGrainMwh, expected / 2)
}

/** A power above idle that has not moved for hours, while no counter goes on. */
const isSame = (one: Watched, { onStartMw }: Thresholds, now: Millis): boolean =>
  (one.mw ?? 0) >= onStartMw &&
  one.same >= stuckSamples &&
  now - one.sameSince >= stuckMs &&
  (one.energyThen === undefined || one.energy === undefined || one.energy <= one.energyThen)
