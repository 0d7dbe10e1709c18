import { formatBase64url, parseBase64url } from './codecs.ts'

/** Digests of logged pages by their seq; 40 bytes each as long as they come in order, as nearly all do. */
export interface DigestRows {
  add(seq: number, digest: string): void
  /** Of all pages with this seq, in the order they came. */
  at(seq: number): readonly string[]
}

const digestBytes = 32

export function createDigestRows(): DigestRows {
  /** Ascending, without doubles. */
  let seqs = new Float64Array(8)
  let rows = new Uint8Array(8 * digestBytes)
  let count = 0
  /** Late pages, and second ones of a seq. */
  const others = new Map<number, string[]>()

  function placeOf(seq: number): number | undefined {
    let low = 0
    let high = count
    while (low < high) {
      const middle = (low + high) >> 1
      if ((seqs[middle] ?? Infinity) < seq) low = middle + 1
      else high = middle
    }
    return seqs[low] === seq && low < count ? low : undefined
  }

  function append(seq: number, digest: Uint8Array): void {
    if (count === seqs.length) {
      const [more, room] = [new Float64Array(count * 2), new Uint8Array(count * 2 * digestBytes)]
      more.set(seqs)
      room.set(rows)
      seqs = more
      rows = room
    }
    seqs[count] = seq
    rows.set(digest, count * digestBytes)
    count += 1
  }

  return {
    add(seq, digest) {
      const bytes = parseBase64url(digest)
      const isNext = count === 0 || seq > (seqs[count - 1] ?? Infinity)
      if (isNext && bytes?.length === digestBytes) append(seq, bytes)
      else others.set(seq, [...(others.get(seq) ?? []), digest])
    },
    at(seq) {
      const place = placeOf(seq)
      const later = others.get(seq) ?? []
      if (place === undefined) return later
      const row = rows.subarray(place * digestBytes, (place + 1) * digestBytes)
      return [formatBase64url(row), ...later]
    },
  }
}
