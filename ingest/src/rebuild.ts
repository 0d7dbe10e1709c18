import { renameSync } from 'node:fs'
import { join } from 'node:path'
import { removeIndexDb } from './index/index-db.ts'
import { openLogReader } from './log/log-reader.ts'
import { lockWriter } from './log/writer-lock.ts'
import { openIndex } from './open-index.ts'
import type { Position } from './ports.ts'

/** What a rebuild did. */
export interface Rebuilt {
  readonly entries: number
  readonly position: Position | null
}

/**
 * Makes `index.sqlite` again from the log alone (stores.md): every signature is checked, every figure computed anew.
 * The old index stays until the new one is whole. Throws `locked` while an ingest runs on this folder.
 */
export async function rebuildIndex(
  dataDir: string,
  onProgress: (done: number, total: number) => void = () => undefined,
): Promise<Rebuilt> {
  const directory = join(dataDir, 'log')
  const unlock = lockWriter(directory)
  try {
    const path = join(dataDir, 'index.sqlite')
    const fresh = `${path}.new`
    const rebuilt = await projectInto(fresh, directory, { onProgress })
    removeIndexDb(path)
    renameSync(fresh, path)
    return rebuilt
  } finally {
    unlock()
  }
}

/** Projects the log in `directory`, up to `until`, into a new index at `path`, and closes it. */
export async function projectInto(
  path: string,
  directory: string,
  options: { readonly until?: Position; readonly onProgress?: (done: number, total: number) => void },
): Promise<Rebuilt> {
  removeIndexDb(path)
  const reader = openLogReader(directory)
  const opened = openIndex({ path })
  let entries = 0
  function* counted() {
    for (const one of reader.read(options.until)) {
      entries += 1
      yield one
    }
  }
  try {
    await opened.projector.catchUp({ entries: counted }, () => options.onProgress?.(entries, reader.total))
    await opened.figures.settled()
    opened.db.exec('PRAGMA wal_checkpoint(TRUNCATE)')
    return { entries, position: opened.projector.position() }
  } finally {
    await opened.close()
  }
}
