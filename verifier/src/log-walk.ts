import {
  bundlesOfGrowth,
  type Checkpoint,
  formatBase64,
  formatTilePath,
  parseEntryBundle,
  type Position,
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
 * Reads every entry of one year's log and recomputes the root **from the entries** (never from the hash tiles: a
 * forged entry whose leaf tile was forged along would pass, CVE-2026-56865). `root_mismatch` is told at the end.
 */
export async function* walkLog(
  source: LogSource,
  year: number,
  checkpoint: Checkpoint,
  { problems, history }: { readonly problems: Problems; readonly history: RootHistory },
): AsyncGenerator<WalkedEntry, void, undefined> {
  for (const tile of bundlesOfGrowth(0, checkpoint.size)) {
    const path = formatTilePath(tile)
    const bytes = await source.file(year, path)
    const entries = bytes && parseEntryBundle(bytes, tile.width)
    if (entries?.ok !== true) {
      const why = entries ? entries.error.message : 'it is not there'
      problems.add('unreadable', `${year}/${path}`, `entry bundle: ${why}`)
      return
    }
    for (const [i, entry] of entries.value.entries()) {
      history.add(entry)
      yield { position: { year, index: tile.index * tileWidth + i }, bytes: entry }
    }
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
