import type { Sample } from './reading.ts'

/** A recording as columns: power in W holds from `at` for `held` ms (0 where a hole or the end follows). */
export interface PowerSeries {
  readonly at: readonly number[]
  readonly watts: readonly number[]
  readonly held: readonly number[]
  /** Median distance of samples, ms. */
  readonly intervalMs: number
  readonly maxGapMs: number
  /** Samples left out: no power, a time that does not go forward, or a power that cannot be. */
  readonly dropped: number
}

/** Holds calibration to what the detector will take: ordered, with power, without the -1 of a meter that could not read. */
export function powerSeries(samples: Iterable<Sample>): PowerSeries {
  const at: number[] = []
  const watts: number[] = []
  let dropped = 0
  for (const { at: time, powerMw } of samples) {
    const previous = at.at(-1)
    const bad = powerMw === undefined || !Number.isFinite(powerMw) || powerMw === -1_000
    if (bad || powerMw < -50_000 || (previous !== undefined && time <= previous)) {
      dropped += 1
      continue
    }
    at.push(time)
    watts.push(Math.max(0, powerMw / 1_000))
  }
  const steps = at.slice(1).map((time, i) => time - (at[i] ?? time))
  const intervalMs = quantile(steps, 0.5) ?? 1_000
  const maxGapMs = Math.min(600_000, Math.max(30_000, 3 * intervalMs))
  const held = steps.map((step) => (step <= maxGapMs ? step : 0))
  held.push(0)
  return { at, watts, held, intervalMs, maxGapMs, dropped }
}

/** Power on an even grid, NaN where less than half of a cell is known. */
export interface Grid {
  readonly from: number
  readonly stepMs: number
  readonly watts: Float64Array
}

/** The median of each cell: a mean would make power that was never there out of a pulse and its pause. */
export function gridOf(series: PowerSeries): Grid {
  const from = series.at[0] ?? 0
  const end = series.at.at(-1) ?? from
  const stepMs = Math.max(10_000, series.intervalMs)
  const cells = Math.min(5_000_000, Math.ceil((end - from) / stepMs))
  const watts = new Float64Array(cells).fill(Number.NaN)
  let i = 0
  for (let cell = 0; cell < cells; cell++) {
    const start = from + cell * stepMs
    const stop = start + stepMs
    const parts: [watts: number, ms: number][] = []
    while (i > 0 && (series.at[i] ?? 0) > start) i -= 1
    for (; i < series.at.length && (series.at[i] ?? 0) < stop; i++) {
      const begin = Math.max(start, series.at[i] ?? 0)
      const until = Math.min(stop, (series.at[i] ?? 0) + (series.held[i] ?? 0))
      if (until > begin) parts.push([series.watts[i] ?? 0, until - begin])
    }
    i = Math.max(0, i - 1)
    if (parts.reduce((sum, [, ms]) => sum + ms, 0) * 2 >= stepMs) watts[cell] = weightedMedian(parts)
  }
  return { from, stepMs, watts }
}

/** A running median over `windowMs`: what holds most of the window is what the machine does; pulses and dips go. */
export function smooth(grid: Grid, windowMs: number): Grid {
  const half = Math.max(1, Math.round(windowMs / grid.stepMs / 2))
  const watts = new Float64Array(grid.watts.length).fill(Number.NaN)
  for (let cell = 0; cell < watts.length; cell++) {
    if (Number.isNaN(grid.watts[cell])) continue
    const window = grid.watts
      .subarray(Math.max(0, cell - half), cell + half + 1)
      .filter((w) => !Number.isNaN(w))
    watts[cell] = window.sort()[window.length >> 1] ?? Number.NaN
  }
  return { ...grid, watts }
}

function weightedMedian(parts: [number, number][]): number {
  parts.sort((a, b) => a[0] - b[0])
  let left = parts.reduce((sum, [, ms]) => sum + ms, 0) / 2
  for (const [watts, ms] of parts) {
    left -= ms
    if (left <= 0) return watts
  }
  return parts.at(-1)?.[0] ?? Number.NaN
}

/** The q-quantile of plain numbers; undefined of none. */
export function quantile(values: ArrayLike<number>, q: number): number | undefined {
  const sorted = Float64Array.from(values).sort()
  return sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))]
}
