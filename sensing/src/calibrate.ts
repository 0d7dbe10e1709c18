import type { Thresholds } from '@hours/protocol'
import { detect } from './detect.ts'
import { levelsOf, type PowerLevel } from './power-levels.ts'
import { type Grid, gridOf, type PowerSeries, powerSeries, quantile, smooth } from './power-series.ts'
import type { Sample } from './reading.ts'
import {
  type Calibration,
  type Evidence,
  type Proposal,
  proposalSettings,
  type RefusalCode,
} from './calibration.ts'
import { type Flicker, flickerOf, timesOf } from './flicker.ts'

/** What holds most of three minutes is what the machine does; shorter things are pulses or dips. */
const windowMs = 180_000
const limits = { maxValley: 0.5, minRatio: 1.25 }

/** Proposes thresholds from recorded samples, with evidence, or refuses with a reason. Pure; seconds for a year at 10 s. */
export function calibrate(samples: Iterable<Sample>): Calibration {
  const series = powerSeries(samples)
  const cells = gridOf(series)
  // A cell of fast samples is a median already; of slow samples it is one reading, with its noise and glitches.
  const raw = series.intervalMs * 3 > cells.stepMs ? smooth(cells, 2 * cells.stepMs) : cells
  const calm = smooth(cells, windowMs)
  const knownMs = series.held.reduce((sum, ms) => sum + ms, 0)
  const basic: Evidence = {
    samples: series.at.length,
    dropped: series.dropped,
    intervalMs: series.intervalMs,
    knownHours: knownMs / 3_600_000,
  }
  if (knownMs < 3_600_000)
    return refused(
      'too_short',
      `only ${(knownMs / 60_000).toFixed(0)} min are known; record at least an hour, better a week`,
      [],
      basic,
    )
  const minShare = Math.max(0.002, 300_000 / knownMs)
  const { levels, histogram } = levelsOf(raw.watts, raw.stepMs, { ...limits, minShare })
  const evidence = { ...basic, histogram }
  const offCount = (levels[0]?.watts ?? Infinity) <= offLimit(levels) ? 1 : 0
  const powered = levels.slice(offCount)
  const named = (split: number) =>
    levels.map((level, i) => ({
      ...level,
      means:
        i < offCount
          ? ('off' as const)
          : split < 0
            ? ('powered' as const)
            : i < split
              ? ('standby' as const)
              : ('run' as const),
    }))
  const only = powered[0]
  if (!only)
    return refused('never_on', 'the instrument was never on; record while it is used', named(-1), evidence)
  if (powered.length === 1) return oneLevel(only, calm, offCount > 0, named(-1), evidence)
  // The widest step first; the next one only where the first leaves nothing but pulses above it.
  const splits = levels.map((_, i) => i).slice(offCount + 1)
  splits.sort((a, b) => stepAt(levels, b) - stepAt(levels, a))
  const tried = splits.map(
    (split) => () => propose({ series, calm, levels, offCount, split, named: named(split), evidence }),
  )
  let first: Calibration | undefined
  for (const attempt of tried) {
    const made = attempt()
    if (made.accepted) return made
    first ??= made
    if (made.code !== 'one_level') break
  }
  return first ?? refused('one_level', 'only one powered level was seen', named(-1), evidence)
}

/** A plug's own noise: a watt, or a hundredth of the machine's load up to 5 W. */
const offLimit = (levels: readonly PowerLevel[]): number =>
  Math.max(1, Math.min(5, 0.01 * (levels.at(-1)?.watts ?? 0)))

/** How many times the lower edge of a level is above the upper edge of the one below it. */
const stepAt = (levels: readonly PowerLevel[], i: number): number =>
  (levels[i]?.low ?? 1) / Math.max(0.5, levels[i - 1]?.high ?? 1)

function refused(
  code: RefusalCode,
  reason: string,
  levels: Calibration['levels'],
  evidence: Evidence,
): Calibration {
  return { accepted: false, code, reason, thresholds: null, levels, evidence }
}

