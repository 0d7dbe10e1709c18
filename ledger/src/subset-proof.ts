import type { Sha256 } from './crypto.ts'
import { LedgerError } from './ledger-error.ts'
import { type HashReader, readRange } from './proof.ts'
import { hashBytes, nodeHash, splitPoint } from './tree.ts'

/** Leaves that are shown: where they stand, ascending, and their hashes one after the other; a year has many. */
export interface ShownLeaves {
  readonly indices: ArrayLike<number>
  readonly hashes: Uint8Array
}

/** The hashes of a proof, wherever they lie. */
export interface HashList {
  readonly length: number
  /** Undefined, or of another length, when it cannot be read. */
  at(i: number): Uint8Array | undefined
}

/**
 * Proof that some leaves stand where they are said to in a tree of `size`: hashes of the largest ranges that hold none
 * of them, from left to right. One proof for all, because most of the inclusion proofs of neighbours is the same.
 * `indices` ascending, without doubles.
 */
export function proveSubset(
  indices: readonly number[],
  size: number,
  read: HashReader,
  sha256: Sha256,
): Uint8Array[] {
  const hashes: Uint8Array[] = []
  const walk = (from: number, to: number, first: number, last: number): void => {
    if (first === last) {
      hashes.push(readRange(from, to, read, sha256))
      return
    }
    if (to - from === 1) return
    const middle = from + splitPoint(to - from)
    const cut = firstAtLeast(indices, middle, first, last)
    walk(from, middle, first, cut)
    walk(middle, to, cut, last)
  }
  if ((indices.at(-1) ?? 0) >= size)
    throw new LedgerError('out_of_range', `leaf ${indices.at(-1) ?? 0} of a tree of ${size}`)
  if (size > 0) walk(0, size, 0, indices.length)
  return hashes
}

/** The root that the leaves shown and the proof give; undefined when they are no proof at all. */
export const rootOfSubset = (
  shown: ShownLeaves,
  size: number,
  proof: HashList,
  sha256: Sha256,
): Uint8Array | undefined => walkSubset(shown, size, proof, sha256, () => undefined)

/**
 * The inclusion proof (RFC 9162, 2.1.3) of one of the leaves shown, leaf to root, out of the proof of all of them;
 * undefined when the leaf is not shown or the proof is none. Whether the root is the right one is not asked here.
 */
export function inclusionInSubset(
  leaf: number,
  { shown, size, proof }: { readonly shown: ShownLeaves; readonly size: number; readonly proof: HashList },
  sha256: Sha256,
): Uint8Array[] | undefined {
  if (shown.indices[firstAtLeast(shown.indices, leaf, 0, shown.indices.length)] !== leaf) return undefined
  const siblings: Uint8Array[] = []
  // Ranges come back from the smallest to the whole, so that their other halves are the path upwards.
  const root = walkSubset(shown, size, proof, sha256, ({ from, middle, to, left, right }) => {
    if (leaf >= from && leaf < to) siblings.push(leaf < middle ? right : left)
  })
  return root && siblings
}

/** A range of a tree with the hashes of its halves, [from, middle) and [middle, to). */
interface Halves {
  readonly from: number
  readonly middle: number
  readonly to: number
  readonly left: Uint8Array
  readonly right: Uint8Array
}

function walkSubset(
  { indices, hashes }: ShownLeaves,
  size: number,
  proof: HashList,
  sha256: Sha256,
  onHalves: (halves: Halves) => void,
): Uint8Array | undefined {
  if (!Number.isSafeInteger(size) || size < 1 || hashes.length !== indices.length * hashBytes)
    return undefined
  let before = -1
  for (let i = 0; i < indices.length; i++) {
    const index = indices[i] ?? NaN
    if (!Number.isSafeInteger(index) || index <= before || index >= size) return undefined
    before = index
  }
  let used = 0
  const next = () => {
    const hash = used < proof.length ? proof.at(used) : undefined
    used += 1
    return hash?.length === hashBytes ? hash : undefined
  }
  const walk = (from: number, to: number, first: number, last: number): Uint8Array | undefined => {
    if (first === last) return next()
    if (to - from === 1) return hashes.subarray(first * hashBytes, (first + 1) * hashBytes)
    const middle = from + splitPoint(to - from)
    const cut = firstAtLeast(indices, middle, first, last)
    const left = walk(from, middle, first, cut)
    const right = left && walk(middle, to, cut, last)
    if (!left || !right) return undefined
    onHalves({ from, middle, to, left, right })
    return nodeHash(left, right, sha256)
  }
  const root = walk(0, size, 0, indices.length)
  return used === proof.length ? root : undefined
}

/** Position of the first of indices[first..last) that is not below `value`. */
function firstAtLeast(indices: ArrayLike<number>, value: number, first: number, last: number): number {
  let low = first
  let high = last
  while (low < high) {
    const middle = Math.floor((low + high) / 2)
    if ((indices[middle] ?? Infinity) < value) low = middle + 1
    else high = middle
  }
  return low
}
