import { maxSealMs } from '@hours/protocol'
import type { PowerSeries } from './power-series.ts'

/** How a meter speaks; all times in ms. */
export interface MeterPace {
  readonly from: number
  readonly to: number
  /** Median distance of samples. */
  readonly intervalMs: number
  /** How soon it tells a change: the interval, or less where it reports on change and is silent otherwise. */
  readonly resolutionMs: number
  /** Two samples further apart leave unknown. */
  readonly maxGapMs: number
  readonly knownMs: number
  /** Smallest power step it can show, W. */
  readonly quantumW: number
  /** Power that 1 reading in 10,000 exceeds, W: real peaks, but no glitches. */
  readonly topW: number
}

/**
 * Three intervals is the rule for a gap (domain.md, section 4.4). A meter that reports on change, or at random, has no
 * interval: where more than a tenth of the time goes by in longer steps, one after the other and each within what a page
 * may wait, the gap is what covers 99 % of the time, and half as much again.
 */
export function paceOf(series: PowerSeries): MeterPace {
  const all = new Uint32Array(maxSealMs + 1)
  const changing = new Uint32Array(maxSealMs + 1)
  const powers = new Map<number, number>()
  const tops = new Uint32Array(2_000)
  let from = 0
  let before: number | undefined
  let power = 0
  series.walk((at, mw) => {
    if (before === undefined) from = at
    else if (at - before <= maxSealMs) {
      count(all, at - before)
      if (Math.abs(mw - power) > Math.max(2_000, 0.2 * Math.max(mw, power))) count(changing, at - before)
    }
    const step = Math.round(mw / 10)
    if (mw < 200_000 && (powers.size < 20_000 || powers.has(step)))
      powers.set(step, (powers.get(step) ?? 0) + 1)
    count(tops, topBin(mw))
    before = at
    power = mw
  })
  const intervalMs = quantileOf(all, 0.5) ?? jump(series) ?? 1_000
  const usual = Math.min(maxSealMs, Math.max(30_000, 3 * intervalMs))
  const within = timeIn(all, 0, maxSealMs)
  const irregular = silentMs(series, usual) > 0.1 * within
  const maxGapMs = irregular ? Math.min(maxSealMs, Math.round(1.5 * coveringGap(all, 0.99 * within))) : usual
  return {
    from,
    to: before ?? 0,
    intervalMs,
    resolutionMs: Math.min(intervalMs, quantileOf(changing, 0.1) ?? intervalMs),
    maxGapMs,
    knownMs: timeIn(all, 0, maxGapMs),
    quantumW: quantumOf(powers),
    topW: topWatts(tops, series.length),
  }
}

const count = (bins: Uint32Array, at: number): void => void (bins[at] = (bins[at] ?? 0) + 1)

/**
 * Time in long steps of a meter that is silent again and again: they follow each other, or are one step in fifty. An
 * outage comes alone, and seldom.
 */
function silentMs(series: PowerSeries, usual: number): number {
  const [all, following] = [
    { ms: 0, steps: 0 },
    { ms: 0, steps: 0 },
  ]
  let before: number | undefined
  let long = false
  series.walk((at) => {
    const step = before === undefined ? 0 : at - before
    const now = step > usual && step <= maxSealMs
    for (const sum of now ? (long ? [all, following] : [all]) : []) {
      sum.ms += step
      sum.steps += 1
    }
    long = now
    before = at
  })
  return all.steps > 0.02 * series.length || following.ms > 0.5 * all.ms ? all.ms : 0
}

/** Where no two samples are within ten minutes: the mean distance. */
function jump(series: PowerSeries): number | undefined {
  let first: number | undefined
  let last = 0
  series.walk((at) => {
    first ??= at
    last = at
  })
  return first === undefined || series.length < 2
    ? undefined
    : Math.round((last - first) / (series.length - 1))
}

function quantileOf(bins: Uint32Array, q: number): number | undefined {
  const total = bins.reduce((sum, n) => sum + n, 0)
  if (total === 0) return undefined
  let left = Math.floor(q * total)
  return bins.findIndex((n) => (left -= n) < 0)
}

function timeIn(bins: Uint32Array, from: number, to: number): number {
  let sum = 0
  for (let ms = from; ms <= to; ms++) sum += (bins[ms] ?? 0) * ms
  return sum
}

function coveringGap(bins: Uint32Array, time: number): number {
  let sum = 0
  return bins.findIndex((n, ms) => (sum += n * ms) >= time)
}

/** Bins of 2 %, from 10 mW up. */
const topBin = (mw: number): number =>
  Math.min(1_999, Math.max(0, Math.round(50 * Math.log(Math.max(1, mw / 10)))))

function topWatts(tops: Uint32Array, samples: number): number {
  let left = Math.max(1, samples / 10_000)
  return Math.exp(tops.findLastIndex((n) => (left -= n) < 0) / 50) / 100
}

/** The distance at which the readings lie side by side that make up 99 %; 10 mW where they have no steps. */
function quantumOf(powers: ReadonlyMap<number, number>): number {
  const all = [...powers].sort((a, b) => b[1] - a[1])
  let left = 0.99 * all.reduce((sum, [, n]) => sum + n, 0)
  const common = all.filter(([, n]) => {
    const kept = left > 0
    left -= n
    return kept
  })
  const steps = common.map(([step]) => step).sort((a, b) => a - b)
  const gaps = steps.slice(1).map((step, i) => step - (steps[i] ?? step))
  const least = gaps.reduce((a, b) => Math.min(a, b), Infinity)
  const single = gaps.filter((gap) => gap < 2 * least)
  return least > 500 ? 0.01 : single.reduce((sum, gap) => sum + gap, 0) / single.length / 100
}
