import { firstPlace } from '@hours/protocol'

/** Something that lasts [from, to), Unix ms. */
export interface Lasting {
  readonly from: number
  readonly to: number
}

/** Finds what shares an instant with an interval, whatever the order in which things came. */
export interface TimeIndex<T extends Lasting> {
  add(one: T): void
  /** At most `limit` of them, the short ones first. */
  overlapping(span: Lasting, limit: number): readonly T[]
}

interface LengthClass<T> {
  sorted: T[]
  /** Came out of order; merged when it has grown. */
  tail: T[]
}

/** A tail is searched one by one, and merging it costs as much as all that is sorted. */
const maxTail = (sorted: number) => Math.max(128, sorted / 256)

/**
 * Lists by length class (powers of two): one session of a year among thousands of an hour would otherwise make every
 * search begin a year earlier.
 */
export function createTimeIndex<T extends Lasting>(): TimeIndex<T> {
  const classes = new Map<number, LengthClass<T>>()
  return {
    add(one) {
      const size = Math.ceil(Math.log2(Math.max(1, one.to - one.from)))
      const of = classes.get(size) ?? { sorted: [], tail: [] }
      classes.set(size, of)
      if (of.tail.length === 0 && (of.sorted.at(-1)?.from ?? 0) <= one.from) of.sorted.push(one)
      else of.tail.push(one)
      if (of.tail.length <= maxTail(of.sorted.length)) return
      of.sorted = [...of.sorted, ...of.tail.splice(0)].sort((a, b) => a.from - b.from)
    },
    overlapping({ from, to }, limit) {
      const found: T[] = []
      const take = (one: T) => {
        if (one.from < to && one.to > from) found.push(one)
        return found.length < limit
      }
      for (const [size, { sorted, tail }] of classes) {
        for (let i = firstAfter(sorted, from - 2 ** size), one = sorted[i]; one; one = sorted[++i])
          if (one.from >= to || !take(one)) break
        for (const one of tail) if (found.length >= limit || !take(one)) break
        if (found.length >= limit) break
      }
      return found
    },
  }
}

const firstAfter = (sorted: readonly Lasting[], after: number): number =>
  firstPlace(sorted.length, (i) => (sorted[i]?.from ?? 0) > after)
