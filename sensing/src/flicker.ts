import { maxSealMs } from '@hours/protocol'
import type { MeterPace } from './meter-pace.ts'
import { hoursOf, lowStretches, type Piece, type Run, runsOf, type Times } from './pieces.ts'
import { quantile } from './power-series.ts'
import { type Pulses, pulsesOf } from './pulses.ts'
import { isRegular, sum } from './rhythm.ts'
import { lengthOf, type Trains, trainsOf } from './trains.ts'

/**
 * What short crossings of a cut mean. `none`: they are few, or change nothing. `run`: the machine works in cycles (a
 * motor that reverses, a heater on a thermostat), so the pauses between are its dips. `standby`: a waiting machine pulses
 * (a heater that keeps it warm), so the peaks are no runs. `unclear`: nothing tells.
 */
export interface Flicker {
  readonly means: 'none' | 'run' | 'standby' | 'unclear'
  readonly times: Times
  readonly runs: readonly Run[]
  /** The peaks only ever follow runs: they are their ends. */
  readonly tails: boolean
  /** Run hours under either reading, where they differ. */
  readonly hours?: { readonly run: number; readonly standby: number }
  /** Time in short peaks, h. */
  readonly peakHours: number
  /** Short peaks and short pauses between them: how many, and the longest in ms. */
  readonly pulses: Counted
  readonly dips: Counted
}

interface Counted {
  readonly count: number
  readonly longestMs: number
}

const counted = (lengths: readonly number[]): Counted => ({
  count: lengths.length,
  longestMs: lengths.reduce((a, b) => Math.max(a, b), 0),
})

/**
 * 30 s, or three readings to begin a run and four to end it, whichever is longer: one or two readings alone are noise,
 * and a dip of 20 s shows in three readings of a meter that reads each 10 s.
 */
const usualTimes = ({ resolutionMs }: MeterPace): Times => ({
  dwellMs: Math.min(maxSealMs, Math.max(30_000, 3 * resolutionMs)),
  holdMs: Math.min(maxSealMs, Math.max(30_000, 4 * resolutionMs)),
})

/** Decides what short crossings mean, and dwell and hold from that. */
export function flickerOf(pieces: readonly Piece[], pace: MeterPace): Flicker {
  const pulses = pulsesOf(pieces, pace)
  if (!pulses) return crossingsOf(pieces, pieces, pace, usualTimes(pace))
  const usual = usualTimes(pace)
  const dwellMs = Math.max(usual.dwellMs, aboveAll(pulses.peaks, pace))
  // A longer hold would go on from a run to the first pulse after it, and from there to the next.
  const mostHoldMs = Math.max(usual.holdMs, Math.floor(0.8 * pulses.pauseMs))
  return withPulses(crossingsOf(pieces, pulses.rest, pace, { ...usual, dwellMs }, mostHoldMs), pulses)
}

/** What is left beside the pulses of a waiting machine decides; nothing is left where they are all. */
function withPulses(found: Flicker, { peaks }: Pulses): Flicker {
  const { means, pulses, peakHours } = found
  return {
    ...found,
    means: means === 'none' ? 'standby' : means,
    peakHours: peakHours + sum(peaks) / 3_600_000,
    pulses: counted([...peaks, ...(pulses.count > 0 ? [pulses.longestMs] : [])]),
  }
}

/** Longer than nearly every peak, by a third and a reading. */
const aboveAll = (peaks: readonly number[], pace: MeterPace): number =>
  Math.floor(Math.min(maxSealMs, 1.3 * (quantile(peaks, 0.995) ?? 0) + pace.resolutionMs))

/** `pieces` without the pulses that were told already decide; runs are those of all pieces. */
function crossingsOf(
  all: readonly Piece[],
  pieces: readonly Piece[],
  pace: MeterPace,
  usual: Times,
  mostHoldMs = maxSealMs,
): Flicker {
  const none = { means: 'none', times: usual, runs: runsOf(all, usual), tails: false } as const
  const trains = trainsOf(pieces)
  if (!trains) return { ...none, peakHours: 0, pulses: counted([]), dips: counted([]) }
  const seen = {
    ...none,
    peakHours: sum(trains.peaks) / 3_600_000,
    pulses: counted(trains.peaks),
    dips: counted(trains.pauses),
  }
  const working = workingTimes(pieces, trains, pace, usual)
  const asRun = { ...working, holdMs: Math.min(mostHoldMs, working.holdMs) }
  const asStandby = waitingTimes(trains, pace, usual)
  const runs = { run: runsOf(all, asRun), standby: runsOf(all, asStandby) }
  const hours = { run: hoursOf(runs.run), standby: hoursOf(runs.standby) }
  if (sameHours(hours.run, hours.standby) && sameHours(hours.run, hoursOf(none.runs))) return seen
  const atRest = restTells(pieces, trains, pace)
  const means = atRest === 'run' ? atRest : (onlyAfterRuns(pieces, trains) ?? atRest)
  if (means === 'unclear') return { ...seen, means, hours }
  const times = means === 'run' ? asRun : asStandby
  // Where the peaks are most of the time, what lies between is dips of a run and no end of one.
  const duty = sum(trains.trains.map(({ highMs }) => highMs)) / sum(trains.trains.map(lengthOf))
  const tails = means === 'run' && atRest !== 'run' && duty < 0.5
  return { ...seen, means, times, runs: runs[means], tails, hours }
}

