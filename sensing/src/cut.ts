import type { Thresholds } from '@hours/protocol'
import type { Refusal } from './calibration.ts'
import { type Flicker, flickerOf } from './flicker.ts'
import type { MeterPace } from './meter-pace.ts'
import { hoursOf, lowStretches, type Piece, piecesOf, type Run } from './pieces.ts'
import type { Grid } from './power-grid.ts'
import type { PowerLevel } from './power-levels.ts'
import { chosen, type PowerSeries, quantile } from './power-series.ts'
import { isRhythm, sum } from './rhythm.ts'

/** One place to put the line between standby and run: below the level `split`. */
export interface Cut {
  readonly split: number
  readonly thresholds: Thresholds
  /** How many times the lower edge of the level above is above the upper edge of the one below. */
  readonly step: number
  readonly hours: number
  readonly runs: readonly Run[]
  readonly flicker?: Flicker
  /** The machine itself goes up and down across this cut, as a compressor or a thermostat does. */
  readonly cycling: boolean
  /** Why it cannot be the line. */
  readonly refusal?: Refusal
  /** Why nothing is proposed if it is the line after all. */
  readonly ifChosen?: Refusal
}

export interface Recorded {
  readonly series: PowerSeries
  readonly pace: MeterPace
  readonly grid: Grid
  readonly levels: readonly PowerLevel[]
  /** How many levels are off. */
  readonly offCount: number
  /** 1 for each cell of the grid that lies within three minutes on one level. */
  readonly calm: Uint8Array
}

/** A point between two powers on a log scale; `floor` W keeps a meter's noise about zero from counting as a ratio. */
const between = (low: number, high: number, share: number, floor = 0.1): number =>
  Math.exp(Math.log(low + floor) * (1 - share) + Math.log(high + floor) * share) - floor

const mw = (watts: number): number => Math.round(watts * 1_000)

/** Start and stop lie on both sides of the quietest place, so that noise cannot flicker between them. */
function thresholdsAt({ grid, levels, offCount }: Recorded, split: number): Thresholds {
  const lowest = levels[offCount]?.low ?? 1
  const off = offCount > 0 ? (levels[offCount - 1]?.high ?? 0) : lowest / 4
  const standby = levels[split - 1]?.high ?? 0
  const run = levels[split]?.low ?? 0
  const quiet = quietest(grid, standby, run)
  return {
    onStartMw: mw(between(off, lowest, 0.5, 1)),
    onStopMw: mw(between(off, lowest, 0.4, 1)),
    runStartMw: mw(between(standby, run, quiet + 0.075)),
    runStopMw: mw(between(standby, run, quiet - 0.075)),
  }
}

/**
 * Where between two levels the machine spends least time: beside a lamp that cools down for a minute, or a pump that
 * starts first, the exact line does not matter there. As a share of the way, on a log scale; a little below the middle
 * where every place is as good.
 */
function quietest({ watts }: Grid, low: number, high: number): number {
  const whole = Math.log((high + 0.1) / (low + 0.1))
  const passed = Array.from(
    chosen(watts, (w) => w > low && w < high),
    (w) => Math.log((w + 0.1) / (low + 0.1)) / whole,
  )
  const near = (place: number) => passed.filter((w) => Math.abs(w - place) < 0.12).length
  const cost = (place: number) => near(place) + 2 * Math.abs(place - 0.45)
  return [0.45, 0.4, 0.5, 0.35, 0.55, 0.3, 0.6, 0.65, 0.7, 0.75].reduce((best, place) =>
    cost(place) < cost(best) ? place : best,
  )
}

/** What this cut would make of the recording, and whether it can be the one between standby and run. */
export function examine(recorded: Recorded, split: number): Cut {
  const { series, pace, levels } = recorded
  const thresholds = thresholdsAt(recorded, split)
  const low = levels[split - 1]?.high ?? 0
  const high = levels[split]?.low ?? 0
  const step = high / Math.max(0.5, low)
  const cut = { split, thresholds, step, hours: 0, runs: [], cycling: false }
  const overlap: Refusal = {
    code: 'overlap',
    reason: `standby reaches ${low.toFixed(1)} W and run begins at ${high.toFixed(1)} W: too close to be told apart`,
  }
  if (step < 1.12) return { ...cut, refusal: overlap }
  const pieces = piecesOf(series, pace, thresholds)
  if (!pieces) return { ...cut, refusal: overlap }
  const flicker = flickerOf(pieces, pace)
  const { runs } = flicker
  const made = {
    ...cut,
    flicker,
    runs,
    hours: hoursOf(runs),
    cycling: isCycling(runs) || (flicker.means === 'standby' && flicker.pulses.longestMs > 60_000),
  }
  const rest = restBelow(made, pieces)
  const refusal =
    hardlyRan(made, flicker) ?? creeping(recorded, low, high) ?? (rest === 'passing' ? noStandby : undefined)
  if (refusal) return { ...made, refusal }
  // A machine that is off between its programmes: what it draws less in is a part of them, and so is all above.
  const ifChosen =
    neverBegan(made, flicker) ?? (rest === 'programme' ? noStandby : undefined) ?? switchedAtRun(made, pieces)
  return ifChosen ? { ...made, ifChosen } : made
}

