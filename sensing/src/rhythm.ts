import { quantile } from './power-series.ts'

export const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0)

/**
 * Seven in ten within 30 % of the median, or within `slackMs`, which is what the meter's own pace blurs: what a machine
 * decides is regular, what people decide is not.
 */
export function isRegular(lengths: readonly number[], within = 0.3, slackMs = 0): boolean {
  const median = quantile(lengths, 0.5) ?? 0
  const near = Math.max(within * median, slackMs)
  return lengths.filter((ms) => Math.abs(ms - median) <= near).length >= 0.7 * lengths.length
}

const longestCycleMs = 75 * 60_000
const longestPeakMs = 20 * 60_000

/**
 * The rhythm of a compressor or a thermostat: ten cycles of at most 75 min, peaks of at most 20, peaks and pauses regular, a pause of a third
 * of them or more, and never a long rest. People's runs are not that regular, and a sampler that runs by itself pauses
 * for less.
 */
export function isRhythm(peaks: readonly number[], pauses: readonly number[]): boolean {
  const peak = quantile(peaks, 0.5) ?? 0
  const pause = quantile(pauses, 0.5) ?? 0
  return (
    pauses.length >= 10 &&
    peak + pause <= longestCycleMs &&
    peak <= longestPeakMs &&
    peak <= 2 * pause &&
    isRegular(peaks, 0.25) &&
    isRegular(pauses, 0.25) &&
    sum(pauses.filter((ms) => ms > 3 * pause)) <= 0.1 * sum(pauses)
  )
}
