import type { Sha256 } from './crypto.ts'
import type { HashReader } from './proof.ts'
import { nodeHash } from './tree.ts'

/** For tests: reads nodes straight from a list of leaf hashes, each computed once; knows nothing of tiles. */
export function readerOf(leafHashes: readonly Uint8Array[], sha256: Sha256): HashReader {
  const known = new Map<string, Uint8Array>()
  const read: HashReader = (level, index) => {
    const leaf = leafHashes[index]
    if (level === 0 && leaf) return leaf
    if (level === 0) throw new Error(`no leaf ${index}`)
    const key = `${level}/${index}`
    const hash =
      known.get(key) ?? nodeHash(read(level - 1, index * 2), read(level - 1, index * 2 + 1), sha256)
    known.set(key, hash)
    return hash
  }
  return read
}
