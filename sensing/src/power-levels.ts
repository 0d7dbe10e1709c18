import { firstPlace } from '@hours/protocol'
import { chosen } from './power-series.ts'

/** A level of power that the machine keeps returning to. */
export interface PowerLevel {
  /** Median, and the 5 % and 95 % quantiles, W. */
  readonly watts: number
  readonly low: number
  readonly high: number
  readonly hours: number
}

/** The time-weighted distribution of power on a log scale: bins of 2 % (of W + offset), share of the time in each. */
export interface PowerHistogram {
  readonly firstLn: number
  readonly binLn: number
  /** Below about this many W differences are the meter's, not the machine's. */
  readonly offsetW: number
  readonly share: readonly number[]
}

/** What makes a hill of the distribution a level. */
export interface LevelLimits {
  /** Deepest point between two levels, of the lower of both peaks. */
  readonly maxValley: number
  readonly minRatio: number
  /** Least share of the time on each. */
  readonly minShare: number
  /** Smallest step of the meter, W: levels one step apart are one, but for nothing at all and the least it shows. */
  readonly quantumW: number
  /** Standard deviation of the smoothing, as a share of the power. */
  readonly widthLn: number
}

const binLn = 0.02
export const binWatts = (h: PowerHistogram, bin: number): number =>
  Math.exp(h.firstLn + (bin + 0.5) * h.binLn) - h.offsetW

/** Distribution of known cells. */
export function histogramOf(watts: Float32Array, widthLn: number, offsetW: number): PowerHistogram {
  const reach = Math.ceil((3 * widthLn) / binLn)
  const zero = Math.floor(Math.log(offsetW) / binLn) - reach
  const binOf = (w: number) => Math.floor(Math.log(w + offsetW) / binLn) - zero
  const bins = binOf(watts.reduce((most, w) => (w > most ? w : most), 1)) + reach + 1
  const counts = new Float64Array(bins)
  let known = 0
  for (const w of watts) {
    if (Number.isNaN(w)) continue
    const bin = binOf(w)
    counts[bin] = (counts[bin] ?? 0) + 1
    known += 1
  }
  const kernel = Array.from({ length: 2 * reach + 1 }, (_, i) =>
    Math.exp(-0.5 * (((i - reach) * binLn) / widthLn) ** 2),
  )
  const norm = known * kernel.reduce((sum, k) => sum + k, 0)
  const share = Array.from(counts, (_, bin) =>
    kernel.reduce((sum, k, i) => sum + ((counts[bin + i - reach] ?? 0) * k) / norm, 0),
  )
  return { firstLn: zero * binLn, binLn, offsetW, share }
}

interface Hill {
  peak: number
  from: number
  to: number
}

/** Hills of the histogram that stand apart, in order of power. What does not stand apart is joined to its neighbour. */
export function levelsOf(
  watts: Float32Array,
  stepMs: number,
  limits: LevelLimits,
): { readonly levels: readonly PowerLevel[]; readonly histogram: PowerHistogram } {
  const offsetW = Math.min(1, Math.max(0.25, 10 * limits.quantumW))
  const histogram = histogramOf(watts, limits.widthLn, offsetW)
  const hills = hillsOf(histogram.share)
  for (;;) {
    const joint = weakest(histogram, hills, limits)
    const [a, b] = [hills[joint], hills[joint + 1]]
    if (!a || !b) break
    const peak = (histogram.share[a.peak] ?? 0) >= (histogram.share[b.peak] ?? 0) ? a.peak : b.peak
    hills.splice(joint, 2, { peak, from: a.from, to: b.to })
  }
  const sorted = chosen(watts, (w) => !Number.isNaN(w)).sort()
  const edges = hills.map((hill) => Math.exp(histogram.firstLn + hill.from * binLn) - offsetW)
  const firstAt = (edge: number | undefined) =>
    edge === undefined ? sorted.length : firstPlace(sorted.length, (i) => (sorted[i] ?? 0) >= edge)
  const levels = hills.map((_, i): PowerLevel => {
    const inside = sorted.subarray(i === 0 ? 0 : firstAt(edges[i]), firstAt(edges[i + 1]))
    const q = (share: number) => inside[Math.min(inside.length - 1, Math.floor(share * inside.length))] ?? 0
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
function weakest(histogram: PowerHistogram, hills: readonly Hill[], limits: LevelLimits): number {
  const { share } = histogram
  const mass = (hill: Hill) => share.slice(hill.from, hill.to).reduce((sum, s) => sum + s, 0)
  let worst = -1
  let worstScore = 1
  for (let i = 0; i + 1 < hills.length; i++) {
    const [a, b] = [hills[i], hills[i + 1]]
    if (!a || !b) continue
    const valley = (share[b.from] ?? 0) / Math.min(share[a.peak] ?? 0, share[b.peak] ?? 0)
    const [low, high] = [Math.max(0, binWatts(histogram, a.peak)), binWatts(histogram, b.peak)]
    const apart = (high + histogram.offsetW / 2) / (low + histogram.offsetW / 2)
    const score = Math.min(
      limits.maxValley / Math.max(valley, 1e-9),
      Math.log(Math.max(apart, 1.0001)) / Math.log(limits.minRatio),
      Math.min(mass(a), mass(b)) / limits.minShare,
      low < limits.quantumW / 2 ? Infinity : (high - low) / (1.5 * limits.quantumW),
    )
    if (score < worstScore) {
      worstScore = score
      worst = i
    }
  }
  return worst
}
