import { existsSync, mkdirSync, renameSync, unlinkSync, writeFileSync } from 'node:fs'
import { mkdir, open, rename } from 'node:fs/promises'
import { dirname } from 'node:path'

/** A file to be written whole. */
export interface FileBytes {
  readonly path: string
  readonly bytes: Uint8Array
}

/** Ending of a file that is not finished; recovery removes what it finds of these. */
export const unfinished = '.tmp'

/** Makes the entries of a directory durable: without this a rename may be gone after a power cut. */
export async function syncDirectory(path: string): Promise<void> {
  const handle = await open(path, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

/** Writes `bytes` beside `path` and makes them durable; `path` itself is not touched yet. */
async function writeUnfinished({ path, bytes }: FileBytes): Promise<void> {
  const handle = await open(path + unfinished, 'w', 0o644)
  try {
    await handle.writeFile(bytes)
    await handle.datasync()
  } finally {
    await handle.close()
  }
}

/** Makes `path` and its parents; each directory that is new is made durable in its parent. */
export async function makeDirectory(path: string): Promise<void> {
  const first = await mkdir(path, { recursive: true })
  if (first === undefined) return
  for (let made = path; ; made = dirname(made)) {
    await syncDirectory(dirname(made))
    if (made === first || dirname(made) === made) return
  }
}

/**
 * Writes all `files`, each whole or not at all: to a neighbour, fsync, rename, fsync of the directories. When it
 * resolves they survive a power cut; when it rejects some of them may be there.
 */
export async function writeDurably(files: readonly FileBytes[]): Promise<void> {
  const directories = new Set(files.map(({ path }) => dirname(path)))
  await Promise.all([...directories].map(makeDirectory))
  await Promise.all(files.map(writeUnfinished))
  await Promise.all(files.map(({ path }) => rename(path + unfinished, path)))
  await Promise.all([...directories].map(syncDirectory))
}

/**
 * For simulated history, which is played again sooner than it waits for a disk. A file that is there is removed first:
 * ext4 writes one out at once that is renamed over another.
 */
export function writeQuickly(files: readonly FileBytes[]): void {
  for (const { path, bytes } of files) {
    const made = path + unfinished
    if (existsSync(path)) {
      writeFileSync(made, bytes)
      unlinkSync(path)
      renameSync(made, path)
    } else {
      mkdirSync(dirname(path), { recursive: true })
      writeFileSync(path, bytes)
    }
  }
}
