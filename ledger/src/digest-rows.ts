import { firstPlace } from '@hours/protocol'
import { formatBase64url, parseBase64url } from './codecs.ts'
import { createPackedRows } from './packed-rows.ts'

/** Digests of logged pages by their seq; 40 bytes each as long as they come in order, as nearly all do. */
export interface DigestRows {
  add(seq: number, digest: string): void
  /** Of all pages with this seq, in the order they came. */
  at(seq: number): readonly string[]
}

const digestBytes = 32

export function createDigestRows(): DigestRows {
  /** Ascending, without doubles. */
  const rows = createPackedRows(digestBytes, 8)
  /** Late pages, and second ones of a seq. */
  const others = new Map<number, string[]>()

  function placeOf(seq: number): number | undefined {
    const seqs = rows.numbers()
    const place = firstPlace(seqs.length, (i) => (seqs[i] ?? Infinity) >= seq)
    return seqs[place] === seq ? place : undefined
  }

  return {
    add(seq, digest) {
      const bytes = parseBase64url(digest)
      const isNext = seq > (rows.numbers().at(-1) ?? -Infinity)
      if (isNext && bytes?.length === digestBytes) rows.append(seq, bytes)
      else others.set(seq, [...(others.get(seq) ?? []), digest])
    },
    at(seq) {
      const place = placeOf(seq)
      const later = others.get(seq) ?? []
      if (place === undefined) return later
      const row = rows.bytes().subarray(place * digestBytes, (place + 1) * digestBytes)
      return [formatBase64url(row), ...later]
    },
  }
}
