import type { Thresholds } from '@hours/protocol'
import { type Grid, type PowerSeries, quantile } from './power-series.ts'

/** What crosses the run level for a short while, ms each: pulses in standby, dips in run, and the calm between them. */
export interface Flicker {
  readonly pulses: readonly number[]
  readonly dips: readonly number[]
  readonly betweenPulses: readonly number[]
  readonly betweenDips: readonly number[]
}

interface Piece {
  readonly high: boolean
  readonly from: number
  readonly to: number
}

/** Pieces of raw samples on either side of the run levels (with hysteresis), cut at holes. */
function pieces(series: PowerSeries, level: Thresholds): Piece[] {
  const found: Piece[] = []
  let high = false
  for (let i = 0; i < series.at.length; i++) {
    const from = series.at[i] ?? 0
    const to = from + (series.held[i] ?? 0)
    if (to === from) continue
    const last = found.at(-1)
    high = (series.watts[i] ?? 0) * 1_000 >= (high && last?.to === from ? level.runStopMw : level.runStartMw)
    if (last?.to === from && last.high === high) found[found.length - 1] = { ...last, to }
    else found.push({ high, from, to })
  }
  return found
}

/** Sorts pieces by what the three-minute median says around them: the other side of a calm state is a pulse or a dip. */
export function flickerOf(series: PowerSeries, calm: Grid, level: Thresholds): Flicker {
  const flicker = {
    pulses: [] as number[],
    dips: [] as number[],
    betweenPulses: [] as number[],
    betweenDips: [] as number[],
  }
  const cut = level.runStartMw / 1_000
  const calmHigh = (at: number): boolean | undefined => {
    const watts = calm.watts[Math.min(calm.watts.length - 1, Math.floor((at - calm.from) / calm.stepMs))]
    return watts === undefined || Number.isNaN(watts) ? undefined : watts >= cut
  }
  const all = pieces(series, level)
  for (const [i, piece] of all.entries()) {
    const before = all[i - 1]
    const after = all[i + 1]
    if (before?.to !== piece.from || after?.from !== piece.to) continue
    const calmly = [piece.from - calm.stepMs, (piece.from + piece.to) / 2, piece.to + calm.stepMs].map(
      calmHigh,
    )
    const length = piece.to - piece.from
    const steady = calmly.every((value) => value === calmly[1])
    if (!steady || calmly[1] === undefined) continue
    if (calmly[1] === piece.high) (piece.high ? flicker.betweenDips : flicker.betweenPulses).push(length)
    else (piece.high ? flicker.pulses : flicker.dips).push(length)
  }
  return flicker
}

const most = (values: readonly number[]): number => quantile(values, 0.995) ?? 0
const least = (values: readonly number[]): number => quantile(values, 0.05) ?? Infinity

/** A rhythm: at least five, with a calm between them that is short against what makes a state of its own. */
function rhythmic(short: readonly number[], calm: readonly number[]): boolean {
  if (short.length < 5) return false
  const length = quantile(short, 0.5) ?? 0
  return (quantile(calm, 0.5) ?? Infinity) <= Math.max(5 * length, 120_000)
}

/**
 * Dwell and hold: 30 s and three intervals as a rule; longer only against a rhythm of pulses or dips, because one short
 * run is a run and one short pause is a pause. A hold stays shorter than the calm between pulses (each pulse would begin
 * it again, and a waiting machine would never stop running), a dwell shorter than the calm between dips.
 */
export function timesOf(flicker: Flicker, intervalMs: number): { dwellMs: number; holdMs: number } {
  const { pulses, dips, betweenPulses, betweenDips } = flicker
  const usual = Math.max(30_000, 3 * intervalMs)
  const over = (ms: number) => Math.ceil((1.3 * ms + intervalMs) / 1_000) * 1_000
  const pulsing = rhythmic(pulses, betweenPulses)
  const dipping = rhythmic(dips, betweenDips)
  const dwell = pulsing ? Math.min(300_000, Math.max(usual, over(most(pulses)))) : usual
  const hold = dipping
    ? Math.min(600_000, Math.max(usual, over(most(dips))))
    : usual + Math.min(intervalMs, 10_000)
  // Where both are seen, the few are accidents of the many.
  const maxHold = pulsing && pulses.length * 3 >= dips.length ? 0.8 * least(betweenPulses) : Infinity
  const maxDwell = dipping && dips.length * 3 >= pulses.length ? 0.8 * least(betweenDips) : Infinity
  return {
    dwellMs: Math.floor(Math.max(2 * intervalMs, Math.min(dwell, maxDwell))),
    holdMs: Math.floor(Math.max(2 * intervalMs, Math.min(hold, maxHold))),
  }
}