function hardlyRan({ hours, runs, thresholds }: Cut, flicker: Flicker): Refusal | undefined {
  const { pulses, peakHours, times } = flicker
  // Five times as much time in pulses as in runs: the level is the pulses', and a run of its own was not seen.
  const pulsesOnly =
    (flicker.means === 'standby' && peakHours > 5 * hours) ||
    runs.every(({ from, to }) => to - from <= 60_000)
  if (!pulsesOnly && hours * 3_600_000 >= 2 * Math.max(times.dwellMs, 60_000)) return undefined
  return {
    code: 'one_level',
    reason: `hardly any run was seen: ${(thresholds.runStartMw / 1_000).toFixed(1)} W and more came in ${pulses.count} pulses of at most ${(pulses.longestMs / 1_000).toFixed(0)} s; record a run`,
  }
}

/** Standby and run must both be seen, and one come out of the other. */
function neverBegan({ runs, thresholds, step }: Cut, { tails }: Flicker): Refusal | undefined {
  const before = runs.filter((run) => run.before === 'standby').length
  const both = runs.some((run) => run.before === 'standby' && run.after === 'standby')
  // A warm-up after the machine is switched on looks like a run, but nothing came before it, and it is no giant.
  const giant = step >= 10 && runs.some((run) => run.to - run.from >= 600_000)
  if (both || before >= 2 || giant || tails) return undefined
  return {
    code: 'one_level',
    reason: `no run was seen to begin out of standby: ${(thresholds.runStartMw / 1_000).toFixed(1)} W and more came ${runs.length} times, straight after the machine was switched on or in pieces; record a pause and a run after it`,
  }
}

/**
 * People switch a machine on and off while it rests. One of two levels of nearly the same power, on and off at the higher as
 * at the lower, works on both.
 */
function switchedAtRun(
  { runs, step, thresholds, hours }: Cut,
  pieces: readonly Piece[],
): Refusal | undefined {
  const off = pieces.filter(({ side, from, to }) => side === 'off' && to - from > 600_000)
  const ends = new Set(off.flatMap(({ from, to }) => [from, to]))
  const edges = pieces.flatMap(({ side, from, to }) => (side === 'off' ? [] : [from, to]))
  const all = edges.filter((at) => ends.has(at)).length
  const high = runs.flatMap(({ before, after }) => [before, after]).filter((side) => side === 'off').length
  if (step >= 2 || high === 0 || 3 * high < all) return undefined
  const runStartMw = thresholds.runStartMw
  return {
    code: 'ambiguous',
    reason: `no rest is to be seen for sure: the machine was switched on or off ${high} times at over ${(runStartMw / 1_000).toFixed(1)} W, so that the level below, which is nearly as high, may be work too; record a pause between two runs`,
    alternatives: [
      { runStartMw, hours },
      { runStartMw: thresholds.onStartMw, hours: hours + sum(lowStretches(pieces)) / 3_600_000 },
    ],
  }
}

/** Powered time below the cut: a level passed on the way up is none, and one only ever held for minutes is no standby. */
function restBelow({ hours, flicker }: Cut, pieces: readonly Piece[]): 'rest' | 'passing' | 'programme' {
  const low = lowStretches(pieces)
  const longest = low.reduce((a, b) => Math.max(a, b), 0)
  const total = low.reduce((a, b) => a + b, 0) / 3_600_000
  const off = pieces.some(({ side, from, to }) => side === 'off' && to - from > 600_000)
  // Less than a minute at a time: dips; of a machine that is never off it may be rest cut short by holes.
  if (!flicker?.tails && longest <= 60_000 && total < (off ? 0.2 : 0.02) * hours) return 'passing'
  if (!off || flicker?.tails || longest >= 600_000 || total > 0.2 * hours) return 'rest'
  return total < 0.02 * hours ? 'passing' : 'programme'
}

const noStandby: Refusal = {
  code: 'one_level',
  reason:
    'no standby was seen: below the run level the machine only stayed for minutes at a time; record it while it waits',
}

/** A run begins or ends with a step. Where power creeps both up and down, levels are places it happens to pass. */
function creeping({ grid, pace }: Recorded, low: number, high: number): Refusal | undefined {
  const lags = { up: [] as number[], down: [] as number[] }
  let last: { high: boolean; cell: number } | undefined
  for (const [cell, watts] of grid.watts.entries()) {
    if (Number.isNaN(watts)) last = undefined
    if (Number.isNaN(watts) || (watts > low && watts < high)) continue
    const now = { high: watts >= high, cell }
    if (last && last.high !== now.high) lags[now.high ? 'up' : 'down'].push(cell - last.cell)
    last = now
  }
  const median = (cells: readonly number[]) => quantile(cells, 0.5) ?? Infinity
  const ms = Math.min(median(lags.up), median(lags.down)) * grid.stepMs
  if (ms <= Math.max(180_000, 4 * pace.intervalMs)) return undefined
  return {
    code: 'drift',
    reason: `power creeps between ${low.toFixed(1)} and ${high.toFixed(1)} W, ${Number.isFinite(ms) ? `in ${(ms / 60_000).toFixed(0)} min each time` : 'and never goes over in one piece'}: no level is left or reached with a step`,
  }
}

/** A rhythm in all of the standby that was seen. */
const isCycling = (runs: readonly Run[]): boolean =>
  isRhythm(
    runs.map((run) => run.to - run.from),
    runs.flatMap(({ pause }) => pause ?? []),
  )