/** Hours within a twentieth of each other. */
export const sameHours = (a: number, b: number, within = 0.05): boolean =>
  Math.abs(a - b) <= within * Math.max(a, b)

/** Holds over the pauses of a train; where runs are trains from their first second, a peak of one must begin them. */
function workingTimes(
  pieces: readonly Piece[],
  { peaks, pauses, longestPause }: Trains,
  pace: MeterPace,
  usual: Times,
): Times {
  const usually = (quantile(pauses, 0.98) ?? 0) + pace.resolutionMs
  const needed = 1.3 * longestPause + pace.resolutionMs
  const holdMs =
    usually > usual.holdMs ? Math.ceil(Math.min(maxSealMs, needed) / 1_000) * 1_000 : usual.holdMs
  const soon = Math.floor(Math.max(pace.resolutionMs, quantile(peaks, 0.05) ?? 0))
  const early = { dwellMs: Math.min(usual.dwellMs, soon), holdMs }
  const late = { dwellMs: usual.dwellMs, holdMs }
  return sameHours(hoursOf(runsOf(pieces, early)), hoursOf(runsOf(pieces, late)), 0.02) ? late : early
}

/** No peak begins a run, and none goes on with one that is over. */
function waitingTimes({ peaks, pauses }: Trains, pace: MeterPace, usual: Times): Times {
  const hold = Math.min(usual.holdMs, 0.8 * (quantile(pauses, 0.05) ?? Infinity))
  return {
    dwellMs: Math.max(usual.dwellMs, aboveAll(peaks, pace)),
    holdMs: Math.floor(Math.max(2 * pace.resolutionMs, hold)),
  }
}

/**
 * A machine that pulses while it waits pulses all the time it waits, and regularly; one that works in cycles is also seen
 * waiting without them. So: is the powered time below the cut calm, or all of it between pulses?
 */
function restTells(pieces: readonly Piece[], { trains, pauses, longestPeak }: Trains, pace: MeterPace) {
  const calmMs = Math.max(300_000, 5 * (quantile(pauses, 0.5) ?? 0))
  const low = lowStretches(pieces)
  const calm = sum(low.filter((ms) => ms > calmMs)) / Math.max(1, sum(low))
  const regular = isRegular(pauses, 0.3, pace.resolutionMs)
  if (calm < 0.05) return regular ? 'standby' : 'unclear'
  if (calm <= 0.2) return 'unclear'
  // Work goes on: a few peaks now and then, or seldom and irregular ones, are a computer that wakes up; peaks of a tenth
  // of the time and never a long one are a machine that is kept warm.
  const beside = trains.filter((train) => train.afterRun || train.beforeRun)
  const dense = trains.filter((train) => longestPeak > 60_000 || train.peaks >= 10 || beside.includes(train))
  const all = sum(trains.map(lengthOf))
  const duty = sum(trains.map((train) => train.highMs)) / all
  const steady = duty >= 0.3 || (regular && (duty >= 0.15 || beside.length > 0))
  return steady && sum(dense.map(lengthOf)) >= 0.8 * all ? 'run' : 'unclear'
}

/**
 * A dryer that turns its drum now and then when it is done, a washing machine that goes on to spin: each time the
 * machine is used peaks come after a run, and never before the first one as those of a waiting machine do. Those that
 * no run follows must not last longer than the runs: a machine that is kept warm pulses all day once it has heated up.
 */
function onlyAfterRuns(
  pieces: readonly Piece[],
  { trains, longestPeak }: Trains,
): 'run' | 'unclear' | undefined {
  const blocks = new Set(trains.map(({ block }) => block))
  if (blocks.size < 2 || trains.some(({ afterRun }) => !afterRun)) return undefined
  const runs = pieces.filter((piece) => piece.side === 'high' && lengthOf(piece) > longestPeak)
  const tails = trains.filter(({ beforeRun }) => !beforeRun)
  return sum(tails.map(lengthOf)) <= sum(runs.map(lengthOf)) ? 'run' : 'unclear'
}
