import { mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import {
  createVkey,
  edgeRoot,
  emptyEdge,
  equalBytes,
  formatEntryBundle,
  growEdge,
  leafHash,
  loadEdge,
  noteType,
  openCheckpoint,
  type Signer,
  type Tile,
  type TreeEdge,
  tilesOfSize,
  tileWidth,
  tileWidthAt,
} from '@hours/ledger'
import { nodeCrypto } from '@hours/ledger/node'
import { IngestError } from '../ingest-error.ts'
import { type FileBytes, writeDurably } from './durable-file.ts'
import type { LogFiles } from './log-files.ts'
import type { YearState } from './year-log.ts'

const { sha256 } = nodeCrypto

/**
 * Brings a year's directory to the state its checkpoint signs. Entries after it were never acknowledged and are
 * removed; hash tiles that are torn or lost are made again from the entries. Throws `log_damaged`, naming the file,
 * when an acknowledged entry cannot be found or the root is another: then nothing more may be signed.
 */
export async function recoverYear(
  directory: string,
  origin: string,
  { files, signer }: { files: LogFiles; signer: Signer },
): Promise<YearState> {
  mkdirSync(directory, { recursive: true })
  const signed = readCheckpoint(directory, origin, signer)
  const size = signed?.size ?? 0
  const edge = signed ? soundEdge(files, signed) : undefined
  const repaired = signed && !edge ? rebuildTiles(files, signed, directory) : undefined
  checkBundles(files, size)
  const tail = lastBundle(files, size)
  const found = edge ?? repaired?.edge ?? emptyEdge
  await writeDurably([...(repaired?.written ?? []), ...rightEdge(files, { edge: found, tail })])
  files.removeBeyond(({ level, index }) => tileWidthAt(level === 'entries' ? 0 : level, index, size))
  return { edge: found, tail, checkpoint: signed?.note }
}

interface SignedSize {
  readonly note: string
  readonly size: number
  readonly root: Uint8Array
}

function readCheckpoint(directory: string, origin: string, signer: Signer): SignedSize | undefined {
  const path = join(directory, 'checkpoint')
  let note: string
  try {
    note = readFileSync(path, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
  const key = createVkey(origin, noteType.ed25519, signer.publicKey, sha256)
  const opened = openCheckpoint(note, { logs: [key] }, nodeCrypto)
  if (!opened.ok)
    throw new IngestError(
      'log_damaged',
      `${path}: ${opened.error.message}. Fix: put it and the tiles back from a mirror, or the log key that signed it.`,
    )
  const { checkpoint } = opened.value
  if (checkpoint.origin !== origin)
    throw new IngestError('log_damaged', `${path} is of the log "${checkpoint.origin}", not "${origin}"`)
  return { note, size: checkpoint.size, root: checkpoint.root }
}

/** The edge out of the tiles, when every tile is there at its length and the root is the signed one. */
function soundEdge(files: LogFiles, { size, root }: SignedSize): TreeEdge | undefined {
  try {
    for (const { level, index, width } of tilesOfSize(size))
      if (level !== 'entries' && !files.hashTile(level, index, width)) return undefined
    const edge = loadEdge(size, files.hashTile.bind(files), sha256)
    return equalBytes(edgeRoot(edge, sha256), root) ? edge : undefined
  } catch {
    return undefined
  }
}

/** Makes every hash tile again from the entries; those that differ from the disk are to be written. */
function rebuildTiles(
  files: LogFiles,
  { size, root }: SignedSize,
  directory: string,
): { edge: TreeEdge; written: FileBytes[] } {
  let edge = emptyEdge
  const written: FileBytes[] = []
  for (let index = 0; index * tileWidth < size; index++) {
    const width = tileWidthAt(0, index, size)
    const entries = files.bundle(index, width) ?? lost(files, { level: 'entries', index, width })
    const grown = growEdge(
      edge,
      entries.map((entry) => leafHash(entry, sha256)),
      sha256,
    )
    edge = grown.edge
    for (const tile of grown.tiles) {
      if (tile.width < tileWidth) continue
      const onDisk = files.hashTile(tile.level, tile.index, tile.width)
      if (!onDisk || !equalBytes(onDisk, tile.bytes))
        written.push({ path: files.path(tile), bytes: tile.bytes })
    }
  }
  if (!equalBytes(edgeRoot(edge, sha256), root))
    throw new IngestError(
      'log_damaged',
      `${directory}: the ${size} entries on disk do not give the signed root. Fix: put the directory back from a mirror.`,
    )
  return { edge, written }
}

/** The newest full bundles must parse; older ones are read, and found out, when they are asked for. */
function checkBundles(files: LogFiles, size: number): void {
  const full = Math.floor(size / tileWidth)
  for (let index = Math.max(0, full - 64); index < full; index++)
    if (!files.bundle(index, tileWidth)) lost(files, { level: 'entries', index, width: tileWidth })
}

function lastBundle(files: LogFiles, size: number): readonly Uint8Array[] {
  const width = size % tileWidth
  if (width === 0) return []
  const index = Math.floor(size / tileWidth)
  return files.bundle(index, width) ?? lost(files, { level: 'entries', index, width })
}

function lost(files: LogFiles, tile: Tile): never {
  throw new IngestError(
    'log_damaged',
    `${files.path(tile)} is missing or cut short, and its entries were acknowledged. Fix: put it back from a mirror or backup.`,
  )
}

/** The partial files at exactly the signed size: what is wider is removed afterwards. */
function rightEdge(files: LogFiles, { edge, tail }: Pick<YearState, 'edge' | 'tail'>): FileBytes[] {
  const written: FileBytes[] = []
  const { size } = edge
  if (tail.length > 0) {
    const index = Math.floor(size / tileWidth)
    const path = files.path({ level: 'entries', index, width: tail.length })
    written.push({ path, bytes: formatEntryBundle(tail) })
  }
  for (const [level, hashes] of edge.partial.entries()) {
    if (hashes.length === 0) continue
    const index = Math.floor(size / tileWidth ** (level + 1))
    const bytes = new Uint8Array(Buffer.concat(hashes))
    written.push({ path: files.path({ level, index, width: hashes.length }), bytes })
  }
  return written
}
