import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs'

/** A plain file that is open, and its length. */
export interface PlainFile {
  readonly descriptor: number
  readonly length: number
}

/**
 * Opens a file for reading; undefined when it is none. What somebody hands in may hold links to elsewhere, pipes that
 * never answer and devices without end: none of them is followed, waited for or read.
 */
export function openPlainFile(path: string): PlainFile | undefined {
  let descriptor: number
  try {
    descriptor = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
  } catch {
    return undefined
  }
  const found = fstatSync(descriptor)
  if (found.isFile()) return { descriptor, length: found.size }
  closeSync(descriptor)
  return undefined
}

/** Fills `into` from `at` on as far as the file goes; returns how much it was. */
export function readAt({ descriptor }: PlainFile, into: Uint8Array, at: number): number {
  let done = 0
  for (let got = -1; done < into.length && got !== 0; done += got)
    got = readSync(descriptor, into, done, into.length - done, at + done)
  return done
}

/** The whole file; undefined when it is none, or longer than `limit`. */
export function readPlainFile(path: string, limit: number): Uint8Array | undefined {
  const file = openPlainFile(path)
  if (!file) return undefined
  try {
    if (file.length > limit) return undefined
    const bytes = new Uint8Array(file.length)
    return bytes.subarray(0, readAt(file, bytes, 0))
  } finally {
    closeSync(file.descriptor)
  }
}
