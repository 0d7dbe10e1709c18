import type { Calibration, Evidence } from './calibration.ts'
import { chooseCut } from './choose-cut.ts'
import { examine, type Recorded } from './cut.ts'
import { basics, unfitFor } from './fitness.ts'
import { countOff, named } from './level-meaning.ts'
import { type MeterPace, paceOf } from './meter-pace.ts'
import { calmCells, type Grid, gridOf, smooth } from './power-grid.ts'
import { levelsOf } from './power-levels.ts'
import { createPowerColumns, type PowerSeries } from './power-series.ts'
import { oneLevel, propose, refused } from './propose.ts'
import type { Sample } from './reading.ts'

/** Takes a recording sample by sample, holding 8 bytes of each, and calibrates at its end. */
export interface Calibrator {
  readonly push: (sample: Sample) => void
  /** A row that gave no sample, by reason. */
  readonly reject: (reason: string) => void
  end(): Calibration
}

/**
 * Proposes thresholds from recorded samples, with evidence, or refuses with a reason. Pure. A year at 10 s takes seconds
 * and 100 MB, a year at 1 s about a minute and 400 MB (docs/calibration.md).
 */
export function createCalibrator(): Calibrator {
  const columns = createPowerColumns()
  return { push: columns.push, reject: columns.reject, end: () => calibrateSeries(columns.series()) }
}

/** Calibrates samples that are at hand. */
export function calibrate(samples: Iterable<Sample>): Calibration {
  const calibrator = createCalibrator()
  for (const sample of samples) calibrator.push(sample)
  return calibrator.end()
}

/** Levels are first sought with hills 7 % wide; a machine of low power, or a short standby, shows with half of that. */
const widths = [0.035, 0.07]

function calibrateSeries(series: PowerSeries): Calibration {
  const pace = paceOf(series)
  const basic = basics(series, pace)
  const unfit = unfitFor(series, pace, basic)
  if (unfit) return refused(unfit, [], basic)
  const cells = gridOf(series, pace)
  // A cell of fast samples is a median already; of slow samples it is one reading, with its noise and glitches.
  const grid = pace.intervalMs * 3 > cells.stepMs ? smooth(cells) : cells
  let first: Calibration | undefined
  for (const widthLn of widths) {
    const found = withLevels(series, pace, grid, basic, widthLn)
    if (found.accepted) return found
    first ??= found
    if (found.code !== 'one_level' && found.code !== 'overlap') break
  }
  return first ?? refused({ code: 'never_on', reason: 'nothing was read' }, [], basic)
}

function withLevels(
  series: PowerSeries,
  pace: MeterPace,
  grid: Grid,
  basic: Evidence,
  widthLn: number,
): Calibration {
  const { levels, histogram } = levelsOf(grid.watts, grid.stepMs, {
    maxValley: 0.5,
    minRatio: 1.25,
    minShare: Math.max(0.002, 60_000 / pace.knownMs),
    quantumW: pace.quantumW,
    widthLn,
  })
  const evidence = { ...basic, histogram }
  const edges = levels.slice(1).map(({ low }, i) => ((levels[i]?.high ?? low) + low) / 2)
  const calm = calmCells(grid, edges, 180_000)
  const offCount = countOff(levels, grid, calm)
  const [only, ...higher] = levels.slice(offCount)
  if (!only)
    return refused(
      { code: 'never_on', reason: 'the instrument was never on; record while it is used' },
      named(levels, offCount, -1),
      evidence,
    )
  const recorded: Recorded = { series, pace, grid, levels, offCount, calm }
  const choice = chooseCut(
    recorded,
    higher.map((_, i) => examine(recorded, offCount + 1 + i)),
  )
  if (!choice) return refused(oneLevel(only, grid, offCount > 0), named(levels, offCount, -1), evidence)
  return propose(recorded, choice.cut, evidence, choice.refusal)
}
