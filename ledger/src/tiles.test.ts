import { describe, expect, it } from 'vitest'
import { nodeCrypto } from '../node/index.ts'
import { utf8 } from './bytes.ts'
import { formatEntryBundle, parseEntryBundle } from './entry-bundle.ts'
import { proveConsistency, proveInclusion, readRoot, verifyConsistency, verifyInclusion } from './proof.ts'
import { bundlesOfSize, formatTilePath, parseTilePath, tilesOfGrowth, tilesOfSize } from './tile.ts'
import { createTileReader, type ReadTile } from './tile-reader.ts'
import { createTree, leafHash } from './tree.ts'
import { edgeRoot, edgeTile, emptyEdge, growEdge, loadEdge, type TreeEdge } from './tree-edge.ts'

const { sha256 } = nodeCrypto
const sizes = [0, 1, 255, 256, 257, 511, 65_535, 65_536, 70_000]
const leaves = Array.from({ length: 70_000 }, (_, i) => leafHash(utf8(`leaf ${i}`), sha256))

/** A store of tiles that grows through `stops`, as a log writer publishes. */
function grow(stops: readonly number[]) {
  const store = new Map<string, Uint8Array>()
  const edges = new Map<number, TreeEdge>([[0, emptyEdge]])
  let edge = emptyEdge
  for (const stop of stops) {
    const from = edge.size
    const grown = growEdge(edge, leaves.slice(from, stop), sha256)
    const paths = grown.tiles.map(formatTilePath)
    expect(paths.toSorted()).toEqual(tilesOfGrowth(from, stop).map(formatTilePath).toSorted())
    for (const tile of grown.tiles) store.set(formatTilePath(tile), tile.bytes)
    edge = grown.edge
    edges.set(stop, edge)
  }
  return { store, edges, edge }
}
const { store, edges } = grow(sizes.slice(1))
const readTile: ReadTile = (level, index, width) => store.get(formatTilePath({ level, index, width }))

describe('a log that grows through the sizes where tiles fill', () => {
  const tree = createTree(sha256)
  const roots = new Map<number, Uint8Array>([[0, tree.root()]])
  for (const [i, leaf] of leaves.entries()) {
    tree.append(leaf)
    if (sizes.includes(i + 1)) roots.set(i + 1, tree.root())
  }
  const reader = createTileReader(readTile, sha256)

  it.each(sizes)('has the root of its leaves at %i, from the edge in memory and from tiles', (size) => {
    expect(edgeRoot(edges.get(size)!, sha256)).toEqual(roots.get(size))
    expect(readRoot(size, reader.at(70_000), sha256)).toEqual(roots.get(size))
    const loaded = loadEdge(size, readTile, sha256)
    expect(edgeRoot(loaded, sha256)).toEqual(roots.get(size))
    const more = leaves.slice(0, 300)
    expect(growEdge(loaded, more, sha256).tiles).toEqual(growEdge(edges.get(size)!, more, sha256).tiles)
  })
  it.each(sizes.slice(1))('proves leaves of size %i out of tiles', (size) => {
    const read = reader.at(size)
    for (const index of new Set([0, 1, 255, 256, 65_535, size >> 1, size - 2, size - 1])) {
      if (index < 0 || index >= size) continue
      const proof = proveInclusion(index, size, read, sha256)
      const claim = { index, size, leafHash: leaves[index]!, root: roots.get(size)!, proof }
      expect(verifyInclusion(claim, sha256), `leaf ${index}`).toBe(true)
    }
    for (const oldSize of sizes.slice(1).filter((one) => one <= size)) {
      const proof = proveConsistency(oldSize, size, read, sha256)
      const claim = { oldSize, oldRoot: roots.get(oldSize)!, size, root: roots.get(size)!, proof }
      expect(verifyConsistency(claim, sha256), `from ${oldSize}`).toBe(true)
    }
  })
  it('needs no partial tile once the full one is there', () => {
    const full = new Map(
      [...store].filter(
        ([path]) => !path.includes('.p/') || tilesOfSize(70_000).map(formatTilePath).includes(path),
      ),
    )
    const read = createTileReader(
      (level, index, width) =>
        full.get(formatTilePath({ level, index, width: 256 })) ??
        full.get(formatTilePath({ level, index, width })),
      sha256,
    ).at(511)
    expect(proveInclusion(400, 511, read, sha256)).toEqual(proveInclusion(400, 511, reader.at(511), sha256))
  })
  it('names the tile that is missing', () => {
    const read = createTileReader(() => undefined, sha256).at(300)
    expect(() => proveInclusion(0, 300, read, sha256)).toThrow(/tile\/0\/001\.p\/44: not there/)
  })
  it('serves the tile at its edge before that is written', () => {
    expect(edgeTile(edges.get(257)!, 0, 1)).toEqual(store.get('tile/0/001.p/1'))
    expect(edgeTile(edges.get(257)!, 0, 0)).toBeUndefined()
    expect(edgeTile(edges.get(256)!, 0, 0)).toBeUndefined()
  })
  it('grows the same in any steps', () => {
    const other = grow([1, 2, 3, 100, 255, 256, 258, 512, 700, 1024, 1025])
    const once = grow([1025])
    expect(other.edge).toEqual(once.edge)
    for (const [path, bytes] of once.store) expect(other.store.get(path)).toEqual(bytes)
  })
})

describe('tile paths', () => {
  it.each([
    'tile/8/000',
    'tile/00/000',
    'tile/0/0',
    'tile/0/x000/001',
    'tile/0/001/002',
    'tile/0/000.p/0',
    'tile/0/000.p/256',
    'tile/0/000.p/01',
    'tile/data/000',
    '/tile/0/000',
    'tile/0/000/',
    'tile/0/../000',
    'tile/0/000.p/1\n',
  ])('refuse %j', (path) => {
    expect(parseTilePath(path)).toMatchObject({ ok: false, error: { code: 'bad_tile' } })
  })
  it('name the bundles of a tree one by one, whatever size a checkpoint claims', () => {
    expect([...bundlesOfSize(258)].map(formatTilePath)).toEqual(['tile/entries/000', 'tile/entries/001.p/2'])
    expect([...bundlesOfSize(256)].map(formatTilePath)).toEqual(['tile/entries/000'])
    expect([...bundlesOfSize(0)]).toEqual([])
    expect(bundlesOfSize(2 ** 52).next().value).toEqual({ level: 'entries', index: 0, width: 256 })
  })
})

describe('entry bundles', () => {
  it('refuse what is cut, too short or too long', () => {
    const bundle = formatEntryBundle([utf8('one'), utf8('two')])
    for (const [bytes, width] of [
      [bundle, 1],
      [bundle, 3],
      [bundle.subarray(0, -1), 2],
      [bundle.subarray(0, 6), 2],
      [new Uint8Array([0]), 1],
    ] as const)
      expect(parseEntryBundle(bytes, width)).toMatchObject({ ok: false, error: { code: 'bad_tile' } })
    expect(() => formatEntryBundle([new Uint8Array(65_536)])).toThrow('65536 bytes')
    expect(parseEntryBundle(formatEntryBundle([new Uint8Array(65_535)]), 1)).toMatchObject({ ok: true })
  })
})
