import { describe, expect, it } from 'vitest'
import { nodeCrypto } from '../node/index.ts'
import { utf8 } from './bytes.ts'
import { readerOf } from './memory-tree.fixture.ts'
import {
  type ConsistencyClaim,
  type InclusionClaim,
  proveConsistency,
  proveInclusion,
  verifyConsistency,
  verifyConsistencyAsync,
  verifyInclusion,
  verifyInclusionAsync,
} from './proof.ts'
import { createTree, leafHash, treeRoot } from './tree.ts'

const { sha256 } = nodeCrypto
const most = 300
const leaves = Array.from({ length: most }, (_, i) => leafHash(utf8(`leaf ${i}`), sha256))
const read = readerOf(leaves, sha256)
const tree = createTree(sha256)
const roots = [tree.root(), ...leaves.map((leaf) => (tree.append(leaf), tree.root()))]
const rootAt = (size: number) => roots[size]!

const flipped = (hash: Uint8Array, bit: number) =>
  hash.with(bit >> 3, (hash[bit >> 3] ?? 0) ^ (1 << (bit & 7)))
/** Every proof that differs from `proof` in one bit of one hash; the bit wanders so that all places are met. */
const flips = (proof: readonly Uint8Array[], seed: number) =>
  proof.map((hash, i) => proof.with(i, flipped(hash, (seed * 31 + i * 97) % 256)))

describe('small trees, every one', () => {
  it(`proves every leaf of every size to ${most}, and no proof with one bit flipped`, () => {
    let proofs = 0
    let tampered = 0
    for (let size = 1; size <= most; size++) {
      for (let index = 0; index < size; index++) {
        const proof = proveInclusion(index, size, read, sha256)
        const claim = { index, size, leafHash: leaves[index]!, root: rootAt(size), proof }
        if (!verifyInclusion(claim, sha256)) throw new Error(`leaf ${index} of ${size} is not proven`)
        proofs += 1
        for (const wrong of flips(proof, index + size)) {
          if (verifyInclusion({ ...claim, proof: wrong }, sha256))
            throw new Error(`${index} of ${size}: flip`)
          tampered += 1
        }
      }
    }
    expect(proofs).toBe((most * (most + 1)) / 2)
    expect(tampered).toBeGreaterThan(300_000)
  })
  it(`proves every pair of sizes to ${most} consistent, and no proof with one bit flipped`, () => {
    let tampered = 0
    for (let size = 1; size <= most; size++) {
      for (let oldSize = 1; oldSize <= size; oldSize++) {
        const proof = proveConsistency(oldSize, size, read, sha256)
        const claim = { oldSize, oldRoot: rootAt(oldSize), size, root: rootAt(size), proof }
        if (!verifyConsistency(claim, sha256)) throw new Error(`${oldSize} -> ${size} is not proven`)
        for (const wrong of flips(proof, oldSize + size)) {
          if (verifyConsistency({ ...claim, proof: wrong }, sha256))
            throw new Error(`${oldSize} -> ${size}: flip`)
          tampered += 1
        }
      }
    }
    expect(tampered).toBeGreaterThan(300_000)
  })
  it('has the same root appended leaf by leaf and from a frontier half way', () => {
    for (let size = 0; size <= most; size++) {
      const half = Math.floor(size / 2)
      const first = createTree(sha256)
      for (const leaf of leaves.slice(0, half)) first.append(leaf)
      const rest = createTree(sha256, half, first.frontier())
      for (const leaf of leaves.slice(half, size)) rest.append(leaf)
      expect(rest.root()).toEqual(rootAt(size))
    }
    expect(treeRoot(leaves, sha256)).toEqual(rootAt(most))
  })
})

// The kinds of cases in transparency-dev/merkle testdata/{inclusion,consistency}, made anew.
function spoilt(proof: readonly Uint8Array[], root: Uint8Array, other: Uint8Array) {
  const [first] = proof
  const cases: [string, readonly Uint8Array[]][] = [
    ['an empty hash added', [...proof, new Uint8Array(0)]],
    ['the root added', [...proof, root]],
    ['a foreign hash added', [...proof, other]],
    ['the root put first', [root, ...proof]],
    ['a foreign hash put first', [other, ...proof]],
  ]
  if (first)
    cases.push(
      ['the last hash left out', proof.slice(0, -1)],
      ['the first hash left out', proof.slice(1)],
      ['a hash cut short', proof.with(0, first.subarray(0, 31))],
      ['a hash one byte longer', proof.with(0, Uint8Array.of(...first, 0))],
    )
  if (proof.length > 1) cases.push(['turned round', proof.toReversed()])
  return cases
}

