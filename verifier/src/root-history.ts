import {
  edgeRoot,
  emptyEdge,
  formatBase64,
  growEdge,
  leafHash,
  type TreeEdge,
  tileWidth,
} from '@hours/ledger'
import { nodeCrypto } from '@hours/ledger/node'

/** Roots of every size read so far, base64: what R8 compares `seen` with. */
export interface RootHistory {
  add(entry: Uint8Array): void
  /** How many entries were read. */
  readonly size: () => number
  /** Base64; undefined for a size the log never had. */
  readonly rootAt: (size: number) => string | undefined
}

const { sha256 } = nodeCrypto
const hashBytes = 32

/**
 * Keeps the tree's right edge at every full bundle, and the leaf hashes 256 to a block, so that the root of any size
 * is at most 255 hashes away: 32 bytes a leaf, whatever the length of the log.
 */
export function createRootHistory(): RootHistory {
  const edges: TreeEdge[] = [emptyEdge]
  const blocks: Uint8Array[] = []
  const roots = new Map<number, string>()
  let size = 0

  const leaves = (block: number, count: number) =>
    Array.from({ length: count }, (_, i) =>
      blocks[block]?.subarray(i * hashBytes, (i + 1) * hashBytes),
    ).filter((hash) => hash !== undefined)

  return {
    add(entry) {
      const block = Math.floor(size / tileWidth)
      const bytes = (blocks[block] ??= new Uint8Array(tileWidth * hashBytes))
      bytes.set(leafHash(entry, sha256), (size % tileWidth) * hashBytes)
      size += 1
      if (size % tileWidth === 0)
        edges.push(growEdge(edges[block] ?? emptyEdge, leaves(block, tileWidth), sha256).edge)
    },
    size: () => size,
    rootAt(at) {
      if (!Number.isSafeInteger(at) || at < 0 || at > size) return undefined
      const known = roots.get(at)
      if (known !== undefined) return known
      const block = Math.floor(at / tileWidth)
      const edge = growEdge(edges[block] ?? emptyEdge, leaves(block, at % tileWidth), sha256).edge
      const root = formatBase64(edgeRoot(edge, sha256))
      roots.set(at, root)
      return root
    },
  }
}
