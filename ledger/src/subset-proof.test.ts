import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { nodeCrypto } from '../node/index.ts'
import { concatBytes } from './bytes.ts'
import { proveSubset, rootOfSubset } from './subset-proof.ts'
import { createTree, leafHash } from './tree.ts'
import { proveInclusion } from './proof.ts'

const { sha256 } = nodeCrypto

/** A tree of `size` leaves: its root, its leaf hashes and its nodes. */
function grown(size: number) {
  const tree = createTree(sha256)
  const leaves = Array.from({ length: size }, (_, i) =>
    leafHash(new TextEncoder().encode(`leaf ${i}`), sha256),
  )
  for (const leaf of leaves) tree.append(leaf)
  const levels: Uint8Array[][] = [leaves]
  for (let below = leaves; below.length > 1; ) {
    const above: Uint8Array[] = []
    for (let i = 0; i + 1 < below.length; i += 2) {
      const joined = new Uint8Array(65)
      joined[0] = 1
      joined.set(below[i] ?? [], 1)
      joined.set(below[i + 1] ?? [], 33)
      above.push(sha256(joined))
    }
    levels.push(above)
    below = above
  }
  const read = (level: number, index: number) => {
    const hash = levels[level]?.[index]
    if (!hash) throw new Error(`no node ${level}/${index}`)
    return hash
  }
  const shown = (indices: readonly number[]) =>
    indices.map((index) => ({ index, hash: leaves[index] ?? new Uint8Array() }))
  return { root: tree.root(), read, shown, leaves }
}

interface Leaf {
  readonly index: number
  readonly hash: Uint8Array
}

const rootOf = (leaves: readonly Leaf[], size: number, proof: readonly Uint8Array[], hash: typeof sha256) =>
  rootOfSubset(
    {
      indices: leaves.map(({ index }) => index),
      hashes: concatBytes(...leaves.map((leaf) => leaf.hash)),
    },
    size,
    proof,
    hash,
  )

const subsetOf = (size: number, bits: number) =>
  Array.from({ length: size }, (_, i) => i).filter((i) => (bits >> i) & 1)

describe('a proof of a subset', () => {
  it('holds for every subset of every small tree, and for no other hash at a shown place', () => {
    for (let size = 1; size <= 9; size++) {
      const { root, read, shown } = grown(size)
      for (let bits = 0; bits < 1 << size; bits++) {
        const indices = subsetOf(size, bits)
        const proof = proveSubset(indices, size, read, sha256)
        expect(rootOf(shown(indices), size, proof, sha256)).toEqual(root)
        const other = shown(indices).map((leaf, i) => (i === 0 ? { ...leaf, hash: sha256(leaf.hash) } : leaf))
        if (indices.length > 0) expect(rootOf(other, size, proof, sha256)).not.toEqual(root)
      }
    }
  })

  it('holds for random subsets of larger trees; one hash flipped, dropped or added is no proof', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 700 }),
        fc.array(fc.nat(699), { maxLength: 60 }),
        fc.nat(),
        (size, some, pick) => {
          const { root, read, shown } = grown(size)
          const indices = [...new Set(some.filter((i) => i < size))].sort((a, b) => a - b)
          const proof = proveSubset(indices, size, read, sha256)
          expect(rootOf(shown(indices), size, proof, sha256)).toEqual(root)
          expect(rootOf(shown(indices), size, [...proof, sha256(root)], sha256)).toBeUndefined()
          if (proof.length === 0) return
          const at = pick % proof.length
          expect(rootOf(shown(indices), size, proof.toSpliced(at, 1), sha256)).toBeUndefined()
          const flipped = proof.map((hash, i) =>
            i === at ? hash.map((byte, k) => (k === 0 ? byte ^ 1 : byte)) : hash,
          )
          expect(rootOf(shown(indices), size, flipped, sha256)).not.toEqual(root)
        },
      ),
      { numRuns: 60 },
    )
  })

  it('of one leaf is its inclusion proof, of none the root, of all nothing', () => {
    const { root, read, leaves } = grown(37)
    const sorted = (hashes: readonly Uint8Array[]) =>
      hashes.map((hash) => Buffer.from(hash).toString('hex')).sort()
    expect(sorted(proveSubset([17], 37, read, sha256))).toEqual(sorted(proveInclusion(17, 37, read, sha256)))
    expect(proveSubset([], 37, read, sha256)).toEqual([root])
    expect(proveSubset([...leaves.keys()], 37, read, sha256)).toEqual([])
  })

  it('is refused for places out of order, twice, beyond the tree, or a tree of no size', () => {
    const { read, shown } = grown(8)
    const proof = proveSubset([1, 2], 8, read, sha256)
    const [one, two] = shown([1, 2])
    if (!one || !two) throw new Error('two leaves')
    expect(rootOf([two, one], 8, proof, sha256)).toBeUndefined()
    expect(rootOf([one, one], 8, proof, sha256)).toBeUndefined()
    expect(rootOf([one, { ...two, index: 8 }], 8, proof, sha256)).toBeUndefined()
    expect(rootOf([one, { ...two, index: 1.5 }], 8, proof, sha256)).toBeUndefined()
    expect(rootOf([], 0, [], sha256)).toBeUndefined()
    expect(rootOf([one, { ...two, hash: two.hash.subarray(1) }], 8, proof, sha256)).toBeUndefined()
    expect(() => proveSubset([8], 8, read, sha256)).toThrow(/leaf 8 of a tree of 8/)
  })
})
