import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { fromUtf8, maxEntryBytes, tileWidth } from '@hours/ledger'
import { readPlainFile } from './plain-file.ts'

/** The files of an evidence log, wherever they lie; every answer may be hostile. */
export interface LogSource {
  /** Years there are, ascending. */
  years(): Promise<readonly number[]>
  /** The signed checkpoint; undefined when it is not there. */
  checkpoint(year: number): Promise<string | undefined>
  /** Sizes that witnesses have signed and that are kept as `checkpoints/<size>`, ascending; none where nobody can list them. */
  kept(year: number): Promise<readonly number[]>
  /** A file below the year's folder, such as `tile/entries/000.p/17`. */
  file(year: number, path: string): Promise<Uint8Array | undefined>
}

export const maxBundleBytes = tileWidth * (maxEntryBytes + 2)
export const maxCheckpointBytes = 64 * 1024

/** A log in a directory with one folder a year: plain files alone, links are not followed. */
export function directorySource(dir: string): LogSource {
  const numbersIn = (path: string, form: RegExp) => {
    try {
      const names = readdirSync(path).filter((name) => form.test(name))
      return names.map(Number).sort((a, b) => a - b)
    } catch {
      return []
    }
  }
  const read = (year: number, path: string, limit: number) =>
    readPlainFile(join(dir, String(year).padStart(4, '0'), path), limit)
  return {
    years: () => Promise.resolve(numbersIn(dir, /^\d{4}$/)),
    checkpoint(year) {
      const bytes = read(year, 'checkpoint', maxCheckpointBytes)
      return Promise.resolve(bytes && fromUtf8(bytes))
    },
    kept: (year) =>
      Promise.resolve(numbersIn(join(dir, String(year).padStart(4, '0'), 'checkpoints'), /^\d{1,16}$/)),
    file: (year, path) => Promise.resolve(read(year, path, maxBundleBytes)),
  }
}
