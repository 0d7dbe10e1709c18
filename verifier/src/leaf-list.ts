import { hashBytes, type ShownLeaf } from '@hours/ledger'

const perBlock = 4_096

/** Leaves of a log, 40 bytes each: a hash of its own for each of a year's pages would be ten times that. */
export interface LeafList {
  add(index: number, hash: Uint8Array): void
  /** All of them, in the order they came; the list is empty afterwards. */
  take(): readonly ShownLeaf[]
}

export function createLeafList(): LeafList {
  let indices: number[] = []
  let blocks: Uint8Array[] = []
  return {
    add(index, hash) {
      const at = indices.length % perBlock
      if (at === 0) blocks.push(new Uint8Array(perBlock * hashBytes))
      blocks.at(-1)?.set(hash, at * hashBytes)
      indices.push(index)
    },
    take() {
      const leaves = indices.map((index, i) => {
        const at = (i % perBlock) * hashBytes
        const block = blocks[Math.floor(i / perBlock)] ?? new Uint8Array()
        return { index, hash: block.subarray(at, at + hashBytes) }
      })
      indices = []
      blocks = []
      return leaves
    },
  }
}
