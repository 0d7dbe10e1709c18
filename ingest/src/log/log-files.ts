import { readFileSync, readdirSync, rmSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { formatTilePath, hashBytes, parseEntryBundle, type Tile, tileWidth } from '@hours/ledger'
import { unfinished } from './durable-file.ts'

/** One year's directory of tiles (C2SP tlog-tiles), read. A wider tile of a place stands in for a narrower one. */
export interface LogFiles {
  path(tile: Tile): string
  /** Bytes of a hash tile, `width` x 32; undefined when no file of the place is long enough. */
  hashTile(level: number, index: number, width: number): Uint8Array | undefined
  /** The first `width` entries of a bundle; undefined when no file of the place has them whole. */
  bundle(index: number, width: number): readonly Uint8Array[] | undefined
  /** Removes what lies beyond a tree: leftovers of appends that never got a checkpoint, and unfinished files. */
  removeBeyond(widthAt: (tile: Pick<Tile, 'level' | 'index'>) => number): void
}

export function createLogFiles(directory: string): LogFiles {
  const path = (tile: Tile) => join(directory, formatTilePath(tile))

  /** Files that may hold `width` leaves of the place: the exact one, the full one, wider partial ones. */
  function* candidates(tile: Tile): Generator<{ bytes: Uint8Array; width: number }> {
    const widths = [tile.width, tileWidth, ...partialWidths(tile).filter((w) => w > tile.width)]
    for (const width of new Set(widths)) {
      const bytes = readIfThere(path({ ...tile, width }))
      if (bytes) yield { bytes, width }
    }
  }

  function partialWidths({ level, index }: Pick<Tile, 'level' | 'index'>): number[] {
    try {
      return readdirSync(dirname(path({ level, index, width: 1 })))
        .filter((name) => /^\d{1,3}$/.test(name))
        .map(Number)
        .sort((a, b) => a - b)
    } catch {
      return []
    }
  }

  function trimPlace(level: Tile['level'], index: number, width: number): boolean {
    const place = { level, index }
    const full = path({ ...place, width: tileWidth })
    const extra = partialWidths(place).filter((w) => w > width)
    const fullThere = width < tileWidth && isThere(full)
    for (const w of extra) rmSync(path({ ...place, width: w }), { force: true })
    if (fullThere) rmSync(full, { force: true })
    return extra.length > 0 || fullThere
  }

  return {
    path,
    hashTile(level, index, width) {
      for (const { bytes } of candidates({ level, index, width }))
        if (bytes.length >= width * hashBytes) return bytes.subarray(0, width * hashBytes)
      return undefined
    },
    bundle(index, width) {
      for (const found of candidates({ level: 'entries', index, width })) {
        const entries = parseEntryBundle(found.bytes, found.width)
        if (entries.ok) return entries.value.slice(0, width)
      }
      return undefined
    },
    removeBeyond(widthAt) {
      removeUnfinished(directory)
      for (const level of ['entries', 0, 1, 2, 3, 4, 5, 6, 7] as const) {
        let index = 0
        while (widthAt({ level, index }) === tileWidth) index = nextPlace(level, index, widthAt)
        // An append may have filled several places before it was cut off; they stand without a hole.
        trimPlace(level, index, widthAt({ level, index }))
        do index += 1
        while (trimPlace(level, index, 0))
      }
    },
  }
}

/** The first place that is not full, by doubling: logs have many full places. */
function nextPlace(
  level: Tile['level'],
  index: number,
  widthAt: (tile: Pick<Tile, 'level' | 'index'>) => number,
): number {
  let step = 1
  while (widthAt({ level, index: index + step * 2 }) === tileWidth) step *= 2
  return index + step
}

function removeUnfinished(directory: string): void {
  let names: string[]
  try {
    names = readdirSync(directory)
  } catch {
    return
  }
  for (const name of names) if (name.endsWith(unfinished)) rmSync(join(directory, name), { force: true })
}

function readIfThere(path: string): Uint8Array | undefined {
  try {
    const buffer = readFileSync(path)
    return new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.length)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined
    throw error
  }
}

function isThere(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false }) !== undefined
}
