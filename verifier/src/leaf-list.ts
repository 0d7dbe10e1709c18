import { createPackedRows, hashBytes, leafHash, type ShownLeaves } from '@hours/ledger'
import { nodeCrypto } from '@hours/ledger/node'

/** The leaves of a log that a bundle shows, in the order they come: 40 bytes each. */
export interface LeafList {
  add(index: number, entry: Uint8Array): void
  leaves(): ShownLeaves
}

export function createLeafList(): LeafList {
  const rows = createPackedRows(hashBytes, 256)
  return {
    add: (index, entry) => rows.append(index, leafHash(entry, nodeCrypto.sha256)),
    leaves: () => ({ indices: rows.numbers(), hashes: rows.bytes() }),
  }
}
