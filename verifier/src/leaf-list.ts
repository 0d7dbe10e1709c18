import { hashBytes, leafHash, type ShownLeaves } from '@hours/ledger'
import { nodeCrypto } from '@hours/ledger/node'

/** The leaves of a log that a bundle shows, in the order they come: 40 bytes each. */
export interface LeafList {
  add(index: number, entry: Uint8Array): void
  leaves(): ShownLeaves
}

export function createLeafList(): LeafList {
  let indices = new Float64Array(256)
  let hashes = new Uint8Array(256 * hashBytes)
  let count = 0
  return {
    add(index, entry) {
      if (count === indices.length) {
        const [more, room] = [new Float64Array(count * 2), new Uint8Array(count * 2 * hashBytes)]
        more.set(indices)
        room.set(hashes)
        indices = more
        hashes = room
      }
      indices[count] = index
      hashes.set(leafHash(entry, nodeCrypto.sha256), count * hashBytes)
      count += 1
    },
    leaves: () => ({ indices: indices.subarray(0, count), hashes: hashes.subarray(0, count * hashBytes) }),
  }
}
