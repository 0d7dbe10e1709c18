import type { Sha256 } from './crypto.ts'

/** Length of every hash in the tree, bytes. */
export const hashBytes = 32

/** What is hashed for a leaf: `0x00 ‖ entry` (RFC 6962, section 2.1). */
export function leafInput(entry: Uint8Array): Uint8Array {
  const input = new Uint8Array(1 + entry.length)
  input.set(entry, 1)
  return input
}

/** What is hashed for an inner node: `0x01 ‖ left ‖ right` (RFC 6962, section 2.1). */
export function nodeInput(left: Uint8Array, right: Uint8Array): Uint8Array {
  const input = new Uint8Array(1 + left.length + right.length)
  input[0] = 1
  input.set(left, 1)
  input.set(right, 1 + left.length)
  return input
}

export const leafHash = (entry: Uint8Array, sha256: Sha256): Uint8Array => sha256(leafInput(entry))
export const nodeHash = (left: Uint8Array, right: Uint8Array, sha256: Sha256): Uint8Array =>
  sha256(nodeInput(left, right))

/** Root of the tree without leaves: SHA-256 of nothing. */
export const emptyRoot = (sha256: Sha256): Uint8Array => sha256(new Uint8Array(0))

/** The largest power of two below `n` (n > 1): where RFC 6962 splits a tree of `n` leaves. */
export function splitPoint(n: number): number {
  let k = 1
  while (k * 2 < n) k *= 2
  return k
}

/** An append-only tree that keeps one hash a set bit of its size: enough for every later root. */
export interface Tree {
  readonly size: number
  append(leafHash: Uint8Array): void
  root(): Uint8Array
  /** Roots of the perfect subtrees, largest first; with `size` all that is needed to go on. */
  frontier(): readonly Uint8Array[]
}

/** A tree that is empty, or goes on from `size` leaves with their `frontier`. */
export function createTree(sha256: Sha256, size = 0, frontier: readonly Uint8Array[] = []): Tree {
  const hashes = [...frontier]
  let count = size
  return {
    get size() {
      return count
    },
    append(leaf) {
      let hash = leaf
      for (let rest = count; rest % 2 === 1; rest = (rest - 1) / 2) {
        const left = hashes.pop()
        if (left) hash = nodeHash(left, hash, sha256)
      }
      hashes.push(hash)
      count += 1
    },
    root: () => foldFrontier(hashes, sha256),
    frontier: () => [...hashes],
  }
}

/** The root over perfect subtrees that stand side by side, largest first. */
export function foldFrontier(hashes: readonly Uint8Array[], sha256: Sha256): Uint8Array {
  let root = hashes.at(-1)
  if (!root) return emptyRoot(sha256)
  for (let i = hashes.length - 2; i >= 0; i--) {
    const left = hashes[i]
    if (left) root = nodeHash(left, root, sha256)
  }
  return root
}

/** Root of a whole list of leaf hashes. */
export function treeRoot(leafHashes: Iterable<Uint8Array>, sha256: Sha256): Uint8Array {
  const tree = createTree(sha256)
  for (const leaf of leafHashes) tree.append(leaf)
  return tree.root()
}
