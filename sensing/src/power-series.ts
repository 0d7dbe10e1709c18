import type { Sample } from './reading.ts'

/**
 * A recording held for calibration: 8 bytes a sample, so that a year at 1 s fits into 250 MB. Built once, then walked
 * through in order as often as needed.
 */
export interface PowerSeries {
  readonly length: number
  /** Samples left out, by reason: `no_reading`, `implausible`, `duplicate_time`, `out_of_order`, `time_jump`. */
  readonly rejected: ReadonlyMap<string, number>
  /** Samples below -5 W, and their mean in W: a meter that is the wrong way round. */
  readonly negative: { readonly count: number; readonly meanW: number }
  /** Calls back with Unix ms and mW of each sample, in order. */
  walk(each: (at: number, mw: number) => void): void
  samples(): Generator<Sample>
}

const chunkSize = 65_536
const impossibleMw = 2_000_000_000
/** Below this a reading is no noise about zero. */
const negativeMw = -5_000
/** One row further ahead than the longest gap of any meter, and then back: its clock was wrong. */
const jumpMs = 600_000

interface Chunk {
  readonly base: number
  readonly offset: Uint32Array
  readonly mw: Int32Array
  count: number
}

/** Holds samples to what the detector will take: ordered, with power, without the -1 of a meter that could not read. */
export function createPowerColumns(): {
  readonly push: (sample: Sample) => void
  readonly reject: (reason: string) => void
  readonly series: () => PowerSeries
} {
  const chunks: Chunk[] = []
  const rejected = new Map<string, number>()
  const negative = { count: 0, sum: 0 }
  let length = 0
  let last = -Infinity
  let waiting: { at: number; mw: number } | undefined
  const reject = (reason: string) => void rejected.set(reason, (rejected.get(reason) ?? 0) + 1)

  function append(at: number, mw: number): void {
    if (at <= last) {
      reject(at === last ? 'duplicate_time' : 'out_of_order')
      return
    }
    let chunk = chunks.at(-1)
    if (!chunk || chunk.count === chunkSize || at - chunk.base > 0xffff_ffff) {
      chunk = { base: at, offset: new Uint32Array(chunkSize), mw: new Int32Array(chunkSize), count: 0 }
      chunks.push(chunk)
    }
    chunk.offset[chunk.count] = at - chunk.base
    chunk.mw[chunk.count] = mw
    chunk.count += 1
    length += 1
    last = at
  }

  function walk(each: (at: number, mw: number) => void): void {
    for (const { base, offset, mw, count } of chunks)
      for (let i = 0; i < count; i++) each(base + (offset[i] ?? 0), mw[i] ?? 0)
  }

  return {
    push({ at, powerMw: mw }) {
      if (mw === undefined || !Number.isFinite(mw) || mw === -1_000) {
        reject('no_reading')
        return
      }
      if (mw > impossibleMw || mw < -impossibleMw) {
        reject('implausible')
        return
      }
      if (mw < negativeMw) {
        negative.count += 1
        negative.sum += mw
      }
      if (waiting && length > 0 && waiting.at - last > jumpMs && at < waiting.at && at > last)
        reject('time_jump')
      else if (waiting) append(waiting.at, waiting.mw)
      waiting = { at, mw }
    },
    reject,
    series() {
      if (waiting) append(waiting.at, waiting.mw)
      waiting = undefined
      const meanW = negative.count === 0 ? 0 : negative.sum / negative.count / 1_000
      return {
        length,
        rejected,
        negative: { count: negative.count, meanW },
        walk,
        *samples() {
          for (const { base, offset, mw, count } of chunks)
            for (let i = 0; i < count; i++) yield { at: base + (offset[i] ?? 0), powerMw: mw[i] ?? 0 }
        },
      }
    },
  }
}

/**
 * Those that fit, in their order. `filter` of a typed array keeps each number as an object first: at two weeks of samples
 * that is more memory than all the rest of a calibration.
 */
export function chosen(values: Float32Array, fits: (value: number) => boolean): Float32Array {
  let count = 0
  for (const value of values) if (fits(value)) count += 1
  const out = new Float32Array(count)
  let next = 0
  for (const value of values) if (fits(value)) out[next++] = value
  return out
}

/** The q-quantile of plain numbers; undefined of none. */
export function quantile(values: readonly number[] | Float32Array, q: number): number | undefined {
  const sorted = values instanceof Float32Array ? values.toSorted() : Float64Array.from(values).sort()
  return sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))]
}
