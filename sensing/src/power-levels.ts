import { quantile } from './power-series.ts'

/** A level of power that the machine keeps returning to. */
export interface PowerLevel {
  /** Median, and the 5 % and 95 % quantiles, W. */
  readonly watts: number
  readonly low: number
  readonly high: number
  readonly hours: number
}

/** The time-weighted distribution of power on a log scale: bins of 2 % (of W + 1), share of the time in each. */
export interface PowerHistogram {
  readonly firstLn: number
  readonly binLn: number
  readonly share: readonly number[]
}

const binLn = 0.02
/** Below about a watt differences are the meter's, not the machine's. */
const offset = 1
const toLn = (watts: number): number => Math.log(watts + offset)
export const binWatts = (histogram: PowerHistogram, bin: number): number =>
  Math.exp(histogram.firstLn + (bin + 0.5) * histogram.binLn) - offset

/** Distribution of known cells; `widthLn` is the standard deviation of the smoothing. */
export function histogramOf(watts: ArrayLike<number>, widthLn: number): PowerHistogram {
  const known = Array.from(watts).filter((w) => !Number.isNaN(w))
  const reach = Math.ceil((3 * widthLn) / binLn)
  const top = known.reduce((most, w) => Math.max(most, w), 1)
  const bins = Math.ceil(toLn(top) / binLn) + 2 * reach + 1
  const counts = new Float64Array(bins)
  for (const w of known) {
    const bin = Math.floor(toLn(w) / binLn) + reach
    counts[bin] = (counts[bin] ?? 0) + 1 / known.length
  }
  const kernel = Array.from({ length: 2 * reach + 1 }, (_, i) =>
    Math.exp(-0.5 * (((i - reach) * binLn) / widthLn) ** 2),
  )
  const norm = kernel.reduce((sum, k) => sum + k, 0)
  const share = Array.from(counts, (_, bin) =>
    kernel.reduce((sum, k, i) => sum + ((counts[bin + i - reach] ?? 0) * k) / norm, 0),
  )
  return { firstLn: -reach * binLn, binLn, share }
}

interface Hill {
  peak: number
  from: number
  to: number
}

/**
 * Hills of the histogram that stand apart: a valley at most `maxValley` of the lower peak, levels at least `minRatio`
 * apart, and at least `minShare` of the time on each. What does not stand apart is joined to its neighbour.
 */
export function levelsOf(
  watts: ArrayLike<number>,
  stepMs: number,
  limits: { readonly maxValley: number; readonly minRatio: number; readonly minShare: number },
): {
  readonly levels: readonly PowerLevel[]
  readonly histogram: PowerHistogram
} {
  const histogram = histogramOf(watts, 0.07)
  const hills = hillsOf(histogram.share)
  for (;;) {
    const joint = weakest(histogram, hills, limits)
    if (joint < 0) break
    const [a, b] = [hills[joint], hills[joint + 1]]
    if (!a || !b) break
    const peak = (histogram.share[a.peak] ?? 0) >= (histogram.share[b.peak] ?? 0) ? a.peak : b.peak
    hills.splice(joint, 2, { peak, from: a.from, to: b.to })
  }
  const cuts = hills
    .slice(1)
    .map((hill) => Math.exp(histogram.firstLn + hill.from * histogram.binLn) - offset)
  const known = Float64Array.from(Array.from(watts).filter((w) => !Number.isNaN(w))).sort()
  const levels = hills.map((_, i): PowerLevel => {
    const inside = known.filter((w) => w >= (cuts[i - 1] ?? -Infinity) && w < (cuts[i] ?? Infinity))
    const q = (share: number) => quantile(inside, share) ?? 0
    return { watts: q(0.5), low: q(0.05), high: q(0.95), hours: (inside.length * stepMs) / 3_600_000 }
  })
  return { levels, histogram }
}

/** Every local maximum with the ground down to the minima beside it. */
function hillsOf(share: readonly number[]): Hill[] {
  const hills: Hill[] = []
  let from = 0
  let peak = 0
  let falling = false
  for (let bin = 1; bin < share.length; bin++) {
    const now = share[bin] ?? 0
    const before = share[bin - 1] ?? 0
    if (falling && now > before) {
      hills.push({ peak, from, to: bin })
      from = bin
      peak = bin
      falling = false
    }
    if (now > (share[peak] ?? 0)) peak = bin
    if (now < before) falling = true
  }
  hills.push({ peak, from, to: share.length })
  return hills
}

/** Index of the pair of neighbours that stands apart least, or -1 when all stand apart. */
function weakest(
  histogram: PowerHistogram,
  hills: readonly Hill[],
  limits: { readonly maxValley: number; readonly minRatio: number; readonly minShare: number },
): number {
  const { share } = histogram
  const mass = (hill: Hill) => share.slice(hill.from, hill.to).reduce((sum, s) => sum + s, 0)
  let worst = -1
  let worstScore = 1
  for (let i = 0; i + 1 < hills.length; i++) {
    const [a, b] = [hills[i], hills[i + 1]]
    if (!a || !b) continue
    const valley = (share[b.from] ?? 0) / Math.min(share[a.peak] ?? 0, share[b.peak] ?? 0)
    const apart = (binWatts(histogram, b.peak) + 0.5) / (Math.max(0, binWatts(histogram, a.peak)) + 0.5)
    const scores = [
      limits.maxValley / Math.max(valley, 1e-9),
      Math.log(Math.max(apart, 1.0001)) / Math.log(limits.minRatio),
      Math.min(mass(a), mass(b)) / limits.minShare,
    ]
    const score = Math.min(...scores)
    if (score < worstScore) {
      worstScore = score
      worst = i
    }
  }
  return worst
}
