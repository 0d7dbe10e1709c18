import type { Sha256 } from './crypto.ts'
import { LedgerError } from './ledger-error.ts'
import { createTileReader, type ReadTile } from './tile-reader.ts'
import { type Tile, tileWidth, tileWidthAt } from './tile.ts'
import { foldFrontier, hashBytes, nodeHash } from './tree.ts'
import { concatBytes } from './bytes.ts'

/** The right edge of a growing tree: all a log writer needs to append; plain data, never changed in place. */
export interface TreeEdge {
  readonly size: number
  /** Roots of the perfect subtrees, largest first. */
  readonly frontier: readonly Uint8Array[]
  /** Hashes of the last, partial tile of each level; an empty list where the last one is full. */
  readonly partial: readonly (readonly Uint8Array[])[]
}

/** A hash tile to be written. */
export interface TileBytes extends Tile {
  readonly level: number
  readonly bytes: Uint8Array
}

export const emptyEdge: TreeEdge = { size: 0, frontier: [], partial: [] }

/** Appends `leafHashes`; returns the new edge and every tile that has to be written, in the order of writing. */
export function growEdge(
  edge: TreeEdge,
  leafHashes: readonly Uint8Array[],
  sha256: Sha256,
): { edge: TreeEdge; tiles: TileBytes[] } {
  const frontier = [...edge.frontier]
  const partial = edge.partial.map((hashes) => [...hashes])
  const tiles: TileBytes[] = []
  let size = edge.size

  const push = (level: number, hash: Uint8Array) => {
    const tile = (partial[level] ??= [])
    tile.push(hash)
    if (tile.length < tileWidth) return
    const index = Math.floor(size / tileWidth ** (level + 1))
    tiles.push({ level, index, width: tileWidth, bytes: concatBytes(...tile) })
    partial[level] = []
  }

  for (const leaf of leafHashes) {
    let hash = leaf
    let height = 0
    push(0, leaf)
    for (let rest = size; rest % 2 === 1; rest = (rest - 1) / 2) {
      const left = frontier.pop()
      if (left) hash = nodeHash(left, hash, sha256)
      height += 1
      if (height % 8 === 0) push(height / 8, hash)
    }
    frontier.push(hash)
    size += 1
  }
  for (const [level, hashes] of partial.entries()) {
    const grown = Math.floor(size / tileWidth ** level) > Math.floor(edge.size / tileWidth ** level)
    if (hashes.length === 0 || !grown) continue
    const index = Math.floor(size / tileWidth ** (level + 1))
    tiles.push({ level, index, width: hashes.length, bytes: concatBytes(...hashes) })
  }
  return { edge: { size, frontier, partial }, tiles }
}

/** Root of the tree whose right edge this is. */
export const edgeRoot = (edge: TreeEdge, sha256: Sha256): Uint8Array => foldFrontier(edge.frontier, sha256)

/** Bytes of a hash tile at the right edge, for readers that ask before it is on disk; undefined elsewhere. */
export function edgeTile(edge: TreeEdge, level: number, index: number): Uint8Array | undefined {
  const hashes = edge.partial[level]
  if (!hashes || hashes.length === 0) return undefined
  return index === Math.floor(edge.size / tileWidth ** (level + 1)) ? concatBytes(...hashes) : undefined
}

/** The edge of a tree of `size` leaves, out of its tiles; throws `missing_tile` when one is not there. */
export function loadEdge(size: number, readTile: ReadTile, sha256: Sha256): TreeEdge {
  const read = createTileReader(readTile, sha256).at(size)
  const frontier: Uint8Array[] = []
  let from = 0
  for (let height = Math.floor(Math.log2(Math.max(1, size))) + 1; height >= 0; height--) {
    if (Math.floor(size / 2 ** height) % 2 === 0) continue
    frontier.push(read(height, from / 2 ** height))
    from += 2 ** height
  }
  const partial: Uint8Array[][] = []
  for (let level = 0; size >= tileWidth ** level && size > 0; level++)
    partial.push(lastTile(level, size, readTile))
  return { size, frontier, partial }
}

function lastTile(level: number, size: number, readTile: ReadTile): Uint8Array[] {
  const index = Math.floor(size / tileWidth ** (level + 1))
  const width = tileWidthAt(level, index, size)
  if (width === 0) return []
  const bytes = readTile(level, index, width)
  if (!bytes || bytes.length < width * hashBytes)
    throw new LedgerError('missing_tile', `hash tile ${index} of level ${level}, width ${width}`)
  return Array.from({ length: width }, (_, i) => bytes.subarray(i * hashBytes, (i + 1) * hashBytes))
}