function oneLevel(
  level: PowerLevel,
  calm: Grid,
  off: boolean,
  levels: Calibration['levels'],
  evidence: Evidence,
): Calibration {
  const drift = driftOf(calm, (w) => w > level.low * 0.8)
  const wide = level.high / Math.max(0.5, level.low)
  const seen = `${level.watts.toFixed(1)} W (${level.low.toFixed(1)} to ${level.high.toFixed(1)} W)`
  if (wide > 1.6 && drift > 1.4)
    return refused(
      'drift',
      `power moves slowly between ${level.low.toFixed(1)} and ${level.high.toFixed(1)} W: no level holds; check the meter, or give the thresholds by hand`,
      levels,
      evidence,
    )
  if (wide > 1.6)
    return refused(
      'overlap',
      `standby and run are not apart: powered time spreads evenly over ${seen}`,
      levels,
      evidence,
    )
  return refused(
    'one_level',
    `only one powered level was seen, ${seen}${off ? '' : ', and the instrument was never off'}: it never ran, or only ever ran; record both a pause and a run`,
    levels,
    evidence,
  )
}

interface Found {
  readonly series: PowerSeries
  readonly calm: Grid
  readonly levels: readonly PowerLevel[]
  readonly offCount: number
  readonly split: number
  readonly named: Calibration['levels']
  readonly evidence: Evidence
}

/** A point between two powers on a log scale; `floor` W keeps a meter's noise about zero from counting as a ratio. */
const between = (low: number, high: number, share: number, floor = 0.1): number =>
  Math.exp(Math.log(low + floor) * (1 - share) + Math.log(high + floor) * share) - floor

const mw = (watts: number): number => Math.round(watts * 1_000)

function levelThresholds(found: Found): Thresholds {
  const { levels, offCount, split } = found
  const lowest = levels[offCount]?.low ?? 1
  const off = offCount > 0 ? (levels[offCount - 1]?.high ?? 0) : lowest / 4
  const standby = levels[split - 1]?.high ?? 0
  const run = levels[split]?.low ?? 0
  return {
    onStartMw: mw(between(off, lowest, 0.5, 1)),
    onStopMw: mw(between(off, lowest, 0.4, 1)),
    runStartMw: mw(between(standby, run, 0.5)),
    runStopMw: mw(between(standby, run, 0.35)),
  }
}

