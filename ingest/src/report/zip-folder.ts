import { closeSync, openSync, readFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { setImmediate as breathe } from 'node:timers/promises'
import { Zip, ZipDeflate } from 'fflate'

/** Packs `names` below `dir` as a zip at `path`, a file at a time; others are answered in between. */
export async function zipFolder(
  dir: string,
  {
    names,
    path,
    signal,
  }: { readonly names: readonly string[]; readonly path: string; readonly signal: AbortSignal },
): Promise<void> {
  const out = openSync(path, 'w', 0o600)
  try {
    const zip = new Zip((error, chunk) => {
      if (error) throw error
      writeSync(out, chunk)
    })
    for (const name of names) {
      signal.throwIfAborted()
      const entry = new ZipDeflate(name, { level: 4 })
      // One instant for all, so that one bundle is one file, whenever it was packed.
      entry.mtime = '1980-01-01T00:00:00'
      zip.add(entry)
      entry.push(readFileSync(join(dir, name)), true)
      await breathe()
    }
    zip.end()
  } finally {
    closeSync(out)
  }
}
