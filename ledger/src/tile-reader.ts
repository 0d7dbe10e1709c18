import type { Sha256 } from './crypto.ts'
import { LedgerError } from './ledger-error.ts'
import type { HashReader } from './proof.ts'
import { formatTilePath, tileWidthAt } from './tile.ts'
import { hashBytes, nodeHash } from './tree.ts'

/** Bytes of a hash tile (`width` x 32), or undefined when the store has none; a wider tile of the place will do. */
export type ReadTile = (level: number, index: number, width: number) => Uint8Array | undefined

/** Hashes of trees of any size, out of tiles. */
export interface TileReader {
  /** Reads nodes of the tree of `size` leaves. */
  at(size: number): HashReader
}

interface CachedTile {
  bytes: Uint8Array
  /** Roots of perfect subtrees inside the tile, by height and place; they never change as the tile fills. */
  readonly nodes: Map<number, Uint8Array>
}

/**
 * Reads nodes out of tiles and keeps the `keep` last used tiles with the inner nodes computed from them (about 16 KiB
 * each), so that the proofs of a batch of neighbours cost one pass over their tile.
 */
export function createTileReader(readTile: ReadTile, sha256: Sha256, keep = 128): TileReader {
  const cache = new Map<string, CachedTile>()

  function load(level: number, index: number, width: number): CachedTile {
    const key = `${level}/${index}`
    const known = cache.get(key)
    if (known && known.bytes.length >= width * hashBytes) {
      cache.delete(key)
      cache.set(key, known)
      return known
    }
    const bytes = width === 0 ? undefined : readTile(level, index, width)
    if (!bytes || bytes.length < width * hashBytes || bytes.length % hashBytes !== 0)
      throw new LedgerError(
        'missing_tile',
        `${formatTilePath({ level, index, width: Math.max(1, width) })}: ${bytes ? `${bytes.length} bytes` : 'not there'}`,
      )
    const tile = { bytes, nodes: known?.nodes ?? new Map<number, Uint8Array>() }
    cache.delete(key)
    cache.set(key, tile)
    const oldest = cache.size > keep ? cache.keys().next().value : undefined
    if (oldest !== undefined) cache.delete(oldest)
    return tile
  }

  function inner(tile: CachedTile, height: number, place: number): Uint8Array {
    if (height === 0) return tile.bytes.subarray(place * hashBytes, (place + 1) * hashBytes)
    const key = height * 256 + place
    const known = tile.nodes.get(key)
    if (known) return known
    const left = inner(tile, height - 1, place * 2)
    const hash = nodeHash(left, inner(tile, height - 1, place * 2 + 1), sha256)
    tile.nodes.set(key, hash)
    return hash
  }

  return {
    at: (size) => (level, index) => {
      const height = level % 8
      const tileLevel = (level - height) / 8
      const perTile = 2 ** (8 - height)
      const tileIndex = Math.floor(index / perTile)
      const width = tileWidthAt(tileLevel, tileIndex, size)
      const place = index % perTile
      if ((place + 1) * 2 ** height > width)
        throw new LedgerError('out_of_range', `node ${index} of level ${level} is not in a tree of ${size}`)
      return inner(load(tileLevel, tileIndex, width), height, place)
    },
  }
}