function propose(found: Found): Calibration {
  const { series, calm, levels, split, named } = found
  const thresholds = levelThresholds(found)
  const cut = thresholds.runStartMw / 1_000
  const flicker = flickerOf(series, calm, thresholds)
  const times = timesOf(flicker, series.intervalMs)
  const peak =
    quantile(
      calm.watts.filter((w) => !Number.isNaN(w)),
      0.999,
    ) ?? 0
  const spike = quantile(series.watts, 0.9999) ?? 0
  const proposal: Proposal = {
    ...thresholds,
    ...times,
    maxGapMs: series.maxGapMs,
    plausibleMw: [-5_000, mw(Math.max(2 * peak, 1.5 * spike, 50))],
  }
  const hours = hoursUnder(series, proposal)
  const drift = {
    standby: driftOf(calm, (w) => w < cut && w > thresholds.onStartMw / 1_000),
    run: driftOf(calm, (w) => w >= cut),
  }
  const sensitivity = {
    minus10: change(hours.run, hoursUnder(series, scaled(proposal, 0.9)).run),
    plus10: change(hours.run, hoursUnder(series, scaled(proposal, 1.1)).run),
  }
  const separation = (levels[split]?.low ?? 0) / Math.max(0.5, levels[split - 1]?.high ?? 0)
  const { runs, ...byState } = hours
  const evidence: Evidence = {
    ...found.evidence,
    hours: byState,
    runs,
    separation,
    sensitivity,
    drift,
    ...countsOf(flicker),
  }
  const no = (code: RefusalCode, reason: string) => refused(code, reason, named, evidence)
  const worst = Math.max(Math.abs(sensitivity.minus10), Math.abs(sensitivity.plus10))
  // Five times as much time in pulses as in runs: the level is the pulses', and a run of its own was not seen.
  const pulseHours = flicker.pulses.reduce((sum, ms) => sum + ms, 0) / 3_600_000
  if (hours.run < (2 * Math.max(times.dwellMs, 60_000)) / 3_600_000 || pulseHours > 5 * hours.run)
    return no(
      'one_level',
      `hardly any run was seen: ${cut.toFixed(1)} W and more came in ${flicker.pulses.length} pulses of at most ${(Math.max(0, ...flicker.pulses.slice(-100_000)) / 1_000).toFixed(0)} s; record a run`,
    )
  if (separation < 1.12)
    return no(
      'overlap',
      `standby reaches ${(levels[split - 1]?.high ?? 0).toFixed(1)} W and run begins at ${(levels[split]?.low ?? 0).toFixed(1)} W: too close to be told apart`,
    )
  const calmRun = calmHours(calm, cut)
  if (Math.abs(hours.run - calmRun) > 0.25 + 0.1 * calmRun)
    return no(
      'unsettled',
      `pulses and pauses of the same length: a dwell of ${times.dwellMs / 1_000} s and a hold of ${times.holdMs / 1_000} s give ${hours.run.toFixed(2)} h of run, three-minute medians ${calmRun.toFixed(2)} h`,
    )
  if (worst > 0.1)
    return no(
      separation < 1.3 || Math.max(drift.standby, drift.run) < 1.3 ? 'sensitive' : 'drift',
      `10 % on the thresholds changes run hours by ${(worst * 100).toFixed(0)} %`,
    )
  const reason = `standby at most ${(levels[split - 1]?.high ?? 0).toFixed(1)} W, run at least ${(levels[split]?.low ?? 0).toFixed(1)} W (${separation.toFixed(1)} times); +-10 % changes run hours by ${(worst * 100).toFixed(2)} %`
  return { accepted: true, reason, thresholds: proposal, levels: named, evidence }
}

const change = (base: number, other: number): number =>
  base === 0 ? (other === 0 ? 0 : 1) : other / base - 1

const scaled = (p: Proposal, by: number): Proposal => ({
  ...p,
  runStartMw: Math.max(p.onStartMw, Math.round(p.runStartMw * by)),
  runStopMw: Math.round(p.runStopMw * by),
})

function hoursUnder(series: PowerSeries, proposal: Proposal) {
  const samples = series.at.map(
    (at, i): Sample => ({ at, powerMw: Math.round((series.watts[i] ?? 0) * 1_000) }),
  )
  const window = { from: series.at[0] ?? 0, to: series.at.at(-1) ?? 0 }
  const sums = { off: 0, standby: 0, run: 0, fault: 0, unknown: 0 }
  let runs = 0
  for (const span of detect(samples, proposalSettings(proposal), window).spans) {
    sums[span.state] += (span.to - span.from) / 3_600_000
    if (span.state === 'run') runs += 1
  }
  return { off: sums.off, standby: sums.standby, run: sums.run, runs }
}

function calmHours(calm: Grid, cut: number): number {
  return (calm.watts.filter((w) => w >= cut).length * calm.stepMs) / 3_600_000
}

/** Highest over lowest median of the eighths of the time a level was held; 1 when it stays where it is. */
function driftOf(calm: Grid, belongs: (watts: number) => boolean): number {
  const held = calm.watts.filter((w) => !Number.isNaN(w) && belongs(w))
  const size = Math.ceil(held.length / 8)
  if (size < 6) return 1
  const medians = Array.from({ length: 8 }, (_, i) => quantile(held.subarray(i * size, (i + 1) * size), 0.5))
  const seen = medians.filter((m) => m !== undefined)
  return Math.max(...seen) / Math.max(0.5, Math.min(...seen))
}

const countsOf = (flicker: Flicker) => ({
  pulses: { count: flicker.pulses.length, longestMs: Math.max(0, ...flicker.pulses.slice(-100_000)) },
  dips: { count: flicker.dips.length, longestMs: Math.max(0, ...flicker.dips.slice(-100_000)) },
})
