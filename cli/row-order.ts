import type { Sample } from '@hours/sensing'

/** Of the first rows, more than one in twenty is older than the row before it: newest first, or shuffled. */
export function isDisordered(times: readonly number[]): boolean {
  const back = times.filter((at, i) => at < (times[i - 1] ?? at)).length
  return 20 * back > times.length
}

/** Holds the samples of a file, 16 bytes each, and gives them out by time; rows of the same time stay in their order. */
export function createSorter(): {
  readonly push: (sample: Sample) => void
  readonly each: (to: (sample: Sample) => void) => void
} {
  const at: number[] = []
  const mw: number[] = []
  return {
    push(sample) {
      at.push(sample.at)
      mw.push(sample.powerMw ?? Number.NaN)
    },
    each(to) {
      const order = Uint32Array.from(at.keys()).sort((a, b) => (at[a] ?? 0) - (at[b] ?? 0) || a - b)
      for (const i of order) to({ at: at[i] ?? 0, powerMw: mw[i] ?? 0 })
    },
  }
}
