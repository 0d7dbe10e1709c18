import type { Refusal } from './calibration.ts'
import type { Cut, Recorded } from './cut.ts'
import { sameHours } from './flicker.ts'
import { middleLevel } from './middle-level.ts'

/** Hours within a tenth of each other are the same reading of the machine. */
const same = (a: Cut, b: Cut): boolean => sameHours(a.hours, b.hours, 0.1)

/**
 * Which cut is the one between standby and run. Cuts that give the same hours are one reading, and the widest step of
 * them is taken. Where readings differ, what happens on the level between them decides (`middleLevel`); where nothing does,
 * both are named and neither is taken.
 */
export function chooseCut(
  recorded: Recorded,
  cuts: readonly Cut[],
): { readonly cut: Cut; readonly refusal?: Refusal } | undefined {
  const possible = cuts.filter((cut) => !cut.refusal)
  const first = widest(possible.length > 0 ? possible : cuts)
  if (!first) return undefined
  if (first.refusal) return { cut: first, refusal: first.refusal }
  const steady = possible.filter((cut) => !cut.cycling)
  let chosen = steady[0]
  if (!chosen) return { cut: first, refusal: cyclesOnly(first) }
  for (const next of steady.slice(1)) {
    // Runs above a higher line are parts of those above a lower one, or they are pulses that were told apart below.
    if (same(chosen, next) || next.hours > chosen.hours || hoursIn(next, chosen) < 0.2 * next.hours) continue
    const middle = middleLevel(recorded, chosen, next)
    if (middle === 'unclear') return { cut: chosen, refusal: twoReadings(chosen, next) }
    // The lowest level of work makes everything above it work.
    if (middle === 'run') break
    chosen = next
  }
  const taken = chosen
  if (taken.ifChosen) return { cut: taken, refusal: taken.ifChosen }
  const cut = widest(steady.filter((one) => same(one, taken) && !one.ifChosen)) ?? taken
  // Above the line all is work, whatever its rhythm.
  const open = possible.find(
    ({ split, flicker }) =>
      split <= cut.split && flicker?.means === 'unclear' && isOpen(flicker.hours, cut.hours),
  )
  return open ? { cut: open, refusal: pulsesOrRuns(open) } : { cut }
}

/** Hours that one cut and another both call run. */
function hoursIn(one: Cut, other: Cut): number {
  let [ms, first] = [0, 0]
  for (const { from, to } of one.runs) {
    while ((other.runs[first]?.to ?? Infinity) <= from) first += 1
    for (let i = first; (other.runs[i]?.from ?? Infinity) < to; i++)
      ms += Math.min(to, other.runs[i]?.to ?? to) - Math.max(from, other.runs[i]?.from ?? from)
  }
  return ms / 3_600_000
}

const widest = (cuts: readonly Cut[]): Cut | undefined =>
  cuts.reduce<Cut | undefined>((best, cut) => (best && best.step >= cut.step ? best : cut), undefined)

const isOpen = (
  hours: { readonly run: number; readonly standby: number } | undefined,
  taken: number,
): boolean =>
  hours !== undefined && !(sameHours(hours.run, taken, 0.1) && sameHours(hours.standby, taken, 0.1))

const hours = (h: number): string => `${h.toFixed(2)} h`
const watts = (cut: Cut): string => `${(cut.thresholds.runStartMw / 1_000).toFixed(1)} W`

const twoReadings = (lower: Cut, upper: Cut): Refusal => ({
  code: 'ambiguous',
  reason: `two readings: run from ${watts(lower)} on gives ${hours(lower.hours)}, run from ${watts(upper)} on ${hours(upper.hours)}; power does not tell whether the level between is work or rest`,
  alternatives: [alternative(lower), alternative(upper)],
})

const cyclesOnly = (cut: Cut): Refusal => ({
  code: 'ambiguous',
  reason: `above ${watts(cut)} the machine comes and goes in a rhythm of its own, ${cut.runs.length} times: ${hours(cut.hours)} of run, or a waiting machine that keeps its temperature and none`,
  alternatives: [alternative(cut), { runStartMw: null, hours: 0 }],
})

function pulsesOrRuns(cut: Cut): Refusal {
  const { run, standby } = cut.flicker?.hours ?? { run: cut.hours, standby: 0 }
  return {
    code: 'unsettled',
    reason: `${cut.flicker?.pulses.count ?? 0} short peaks above ${watts(cut)} are ${hours(run)} of run that works in cycles, or pulses of a waiting machine beside ${hours(standby)} of run; power does not tell which`,
    alternatives: [run, standby].map((h) => ({ runStartMw: cut.thresholds.runStartMw, hours: h })),
  }
}

const alternative = (cut: Cut) => ({ runStartMw: cut.thresholds.runStartMw, hours: cut.hours })
