import { accept, type Decoded, refuse } from '@hours/protocol'
import { LedgerError, type LedgerCode } from './ledger-error.ts'
import { tileWidth } from './tile.ts'

/** Length of an entry fits two bytes (C2SP tlog-tiles). */
export const maxEntryBytes = 65_535

/** Entries one after the other, each with its length before it as uint16 big-endian. */
export function formatEntryBundle(entries: readonly Uint8Array[]): Uint8Array {
  const bundle = new Uint8Array(entries.reduce((sum, entry) => sum + 2 + entry.length, 0))
  let at = 0
  for (const entry of entries) {
    if (entry.length > maxEntryBytes)
      throw new LedgerError('oversize', `an entry of ${entry.length} bytes; at most ${maxEntryBytes} fit`)
    bundle[at] = entry.length >> 8
    bundle[at + 1] = entry.length & 0xff
    bundle.set(entry, at + 2)
    at += 2 + entry.length
  }
  return bundle
}

/** The entries of a bundle, exactly `width` of them (views into `bundle`); nothing may be left over. */
export function parseEntryBundle(
  bundle: Uint8Array,
  width: number,
): Decoded<readonly Uint8Array[], LedgerCode> {
  const entries: Uint8Array[] = []
  let at = 0
  while (at < bundle.length && entries.length < Math.min(width, tileWidth)) {
    const length = ((bundle[at] ?? 0) << 8) | (bundle[at + 1] ?? 0)
    const end = at + 2 + length
    if (end > bundle.length)
      return refuse(
        'bad_tile',
        `entry ${entries.length} of the bundle ends at byte ${end} of ${bundle.length}`,
      )
    entries.push(bundle.subarray(at + 2, end))
    at = end
  }
  if (entries.length !== width || at !== bundle.length)
    return refuse(
      'bad_tile',
      `the bundle holds ${entries.length} entries and ${bundle.length - at} bytes more; ${width} were expected`,
    )
  return accept(entries)
}
