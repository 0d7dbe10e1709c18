import { equalBytes } from './bytes.ts'
import { type HashSteps, runHashes, runHashesAsync, type Sha256 } from './crypto.ts'
import { LedgerError } from './ledger-error.ts'
import { emptyRoot, hashBytes, nodeHash, nodeInput, splitPoint } from './tree.ts'

/** Root of the perfect subtree over leaves [index * 2^level, (index + 1) * 2^level); throws when it is not there. */
export type HashReader = (level: number, index: number) => Uint8Array

/** The longest proof that a tree of 2^53 leaves can need, and some. */
export const maxProofHashes = 63

export interface InclusionClaim {
  readonly index: number
  readonly size: number
  readonly leafHash: Uint8Array
  readonly root: Uint8Array
  /** Leaf to root. */
  readonly proof: readonly Uint8Array[]
}

export interface ConsistencyClaim {
  readonly oldSize: number
  readonly oldRoot: Uint8Array
  readonly size: number
  readonly root: Uint8Array
  readonly proof: readonly Uint8Array[]
}

/** Proof that leaf `index` is in the tree of `size` leaves, leaf to root (RFC 6962, section 2.1.1). */
export function proveInclusion(index: number, size: number, read: HashReader, sha256: Sha256): Uint8Array[] {
  if (!(index >= 0 && index < size))
    throw new LedgerError('out_of_range', `leaf ${index} is not in a tree of ${size}`)
  const path: Uint8Array[] = []
  let from = 0
  let to = size
  while (to - from > 1) {
    const middle = from + splitPoint(to - from)
    if (index < middle) {
      path.push(readRange(middle, to, read, sha256))
      to = middle
    } else {
      path.push(readRange(from, middle, read, sha256))
      from = middle
    }
  }
  return path.reverse()
}

/** Proof that the tree of `oldSize` is a prefix of that of `size` (RFC 6962, 2.1.2); empty from size 0. */
export function proveConsistency(
  oldSize: number,
  size: number,
  read: HashReader,
  sha256: Sha256,
): Uint8Array[] {
  if (!(oldSize >= 0 && oldSize <= size))
    throw new LedgerError('out_of_range', `a tree of ${oldSize} is no prefix of a tree of ${size}`)
  const path: Uint8Array[] = []
  if (oldSize === 0 || oldSize === size) return path
  let from = 0
  let to = size
  while (to !== oldSize) {
    const middle = from + splitPoint(to - from)
    if (oldSize <= middle) {
      path.push(readRange(middle, to, read, sha256))
      to = middle
    } else {
      path.push(readRange(from, middle, read, sha256))
      from = middle
    }
  }
  // The old root itself is known to whoever checks, so it is left out when it is one perfect subtree.
  if (from !== 0) path.push(readRange(from, to, read, sha256))
  return path.reverse()
}

/** Root of the tree's first `size` leaves, out of its nodes: for `rootAt` of R8 and for older checkpoints. */
export const readRoot = (size: number, read: HashReader, sha256: Sha256): Uint8Array =>
  size === 0 ? emptyRoot(sha256) : readRange(0, size, read, sha256)

/** Root of leaves [from, to), where `from` is a multiple of the largest power of two below the length. */
export function readRange(from: number, to: number, read: HashReader, sha256: Sha256): Uint8Array {
  const length = to - from
  if (length === 1) return read(0, from)
  const half = splitPoint(length)
  if (half * 2 === length) return read(Math.log2(length), from / length)
  const left = read(Math.log2(half), from / half)
  return nodeHash(left, readRange(from + half, to, read, sha256), sha256)
}

/** Whether the claim holds, as steps for any hash (RFC 9162, section 2.1.3.2). */
export function* inclusionSteps(claim: InclusionClaim): HashSteps<boolean> {
  const { index, size, leafHash, root, proof } = claim
  if (!isSize(size) || !isSize(index) || index >= size || !areHashes(proof, leafHash, root)) return false
  let fn = index
  let sn = size - 1
  let hash = leafHash
  for (const sibling of proof) {
    if (sn === 0) return false
    if (odd(fn) || fn === sn) {
      hash = yield nodeInput(sibling, hash)
      while (!odd(fn) && fn !== 0) {
        fn = half(fn)
        sn = half(sn)
      }
    } else {
      hash = yield nodeInput(hash, sibling)
    }
    fn = half(fn)
    sn = half(sn)
  }
  return sn === 0 && equalBytes(hash, root)
}

/** Whether the claim holds, as steps for any hash (RFC 9162, section 2.1.4.2). Old size 0 proves nothing: false. */
export function* consistencySteps(claim: ConsistencyClaim): HashSteps<boolean> {
  const { oldSize, oldRoot, size, root, proof } = claim
  if (!isSize(size) || !isSize(oldSize) || oldSize === 0 || oldSize > size) return false
  if (!areHashes(proof, oldRoot, root)) return false
  if (oldSize === size) return proof.length === 0 && equalBytes(oldRoot, root)
  if (proof.length === 0) return false
  const path = isPowerOfTwo(oldSize) ? [oldRoot, ...proof] : proof
  let fn = oldSize - 1
  let sn = size - 1
  while (odd(fn)) {
    fn = half(fn)
    sn = half(sn)
  }
  const [first, ...rest] = path
  if (!first) return false
  let older = first
  let newer = first
  for (const hash of rest) {
    if (sn === 0) return false
    if (odd(fn) || fn === sn) {
      older = yield nodeInput(hash, older)
      newer = yield nodeInput(hash, newer)
      while (!odd(fn) && fn !== 0) {
        fn = half(fn)
        sn = half(sn)
      }
    } else {
      newer = yield nodeInput(newer, hash)
    }
    fn = half(fn)
    sn = half(sn)
  }
  return sn === 0 && equalBytes(older, oldRoot) && equalBytes(newer, root)
}

export const verifyInclusion = (claim: InclusionClaim, sha256: Sha256): boolean =>
  runHashes(inclusionSteps(claim), sha256)

export const verifyConsistency = (claim: ConsistencyClaim, sha256: Sha256): boolean =>
  runHashes(consistencySteps(claim), sha256)

type AsyncSha256 = (bytes: Uint8Array) => Promise<Uint8Array>

/** As `verifyInclusion`, with the browser's hash. */
export const verifyInclusionAsync = (claim: InclusionClaim, sha256: AsyncSha256): Promise<boolean> =>
  runHashesAsync(inclusionSteps(claim), sha256)

/** As `verifyConsistency`, with the browser's hash. */
export const verifyConsistencyAsync = (claim: ConsistencyClaim, sha256: AsyncSha256): Promise<boolean> =>
  runHashesAsync(consistencySteps(claim), sha256)

// Sizes pass 2^31, so no bit operators here.
const odd = (n: number) => n % 2 === 1
const half = (n: number) => Math.floor(n / 2)
const isSize = (n: number) => Number.isSafeInteger(n) && n >= 0
const isPowerOfTwo = (n: number) => n === 1 || splitPoint(n) * 2 === n
const areHashes = (proof: readonly Uint8Array[], ...others: readonly Uint8Array[]) =>
  proof.length <= maxProofHashes && [...proof, ...others].every((hash) => hash.length === hashBytes)
