import { readFileSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import {
  createTileReader,
  edgeRoot,
  edgeTile,
  equalBytes,
  formatEntryBundle,
  growEdge,
  leafHash,
  parseEntryBundle,
  proveConsistency,
  proveInclusion,
  proveSubset,
  type Signer,
  signCheckpoint,
  type TileBytes,
  type TreeEdge,
  tileWidth,
  utf8,
} from '@hours/ledger'
import { nodeCrypto } from '@hours/ledger/node'
import { IngestError } from '../ingest-error.ts'
import { type FileBytes, writeDurably, writeQuickly } from './durable-file.ts'
import type { LogFiles } from './log-files.ts'

const { sha256 } = nodeCrypto
const bundlesKept = 64

/** A year's log as recovery found it. */
export interface YearState {
  readonly edge: TreeEdge
  /** Entries of the last, partial bundle. */
  readonly tail: readonly Uint8Array[]
  /** The signed checkpoint of that size; undefined before the first. */
  readonly checkpoint: string | undefined
}

/** The log of one UTC year: one directory, one tree, one checkpoint (evidence.md, decision 1). */
export interface YearLog {
  readonly year: number
  readonly origin: string
  size(): number
  root(): Uint8Array
  checkpoint(): string | undefined
  /** Why nothing more may be signed until the directory is opened again; undefined while all is well. */
  halted(): string | undefined
  /** Appends and resolves when everything is durable and signed. When it rejects, nothing was appended. */
  publish(entries: readonly Uint8Array[]): Promise<void>
  entry(index: number): Uint8Array
  inclusion(index: number, size: number): Uint8Array[]
  consistency(from: number, to: number): Uint8Array[]
  /** Proof that the leaves `indices` (ascending) stand in the first `size`. */
  subset(indices: readonly number[], size: number): Uint8Array[]
  rootAt(size: number): Uint8Array
  /** Writes what simulated history has kept in memory; everything is on disk already where power cuts are survived. */
  flush(): void
}

export interface YearLogOptions {
  readonly year: number
  readonly origin: string
  readonly directory: string
  readonly files: LogFiles
  readonly state: YearState
  readonly signer: Signer
  /**
   * False only where days of simulated history pass in seconds: nothing is read back from the disk, and what the next
   * publish replaces (checkpoint, last bundle and tiles) is written at `flush`.
   */
  readonly survivesPowerCut?: boolean
}

export function createYearLog(options: YearLogOptions): YearLog {
  const { year, origin, directory, files, signer, survivesPowerCut = true } = options
  const checkpointPath = join(directory, 'checkpoint')
  let { edge, tail, checkpoint } = options.state
  /** Set when a checkpoint may or may not be on disk: signing another of that size would fork the log. */
  let halted: string | undefined
  const bundles = new Map<number, readonly Uint8Array[]>()
  /** By the place that the next one of its kind takes. */
  const unwritten = new Map<string, FileBytes>()
  const reader = createTileReader(
    (level, index, width) => edgeTile(edge, level, index) ?? files.hashTile(level, index, width),
    sha256,
    512,
  )

  function bundleOf(index: number): readonly Uint8Array[] {
    if (index === Math.floor(edge.size / tileWidth)) return tail
    const known = bundles.get(index)
    if (known) return known
    const entries = files.bundle(index, tileWidth)
    if (!entries)
      throw new IngestError(
        'log_damaged',
        `${files.path({ level: 'entries', index, width: tileWidth })} is missing or cut short. Fix: put it back from a mirror or backup.`,
      )
    bundles.set(index, entries)
    const oldest = bundles.size > bundlesKept ? bundles.keys().next().value : undefined
    if (oldest !== undefined) bundles.delete(oldest)
    return entries
  }

  /** Bundles to write for `entries` after the tail, and what the tail is then. */
  function bundlesFor(entries: readonly Uint8Array[]): { written: FileBytes[]; tail: readonly Uint8Array[] } {
    const all = [...tail, ...entries]
    const written: FileBytes[] = []
    for (let at = 0; at < all.length; at += tileWidth) {
      const part = all.slice(at, at + tileWidth)
      const index = Math.floor(edge.size / tileWidth) + at / tileWidth
      const path = files.path({ level: 'entries', index, width: part.length })
      written.push({ path, bytes: formatEntryBundle(part) })
    }
    return { written, tail: all.slice(all.length - (all.length % tileWidth)) }
  }

  async function publish(entries: readonly Uint8Array[]): Promise<void> {
    if (halted !== undefined) throw new IngestError('log_halted', halted)
    const hashes = entries.map((entry) => leafHash(entry, sha256))
    const grown = growEdge(edge, hashes, sha256)
    const { written, tail: nextTail } = bundlesFor(entries)
    const tiles = grown.tiles.map((tile) => ({ path: files.path(tile), bytes: tile.bytes }))
    const root = edgeRoot(grown.edge, sha256)
    const note = signCheckpoint({ origin, size: grown.edge.size, root }, signer, sha256)
    if (survivesPowerCut) {
      await writeDurably([...written, ...tiles])
      readBack({ written, tiles: grown.tiles, root, added: entries.length })
      await putCheckpoint(note)
    } else keepPartials([...written, ...tiles, { path: checkpointPath, bytes: utf8(note) }])
    checkpoint = note
    edge = grown.edge
    tail = nextTail
    if (survivesPowerCut) removeOldPartials(grown.tiles, written)
  }

  /** Full bundles and tiles never change; the others and the checkpoint wait for `flush`. */
  function keepPartials(all: readonly FileBytes[]): void {
    for (const file of all) {
      if (file.path === checkpointPath) unwritten.set(checkpointPath, file)
      else if (isPartial(file.path)) unwritten.set(dirname(file.path), file)
      else {
        writeQuickly([file])
        unwritten.delete(`${file.path}.p`)
      }
    }
  }

  async function putCheckpoint(note: string): Promise<void> {
    try {
      await writeDurably([{ path: checkpointPath, bytes: utf8(note) }])
    } catch (cause) {
      const there = textOf(checkpointPath)
      // Still the old one: the signature never left this process and the size is free again.
      if (there === checkpoint) throw cause
      halted = `${directory}: writing the checkpoint failed half-way, so it is not known which tree is signed. Fix: mend the disk and start again.`
      throw new IngestError('log_halted', halted, { cause })
    }
  }

  /** What is signed is what the disk gives back, not what memory meant to write (evidence.md, decision 5). */
  function readBack(batch: {
    written: readonly FileBytes[]
    tiles: readonly TileBytes[]
    root: Uint8Array
    added: number
  }): void {
    const leaves: Uint8Array[] = []
    for (const { path, bytes } of batch.written) {
      const found = new Uint8Array(readFileSync(path))
      const width = found.length === bytes.length ? countEntries(bytes) : 0
      const entries = parseEntryBundle(found, width)
      if (!entries.ok) throw differs(path)
      for (const entry of entries.value) leaves.push(leafHash(entry, sha256))
    }
    const again = growEdge(edge, leaves.slice(leaves.length - batch.added), sha256)
    if (!equalBytes(edgeRoot(again.edge, sha256), batch.root))
      throw differs(batch.written[0]?.path ?? directory)
    for (const [i, tile] of again.tiles.entries()) {
      const path = files.path(tile)
      const found = new Uint8Array(readFileSync(path))
      if (!equalBytes(found, tile.bytes) || batch.tiles[i]?.width !== tile.width) throw differs(path)
    }
  }

  /** A partial tile may go once the full one is there (tlog-tiles). */
  function removeOldPartials(tiles: readonly TileBytes[], written: readonly FileBytes[]): void {
    const full = tiles.filter(({ width }) => width === tileWidth)
    const paths = full.map((tile) => files.path(tile))
    const entryPaths = written.map(({ path }) => path).filter((path) => !isPartial(path))
    for (const path of [...paths, ...entryPaths]) rmSync(`${path}.p`, { recursive: true, force: true })
  }

  const inLog = (index: number, size: number) => {
    if (!(index >= 0 && index <= size && size <= edge.size))
      throw new IngestError(
        'bad_option',
        `${origin} has ${edge.size} leaves; ${index} of ${size} was asked for`,
      )
  }

  return {
    year,
    origin,
    size: () => edge.size,
    root: () => edgeRoot(edge, sha256),
    checkpoint: () => checkpoint,
    halted: () => halted,
    publish,
    entry(index) {
      inLog(index + 1, edge.size)
      const entry = bundleOf(Math.floor(index / tileWidth))[index % tileWidth]
      if (!entry) throw new IngestError('log_damaged', `${origin}: entry ${index} is not in its bundle`)
      return entry
    },
    inclusion(index, size) {
      inLog(index, size)
      return proveInclusion(index, size, reader.at(size), sha256)
    },
    consistency(from, to) {
      inLog(from, to)
      return proveConsistency(from, to, reader.at(to), sha256)
    },
    subset(indices, size) {
      inLog(0, size)
      return proveSubset(indices, size, reader.at(size), sha256)
    },
    rootAt(size) {
      inLog(0, size)
      return treeRootAt(size, reader.at(size))
    },
    flush() {
      writeQuickly([...unwritten.values()])
      unwritten.clear()
    },
  }
}

/** Partial bundles and tiles lie in a folder of their own (tlog-tiles). */
const isPartial = (path: string) => dirname(path).endsWith('.p')

const differs = (path: string) =>
  new IngestError('log_damaged', `${path}: read back other bytes than were written. Fix: check the disk.`)

/** How many entries `bundle` holds; it was made here, so it is well formed. */
function countEntries(bundle: Uint8Array): number {
  let count = 0
  for (let at = 0; at < bundle.length; count++) at += 2 + ((bundle[at] ?? 0) << 8) + (bundle[at + 1] ?? 0)
  return count
}

/** Root of the first `size` leaves, from the perfect subtrees side by side. */
function treeRootAt(size: number, read: (level: number, index: number) => Uint8Array): Uint8Array {
  const frontier: Uint8Array[] = []
  let from = 0
  for (let height = 52; height >= 0; height--) {
    if (Math.floor(size / 2 ** height) % 2 === 0) continue
    frontier.push(read(height, from / 2 ** height))
    from += 2 ** height
  }
  return edgeRoot({ size, frontier, partial: [] }, sha256)
}

/** What stands there; undefined when it cannot be read, for whatever reason. */
function textOf(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return undefined
  }
}
