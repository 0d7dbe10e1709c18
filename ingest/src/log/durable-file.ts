import {
  closeSync,
  existsSync,
  fdatasync,
  fsync,
  mkdirSync,
  openSync,
  renameSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { dirname } from 'node:path'

/** A file to be written whole. */
export interface FileBytes {
  readonly path: string
  readonly bytes: Uint8Array
}

/** Ending of a file that is not finished; recovery removes what it finds of these. */
export const unfinished = '.tmp'

/**
 * Only what waits for the disk is awaited. Each await is a turn of the loop, and under a flood a turn takes as long as all
 * that came in takes: with every call of a publish awaited, honest pages waited thirty of them.
 */
const synced = (fd: number, sync: typeof fsync): Promise<void> =>
  new Promise((resolve, reject) => {
    sync(fd, (error) => {
      if (error) reject(error)
      else resolve()
    })
  })

/** Runs `use` on an open file and closes it, whatever comes of it. */
async function withFile(path: string, flags: 'r' | 'w', use: (fd: number) => Promise<void>): Promise<void> {
  const fd = openSync(path, flags, 0o644)
  try {
    await use(fd)
  } finally {
    closeSync(fd)
  }
}

/** Makes the entries of a directory durable: without this a rename may be gone after a power cut. */
export const syncDirectory = (path: string): Promise<void> => withFile(path, 'r', (fd) => synced(fd, fsync))

/** Writes `bytes` beside `path` and makes them durable; `path` itself is not touched yet. */
const writeUnfinished = ({ path, bytes }: FileBytes): Promise<void> =>
  withFile(path + unfinished, 'w', (fd) => {
    writeFileSync(fd, bytes)
    return synced(fd, fdatasync)
  })

/** Makes `path` and its parents; each directory that is new is made durable in its parent. */
export async function makeDirectory(path: string): Promise<void> {
  if (existsSync(path)) return
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
  for (const { path } of files) renameSync(path + unfinished, path)
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
