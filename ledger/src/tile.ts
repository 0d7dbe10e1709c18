import { accept, type Decoded, refuse } from '@hours/protocol'
import { readDecimal } from './bytes.ts'
import type { LedgerCode } from './ledger-error.ts'

/** Hashes in a full tile (C2SP tlog-tiles). */
export const tileWidth = 256
/** No tree of 2^53 leaves has a tile above this level. */
export const maxTileLevel = 7

/** A place in the layout: hash tile of a level, or bundle of entries; `width` 1-256, 256 = full. */
export interface Tile {
  readonly level: number | 'entries'
  readonly index: number
  readonly width: number
}

/** `tile/<L>/<N>[.p/<W>]`, `<N>` in groups of three digits: 1234067 -> `x001/x234/067`. */
export function formatTilePath({ level, index, width }: Tile): string {
  const digits = String(index)
  const padded = digits.padStart(Math.ceil(digits.length / 3) * 3, '0')
  const groups = padded.match(/\d{3}/g) ?? []
  const path = groups.map((group, i) => (i < groups.length - 1 ? `x${group}` : group)).join('/')
  return `tile/${level}/${path}${width < tileWidth ? `.p/${width}` : ''}`
}

/** The tile that `path` names; anything but the one spelling of it is refused. */
export function parseTilePath(path: string): Decoded<Tile, LedgerCode> {
  const fault = () =>
    refuse('bad_tile', `"${path.slice(0, 80)}" is not tile/<level or entries>/<N>[.p/<width>]`)
  const match = /^tile\/(entries|[0-7])\/((?:x\d{3}\/){0,5}\d{3})(?:\.p\/(\d{1,3}))?$/.exec(path)
  if (!match) return fault()
  const [, level, groups, partial] = match
  const index = Number(groups?.replaceAll(/[x/]/g, ''))
  const width = partial === undefined ? tileWidth : readDecimal(partial)
  if (!Number.isSafeInteger(index) || width === undefined || width < 1) return fault()
  const tile: Tile = { level: level === 'entries' ? level : Number(level), index, width }
  // Rejects `x000/001`, `.p/256` and `.p/017`: they are not what formatTilePath writes.
  return formatTilePath(tile) === path ? accept(tile) : fault()
}

/** Hashes that level `level` has in a tree of `size`: floor(size / 256^level). */
export const hashesAtLevel = (level: number, size: number): number => Math.floor(size / tileWidth ** level)

/** Width of hash tile `index` of `level` in a tree of `size`; 0 when it is not there. */
export function tileWidthAt(level: number, index: number, size: number): number {
  return Math.max(0, Math.min(tileWidth, hashesAtLevel(level, size) - index * tileWidth))
}

/** Every hash tile that a growth from `from` to `to` leaves must write, lowest level first; none is empty. */
export function tilesOfGrowth(from: number, to: number): Tile[] {
  const tiles: Tile[] = []
  for (let level = 0; level <= maxTileLevel; level++) {
    const before = hashesAtLevel(level, from)
    const after = hashesAtLevel(level, to)
    if (after === 0 || after === before) continue
    for (let index = Math.floor(before / tileWidth); index * tileWidth < after; index++)
      tiles.push({ level, index, width: tileWidthAt(level, index, to) })
  }
  return tiles
}

/** Every entry bundle of a tree of `size` leaves, one after the other: a checkpoint may claim any size. */
export function* bundlesOfSize(size: number): Generator<Tile & { readonly level: 'entries' }> {
  for (let index = 0; index * tileWidth < size; index++)
    yield { level: 'entries', index, width: tileWidthAt(0, index, size) }
}

/** Every hash tile of a tree of `size` leaves. */
export const tilesOfSize = (size: number): Tile[] => tilesOfGrowth(0, size)
