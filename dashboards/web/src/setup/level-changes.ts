import type { PowerSeries, Thresholds } from '@hours/protocol'
import type { SensingLevels } from '../api-shapes.ts'

/** A part of how an instrument is sensed that differs; mW for levels, ms for times, a pair for the plausible range. */
export interface LevelChange {
  readonly name: keyof Thresholds | 'dwellMs' | 'holdMs' | 'maxGapMs' | 'plausibleMw'
  readonly before: number | readonly [number, number] | undefined
  readonly after: number | readonly [number, number]
}

const levels = ['onStartMw', 'onStopMw', 'runStartMw', 'runStopMw'] as const
const others = ['dwellMs', 'holdMs', 'maxGapMs', 'plausibleMw'] as const

/** What putting `after` in force would change; what `after` does not say stays as it is. */
export function levelChanges(before: SensingLevels, after: SensingLevels): LevelChange[] {
  const all = [
    ...levels.map((name) => [name, before.thresholds[name], after.thresholds[name]] as const),
    ...others.map((name) => [name, before[name], after[name]] as const),
  ]
  return all.flatMap(([name, a, b]) =>
    b === undefined || String(a) === String(b) ? [] : [{ name, before: a, after: b }],
  )
}

/** Run time of a trace by its means, ms: begins at one level and ends below the other; a step without power ends it. */
export function runMsOf(
  { points, stepMs }: Pick<PowerSeries, 'points' | 'stepMs'>,
  { runStartMw, runStopMw }: Thresholds,
): number {
  let sum = 0
  let isRun = false
  let last = Number.NEGATIVE_INFINITY
  for (const [at, , mean] of points) {
    isRun = mean >= (isRun && at - last <= stepMs ? runStopMw : runStartMw)
    if (isRun) sum += stepMs
    last = at
  }
  return sum
}
