import {
  bundlesOfSize,
  type Checkpoint,
  formatBase64,
  formatTilePath,
  parseEntryBundle,
  type Position,
  type Tile,
  tileWidth,
} from '@hours/ledger'
import type { LogSource } from './log-source.ts'
import type { Problems } from './problem.ts'
import type { RootHistory } from './root-history.ts'

/** One entry of the log, verbatim, and where it stands. */
export interface WalkedEntry {
  readonly position: Position
  readonly bytes: Uint8Array
}

/**
 * Reads every entry of one year's log, a bundle at a time, and recomputes the root **from the entries** (never from the
 * hash tiles: a forged entry whose leaf tile was forged along would pass, CVE-2026-56865). Ends at the first bundle that
 * cannot be read; `root_mismatch` is told at the end.
 */
export async function* walkLog(
  source: LogSource,
  year: number,
  checkpoint: Checkpoint,
  { problems, history }: { readonly problems: Problems; readonly history: RootHistory },
): AsyncGenerator<readonly WalkedEntry[], void, undefined> {
  for (const tile of bundlesOfSize(checkpoint.size)) {
    const entries = await readBundle(source, year, tile)
    if (typeof entries === 'string') {
      problems.add('unreadable', `${year}/${formatTilePath(tile)}`, `entry bundle: ${entries}`)
      return
    }
    for (const entry of entries) history.add(entry)
    yield entries.map((bytes, i) => ({ position: { year, index: tile.index * tileWidth + i }, bytes }))
  }
  const root = history.rootAt(checkpoint.size)
  const claimed = formatBase64(checkpoint.root)
  if (root !== claimed)
    problems.add(
      'root_mismatch',
      `${year}/checkpoint`,
      `the ${checkpoint.size} entries have root ${String(root)}, the checkpoint says ${claimed}`,
    )
}

/** The entries of a bundle, or why they cannot be read. A partial one may be gone once the full one is there (tlog-tiles). */
async function readBundle(
  source: LogSource,
  year: number,
  tile: Tile,
): Promise<readonly Uint8Array[] | string> {
  const own = await source.file(year, formatTilePath(tile))
  if (own) return entriesOf(own, tile.width)
  const full = { ...tile, width: tileWidth }
  const wider = tile.width < tileWidth ? await source.file(year, formatTilePath(full)) : undefined
  const entries = wider ? entriesOf(wider, tileWidth) : 'it is not there'
  return typeof entries === 'string' ? entries : entries.slice(0, tile.width)
}

function entriesOf(bundle: Uint8Array, width: number): readonly Uint8Array[] | string {
  const entries = parseEntryBundle(bundle, width)
  return entries.ok ? entries.value : entries.error.message
}
