import type { Calibration, Evidence, Proposal, Refusal } from './calibration.ts'
import { proposalSettings } from './calibration.ts'
import type { Cut, Recorded } from './cut.ts'
import { createDetector } from './detector.ts'
import { named } from './level-meaning.ts'
import type { Grid } from './power-grid.ts'
import type { PowerLevel } from './power-levels.ts'
import { chosen, type PowerSeries, quantile } from './power-series.ts'

/** A refusal with what was seen. */
export function refused(
  { code, reason, alternatives }: Refusal,
  levels: Calibration['levels'],
  evidence: Evidence,
): Calibration {
  const more = alternatives ? { alternatives } : {}
  return { accepted: false, code, reason, thresholds: null, levels, evidence: { ...evidence, ...more } }
}

/** Why one powered level is not enough. */
export function oneLevel(level: PowerLevel, grid: Grid, off: boolean): Refusal {
  const drift = driftOf(grid, (w) => w > level.low * 0.8)
  const wide = level.high / Math.max(0.5, level.low)
  const span = `${level.low.toFixed(1)} to ${level.high.toFixed(1)} W`
  if (wide > 1.6 && drift > 1.4)
    return {
      code: 'drift',
      reason: `power moves slowly between ${span}: no level holds; check the meter, or give the thresholds by hand`,
    }
  if (wide > 1.6)
    return {
      code: 'overlap',
      reason: `standby and run are not apart: powered time spreads evenly over ${level.watts.toFixed(1)} W (${span})`,
    }
  return {
    code: 'one_level',
    reason: `only one powered level was seen, ${level.watts.toFixed(1)} W (${span})${off ? '' : ', and the instrument was never off'}: it never ran, or only ever ran; record both a pause and a run`,
  }
}

const mw = (watts: number): number => Math.round(watts * 1_000)

/** Thresholds of the chosen cut with their evidence; a refusal where run hours hang on the exact threshold. */
export function propose(recorded: Recorded, cut: Cut, basic: Evidence, refusal?: Refusal): Calibration {
  const { series, pace, grid, levels, offCount } = recorded
  const means = named(levels, offCount, cut.split)
  const { thresholds, flicker, step } = cut
  if (!flicker || refusal)
    return refused(refusal ?? { code: 'overlap', reason: 'no cut holds' }, means, {
      ...basic,
      ...seenIn(cut),
    })
  // Noise about zero stays, a reversed meter does not; peaks stay, readings of another order do not.
  const proposal: Proposal = {
    ...thresholds,
    ...flicker.times,
    maxGapMs: pace.maxGapMs,
    plausibleMw: [-mw(Math.max(5, 0.01 * (levels[cut.split]?.low ?? 0))), mw(Math.max(2 * pace.topW, 50))],
  }
  const [hours, less, more] = hoursUnder(series, [proposal, scaled(proposal, 0.9), scaled(proposal, 1.1)])
  const { runs = 0, ...byState } = hours ?? { off: 0, standby: 0, run: 0 }
  const sensitivity = {
    minus10: change(byState.run, less?.run ?? 0),
    plus10: change(byState.run, more?.run ?? 0),
  }
  const line = thresholds.runStartMw / 1_000
  const drift = {
    standby: driftOf(grid, (w) => w < line && w > thresholds.onStartMw / 1_000),
    run: driftOf(grid, (w) => w >= line),
  }
  const evidence: Evidence = {
    ...basic,
    hours: byState,
    runs,
    separation: step,
    sensitivity,
    drift,
    ...seenIn(cut),
  }
  const worst = Math.max(Math.abs(sensitivity.minus10), Math.abs(sensitivity.plus10))
  // Close levels that drift: a tenth of a long run is much of a short standby.
  const rest = Math.min(byState.standby, byState.run) / Math.max(1e-9, byState.run)
  if (worst > 0.1 || (step < 1.3 && worst > 0.15 * rest))
    return refused(
      {
        code: step < 1.3 || Math.max(drift.standby, drift.run) < 1.3 ? 'sensitive' : 'drift',
        reason: `10 % on the thresholds changes run hours by ${(worst * 100).toFixed(0)} %, and ${(step * 100 - 100).toFixed(0)} % lie between standby and run`,
      },
      means,
      evidence,
    )
  const standby = (levels[cut.split - 1]?.high ?? 0).toFixed(1)
  const reason = `standby at most ${standby} W, run at least ${(levels[cut.split]?.low ?? 0).toFixed(1)} W (${step.toFixed(1)} times); +-10 % changes run hours by ${(worst * 100).toFixed(2)} %`
  return { accepted: true, reason, thresholds: proposal, levels: means, evidence }
}

const seenIn = ({ flicker }: Cut) =>
  flicker ? { flicker: flicker.means, pulses: flicker.pulses, dips: flicker.dips } : {}

const change = (base: number, other: number): number =>
  base === 0 ? (other === 0 ? 0 : 1) : other / base - 1

const scaled = (p: Proposal, by: number): Proposal => ({
  ...p,
  runStartMw: Math.max(p.onStartMw, Math.round(p.runStartMw * by)),
  runStopMw: Math.round(p.runStopMw * by),
})

/** Hours by state and the number of runs that the detector itself makes under each proposal, in one walk. */
function hoursUnder(series: PowerSeries, proposals: readonly Proposal[]) {
  const all = proposals.map((proposal) => {
    const detector = createDetector(proposalSettings(proposal))
    const sums = { off: 0, standby: 0, run: 0, fault: 0, runs: 0 }
    let end = -Infinity
    const take = (to: number | undefined) => {
      for (const span of to === undefined ? detector.finish() : detector.spansUntil(to, Infinity)) {
        sums[span.state] += (span.to - span.from) / 3_600_000
        if (span.state !== 'run') continue
        if (span.from !== end) sums.runs += 1
        end = span.to
      }
    }
    return { detector, sums, take }
  })
  series.walk((at, powerMw) => {
    for (const { detector } of all) detector.push({ at, powerMw })
  })
  for (const { take } of all) take(undefined)
  return all.map(({ sums }) => sums)
}

/** Highest over lowest median of the eighths of the time a level was held; 1 when it stays where it is. */
function driftOf({ watts }: Grid, belongs: (watts: number) => boolean): number {
  const there = chosen(watts, (w) => !Number.isNaN(w) && belongs(w))
  const size = Math.ceil(there.length / 8)
  if (size < 6) return 1
  const medians = Array.from({ length: 8 }, (_, i) => quantile(there.subarray(i * size, (i + 1) * size), 0.5))
  const seen = medians.filter((m) => m !== undefined)
  return Math.max(...seen) / Math.max(0.5, Math.min(...seen))
}
