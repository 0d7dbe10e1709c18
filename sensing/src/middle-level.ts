import type { Cut, Recorded } from './cut.ts'
import type { Run } from './pieces.ts'
import { quantile } from './power-series.ts'
import { isRegular, isRhythm } from './rhythm.ts'

/** The level between two cuts, seen from the runs above the lower one; lengths in ms. */
interface Middle {
  /** How often the machine went straight from below the lower cut to above the upper one, and back. */
  rises: number
  falls: number
  /** Runs above the upper cut. */
  readonly peaks: number[]
  /** Time on the level: before a first peak, between two, after the last, and without any. */
  readonly leads: number[]
  readonly gaps: number[]
  readonly tails: number[]
  readonly alone: number[]
  /** Pauses between two neighbours of the latter. */
  readonly pauses: number[]
}

/** On the way for longer than this, the machine was on the level between. */
const stepMs = 60_000
/** So many pauses of any length between runs are rest. */
const leastGaps = 4

function middleOf(lower: Cut, upper: Cut): Middle {
  const found: Middle = {
    rises: 0,
    falls: 0,
    peaks: [],
    leads: [],
    gaps: [],
    tails: [],
    alone: [],
    pauses: [],
  }
  let next = 0
  let alone = false
  for (const run of lower.runs) {
    const first = next
    while ((upper.runs[next]?.from ?? Infinity) < run.to) next += 1
    const peaks = upper.runs.slice(first, next)
    if (peaks.length > 0) addPeaks(found, run, peaks)
    else {
      found.alone.push(run.to - run.from)
      if (alone && run.pause !== undefined) found.pauses.push(run.pause)
    }
    alone = peaks.length === 0
  }
  return found
}

function addPeaks(found: Middle, run: Run, peaks: readonly Run[]): void {
  const lead = (peaks[0]?.from ?? run.from) - run.from
  const tail = run.to - (peaks.at(-1)?.to ?? run.to)
  found.peaks.push(...peaks.map((peak) => peak.to - peak.from))
  found.gaps.push(...peaks.slice(1).map((peak, i) => peak.from - (peaks[i]?.to ?? peak.from)))
  if (run.before === 'standby' && lead <= stepMs) found.rises += 1
  else if (run.before === 'standby') found.leads.push(lead)
  if (run.after === 'standby' && tail <= stepMs) found.falls += 1
  else if (run.after === 'standby') found.tails.push(tail)
}

/**
 * What the level between two cuts is. A machine that rests on it comes back to it after every run; one that works on it
 * is seen to fall past it.
 */
export function middleLevel(recorded: Recorded, lower: Cut, upper: Cut): 'run' | 'standby' | 'unclear' {
  const { rises, falls, peaks, leads, gaps, tails, alone, pauses } = middleOf(lower, upper)
  const direct = falls / Math.max(1, falls + tails.length)
  // Nobody rests on a level that goes up and down all the time: a motor that reverses.
  if (calmShare(recorded, lower, upper) < 0.5) return 'run'
  // A compressor or a thermostat comes and goes while the machine waits, or goes on while it works.
  if (isRhythm(alone, pauses)) return 'standby'
  if (isRhythm(peaks, gaps)) return 'run'
  // Two kinds of run out of the same standby, never one out of the other.
  const mixed = gaps.length + leads.length + tails.length
  const kinds = falls >= 2 && alone.length >= 2 && mixed <= 0.2 * (falls + rises)
  // Shorter ones always of one length may be a compressor that too little was seen of.
  if (kinds) return alone.length >= 6 && isRegular(alone, 0.15) ? 'unclear' : 'run'
  // From the highest level straight to the lowest: not through rest, then. A second load that comes and goes on its own
  // would do that too, and would show once more on top of the runs.
  const past = falls >= 2 || (falls >= 1 && rises >= 2)
  const wide = direct >= 0.3 && lower.step >= 1.5 * upper.step
  if (past && direct >= 0.15 && (wide || !isAddedLoad(recorded, lower, upper))) return 'run'
  // One programme: a surge of the same length each time, and then as long as people choose; or often enough without
  // ever a second peak out of the level.
  const once = gaps.length === 0 && leads.length === 0 && !isRegular(tails, 0.15)
  if (once && (tails.length >= 6 || (tails.length >= 3 && isRegular(peaks, 0.15)))) return 'run'
  // What a clamp or a plug shows of nothing, over a watt: the machine never goes there from its runs, only from rest.
  const through = rises + falls === 0 && gaps.length >= leastGaps && !isRegular(gaps, 0.15)
  if (through && isNearNothing(recorded, lower)) return 'standby'
  // What falls asleep after a while: always the same while, and shorter pauses before.
  const asleep = tails.length >= 3 && direct <= 0.1 && isRegular(tails, 0.1) && gaps.length >= 2
  if (asleep && gaps.every((ms) => ms <= 1.15 * (quantile(tails, 0.5) ?? 0))) return 'standby'
  return 'unclear'
}

/** Below the lower cut there are 2 % of the load at most, and a fifth of the level above. */
function isNearNothing({ levels }: Recorded, lower: Cut): boolean {
  const below = levels[lower.split - 1]?.high ?? 0
  return below <= Math.min(5, Math.max(2, 0.02 * (levels.at(-1)?.watts ?? 0))) && lower.step >= 5
}

/** Share of the time between the cuts that is spent on one level for three minutes and more. */
function calmShare({ grid, calm }: Recorded, lower: Cut, upper: Cut): number {
  let [time, still] = [0, 0]
  const visit = (run: Run, weight: 1 | -1) => {
    const end = Math.floor((run.to - grid.from) / grid.stepMs)
    for (let cell = Math.floor((run.from - grid.from) / grid.stepMs); cell < end; cell++) {
      time += weight
      if ((grid.watts[cell] ?? 0) * 1_000 >= lower.thresholds.runStopMw) still += weight * (calm[cell] ?? 0)
    }
  }
  for (const run of lower.runs) visit(run, 1)
  for (const peak of upper.runs) visit(peak, -1)
  return still / Math.max(1, time)
}

/** Whether what is between may be a second load: then it shows, or may hide, on top of the runs as well. */
function isAddedLoad({ levels }: Recorded, lower: Cut, upper: Cut): boolean {
  const added = (levels[lower.split]?.watts ?? 0) - (levels[lower.split - 1]?.watts ?? 0)
  const sum = (levels[upper.split]?.watts ?? 0) + added
  const hidden = levels.slice(upper.split).some(({ low, high }) => low + added <= 1.05 * high)
  return hidden || levels.some(({ watts }) => Math.abs(watts - sum) < 0.05 * sum)
}