describe('proofs that must be rejected', () => {
  const cases = [0, 1, 2, 3, 4, 5, 6, 7].flatMap((index) =>
    [1, 2, 3, 5, 7, 8].filter((size) => index < size).map((size) => ({ index, size })),
  )
  it.each(cases)('inclusion of leaf $index in $size', ({ index, size }) => {
    const good: InclusionClaim = {
      index,
      size,
      leafHash: leaves[index]!,
      root: rootAt(size),
      proof: proveInclusion(index, size, read, sha256),
    }
    const holds = (change: Partial<InclusionClaim>) => verifyInclusion({ ...good, ...change }, sha256)
    expect(holds({})).toBe(true)
    for (const [name, proof] of spoilt(good.proof, good.root, leaves[200]!))
      expect(holds({ proof }), name).toBe(false)
    for (const wrong of [index - 1, index + 1, index ^ 2, index + size, -1, 0.5, Number.NaN, 2 ** 53])
      expect(holds({ index: wrong }), `index ${wrong}`).toBe(false)
    for (const wrong of [0, size * 2, index, Number.POSITIVE_INFINITY])
      expect(holds({ size: wrong }), `size ${wrong}`).toBe(false)
    expect(holds({ root: new Uint8Array(0) })).toBe(false)
    expect(holds({ root: rootAt(size + 1) })).toBe(false)
    expect(holds({ leafHash: leaves[index + 8]! })).toBe(false)
    expect(holds({ leafHash: new Uint8Array(0) })).toBe(false)
  })
  const pairs = [
    [1, 1],
    [1, 8],
    [2, 5],
    [3, 7],
    [4, 7],
    [6, 8],
    [7, 8],
    [8, 8],
  ].map(([oldSize = 0, size = 0]) => ({ oldSize, size }))
  it.each(pairs)('consistency of $oldSize with $size', ({ oldSize, size }) => {
    const good: ConsistencyClaim = {
      oldSize,
      oldRoot: rootAt(oldSize),
      size,
      root: rootAt(size),
      proof: proveConsistency(oldSize, size, read, sha256),
    }
    const holds = (change: Partial<ConsistencyClaim>) => verifyConsistency({ ...good, ...change }, sha256)
    expect(holds({})).toBe(true)
    for (const [name, proof] of spoilt(good.proof, good.root, leaves[200]!))
      expect(holds({ proof }), name).toBe(false)
    expect(holds({ oldSize: oldSize + 1 })).toBe(false)
    expect(holds({ oldSize: oldSize - 1 })).toBe(false)
    expect(holds({ oldSize: size + 1 })).toBe(false)
    expect(holds({ oldRoot: rootAt(oldSize + 1) })).toBe(false)
    expect(holds({ root: rootAt(size + 1) })).toBe(false)
    expect(holds({ oldRoot: new Uint8Array(0) })).toBe(false)
  })
  it('from size 0, whatever is shown: that is for the caller to decide', () => {
    for (const size of [0, 1, 8])
      for (const proof of [[], [rootAt(size)]])
        expect(
          verifyConsistency({ oldSize: 0, oldRoot: rootAt(0), size, root: rootAt(size), proof }, sha256),
        ).toBe(false)
  })
  it('asked for outside the tree, throw', () => {
    expect(() => proveInclusion(3, 3, read, sha256)).toThrow('leaf 3 is not in a tree of 3')
    expect(() => proveConsistency(4, 3, read, sha256)).toThrow('no prefix')
    expect(proveConsistency(0, 3, read, sha256)).toEqual([])
  })
})

describe("the browser's hash", () => {
  const webSha256 = async (bytes: Uint8Array) =>
    new Uint8Array(await crypto.subtle.digest('SHA-256', new Uint8Array(bytes)))
  it('says the same', async () => {
    const proof = proveInclusion(5, 7, read, sha256)
    const claim = { index: 5, size: 7, leafHash: leaves[5]!, root: rootAt(7), proof }
    expect(await verifyInclusionAsync(claim, webSha256)).toBe(true)
    expect(await verifyInclusionAsync({ ...claim, index: 4 }, webSha256)).toBe(false)
    const path = proveConsistency(3, 7, read, sha256)
    const growth = { oldSize: 3, oldRoot: rootAt(3), size: 7, root: rootAt(7), proof: path }
    expect(await verifyConsistencyAsync(growth, webSha256)).toBe(true)
    expect(await verifyConsistencyAsync({ ...growth, oldSize: 2 }, webSha256)).toBe(false)
  })
})
