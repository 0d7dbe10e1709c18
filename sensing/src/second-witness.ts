import { DAY, type InstrumentSettings, type Thresholds } from '@hours/protocol'
import type { Sample } from './reading.ts'

/**
 * What the device counts for itself beside what we make of its readings, over stretches without a hole. Energy in mWh
 * (power integrated under left-hold), powered and run time in ms; null where the device has no such counter.
 */
export interface Tally {
  readonly from: number
  readonly to: number
  readonly energy: { readonly ours: number; readonly theirs: number } | null
  readonly on: { readonly ours: number; readonly theirs: number } | null
  readonly run: { readonly ours: number; readonly theirs: number } | null
}

export interface SecondWitness {
  add(sample: Sample, settings: Pick<InstrumentSettings, 'maxGapMs' | 'thresholds'>): void
  /** Of the day so far once it is an hour old, else of the last whole day: told often enough, nothing of a day is lost. */
  tally(): Tally | undefined
  /** What does not fit, in words; undefined while both agree or there is too little to say. */
  disagreement(): 'energy' | 'on' | 'run' | undefined
}

/** Plugs round power and energy; a tenth, and what a coarse counter cannot show, is no contradiction. */
const tolerance = 0.1
const energyGrainMwh = 100_000
const onGrainMs = 900_000
/** Less time than this says nothing. */
const leastMs = 6 * 3_600_000
/** A day so far is told from here on; until then the whole day before it is. */
const toldAfterMs = 3_600_000

interface Pair {
  ours: number
  theirs: number
}
interface Draft {
  from: number
  to: number
  knownMs: number
  energy: Pair | null
  on: Pair | null
  run: Pair | null
}

/** What the sample before said: its power, and what it says or implies of the two conditions. */
interface Before {
  readonly at: number
  readonly mw: number
  readonly on: boolean
  readonly run: boolean
}

const mwMsPerMwh = 3_600_000

/**
 * Energy and on-time as a second witness (domain.md, D4): a counter in the device goes on whatever becomes of our
 * readings, so that a wrong scale, a second load on the plug or a threshold below idle shows as a difference.
 */
export function createSecondWitness(): SecondWitness {
  let day: Draft | undefined
  let whole: Draft | undefined
  let last: Before | undefined
  /** Since the device's counter was read last, without a hole: what we made of the same time. */
  const energy = createCounter()
  const on = createCounter()
  const run = createCounter()

  function between(from: Before, to: number): void {
    energy.grow(from.mw > 0 ? (from.mw * (to - from.at)) / mwMsPerMwh : 0)
    on.grow(from.on ? to - from.at : 0)
    run.grow(from.run ? to - from.at : 0)
    if (day) day.knownMs += to - from.at
  }

  /** A state that the machine states itself stands beside, or instead of, what its power says. */
  function judged({ at, powerMw, contact }: Sample, levels: Thresholds): Before | undefined {
    if (powerMw === undefined && contact === undefined) return last && { ...last, at }
    const mw = powerMw ?? last?.mw ?? 0
    const runs = contact?.run === true || mw >= (last?.run ? levels.runStopMw : levels.runStartMw)
    const powered = runs || contact?.powered === true || mw >= levels.onStartMw
    return { at, mw, on: powered, run: runs }
  }

  function count(
    kind: 'energy' | 'on' | 'run',
    counter: ReturnType<typeof createCounter>,
    value: number,
  ): void {
    const grown = counter.read(value)
    if (!grown || !day) return
    const pair = (day[kind] ??= { ours: 0, theirs: 0 })
    pair.ours += grown.ours
    pair.theirs += grown.theirs
  }

  return {
    add(sample, { maxGapMs, thresholds }) {
      const { at, energyMwh, onTimeMs, runTimeMs } = sample
      if (last && at < last.at) return
      day ??= begin(at)
      if (at - day.from >= DAY) {
        whole = day
        day = begin(at)
      }
      day.to = at
      if (last && at - last.at <= maxGapMs) between(last, at)
      else for (const counter of [energy, on, run]) counter.cut()
      if (energyMwh !== undefined) count('energy', energy, energyMwh)
      if (onTimeMs !== undefined) count('on', on, onTimeMs)
      if (runTimeMs !== undefined) count('run', run, runTimeMs)
      last = judged(sample, thresholds)
    },
    tally() {
      const seen = whole && day && day.to - day.from < toldAfterMs ? whole : day
      if (!seen || (seen.energy === null && seen.on === null && seen.run === null)) return undefined
      const { from, to } = seen
      return { from, to, energy: rounded(seen.energy), on: rounded(seen.on), run: rounded(seen.run) }
    },
    disagreement() {
      const seen = whole ?? day
      return seen && seen.knownMs >= leastMs ? disagreementOf(seen) : undefined
    },
  }
}

const begin = (at: number): Draft => ({ from: at, to: at, knownMs: 0, energy: null, on: null, run: null })

/** Sets what we count beside a device's counter; a hole or a reset of the counter begins anew. */
function createCounter() {
  let begun: number | undefined
  let ours = 0
  return {
    grow(by: number) {
      ours += by
    },
    cut() {
      begun = undefined
      ours = 0
    },
    read(value: number): Pair | undefined {
      const grown = begun !== undefined && value >= begun ? { ours, theirs: value - begun } : undefined
      begun = value
      ours = 0
      return grown
    },
  }
}

/** What of so many tallies, added up, does not fit; undefined while all does. */
export function disagreementOf(
  { energy, on, run }: Pick<Tally, 'energy' | 'on' | 'run'>,
  tallies = 1,
): 'energy' | 'on' | 'run' | undefined {
  if (energy && differ(energy, energyGrainMwh * tallies)) return 'energy'
  if (on && differ(on, onGrainMs * tallies)) return 'on'
  return run && differ(run, onGrainMs * tallies) ? 'run' : undefined
}

const differ = ({ ours, theirs }: Pair, grain: number): boolean =>
  Math.abs(ours - theirs) > Math.max(grain, tolerance * Math.max(ours, theirs))

const rounded = (pair: Pair | null): Pair | null =>
  pair && { ours: Math.round(pair.ours), theirs: Math.round(pair.theirs) }
