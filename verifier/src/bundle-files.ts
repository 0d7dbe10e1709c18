import { createHash } from 'node:crypto'
import { closeSync, opendirSync } from 'node:fs'
import { join } from 'node:path'
import { accept, type Decoded, refuse } from '@hours/protocol'
import { openPlainFile, type PlainFile, readAt } from './plain-file.ts'
import { createWindows } from './windows.ts'

/** The files of a bundle; every one may be hostile. Names are relative, with `/`. */
export interface BundleFiles {
  readonly names: readonly string[]
  /** Bytes; undefined when it is not there. */
  size(name: string): number | undefined
  /** SHA-256, hex. */
  digest(name: string): string
  /** The whole file; undefined when it is not there or longer than `limit`. */
  read(name: string, limit: number): Uint8Array | undefined
  /**
   * Calls `take` with each line, good only for that call, and where it begins; false as soon as the file is not there, a
   * line is shorter or longer than `bounds`, the last one has no end, or `take` says false.
   */
  eachLine(name: string, bounds: LineBounds, take: (line: Uint8Array, at: number) => boolean): boolean
  /** So many bytes from `at` on. */
  part(name: string, at: number, length: number): Uint8Array
  close(): void
}

export interface LineBounds {
  readonly least: number
  readonly most: number
}

const maxNames = 200_000
const maxDepth = 6
const maxBytes = 64 * 1024 ** 3
/** A line is found by 4 bytes. */
const maxFileBytes = 2 ** 32 - 1
const nameForm = /^[A-Za-z0-9][A-Za-z0-9._-]{0,120}$/
const chunkBytes = 1 << 18
const newline = 10
const maxOpen = 200

/** Opens the folder: plain files of plain names only, bounded in number, depth and size; no links are followed. */
export function openBundle(dir: string): Decoded<BundleFiles, 'unreadable'> {
  const sizes = new Map<string, number>()
  const fault = walk(dir, '', { sizes, names: 0, bytes: 0 }, 0)
  return fault === undefined ? accept(bundleOf(filesBelow(dir, sizes))) : refuse('unreadable', fault)
}

interface Walked {
  readonly sizes: Map<string, number>
  /** Folders count too. */
  names: number
  bytes: number
}

/** Lists what lies below; returns what is wrong with it. */
function walk(dir: string, below: string, walked: Walked, depth: number): string | undefined {
  if (depth > maxDepth) return `${below}: folders deeper than ${maxDepth}`
  try {
    const folder = opendirSync(join(dir, below))
    try {
      for (let found = folder.readSync(); found; found = folder.readSync()) {
        const path = below === '' ? found.name : `${below}/${found.name}`
        const fault = found.isDirectory()
          ? (nameFault(found.name, path) ?? walk(dir, path, walked, depth + 1))
          : addFile(dir, path, walked)
        if (fault !== undefined) return fault
        walked.names += 1
        if (walked.names > maxNames) return `more than ${maxNames} files and folders`
      }
    } finally {
      folder.closeSync()
    }
  } catch (error) {
    return `${below || dir}: ${error instanceof Error ? error.message : String(error)}`
  }
  return undefined
}

function addFile(dir: string, path: string, walked: Walked): string | undefined {
  const fault = nameFault(path.slice(path.lastIndexOf('/') + 1), path)
  if (fault !== undefined) return fault
  const file = openPlainFile(join(dir, path))
  if (!file) return `${path} is neither a file nor a folder, or must not be read`
  closeSync(file.descriptor)
  walked.sizes.set(path, file.length)
  walked.bytes += file.length
  if (file.length > maxFileBytes) return `${path}: ${file.length} bytes; at most ${maxFileBytes} are read`
  return walked.bytes > maxBytes ? `more than ${maxBytes} bytes` : undefined
}

function nameFault(name: string, path: string): string | undefined {
  if (nameForm.test(name)) return undefined
  const shown = JSON.stringify(path.slice(0, 200))
  return name.startsWith('.')
    ? `${shown} is no part of a report; a file manager may have put it there. Fix: delete it.`
    : `${shown} is no name of a file in a bundle`
}

/** Where the bytes of a bundle come from. */
export interface RawFiles {
  /** Names and lengths. */
  readonly sizes: ReadonlyMap<string, number>
  /** Fills `into` from `at` on as far as the file goes; returns how much it was. */
  readAt(name: string, into: Uint8Array, at: number): number
  close(): void
}

function filesBelow(dir: string, sizes: ReadonlyMap<string, number>): RawFiles {
  /** Files read last: entries of a few gateways take turns. */
  const open = new Map<string, PlainFile>()

  function fileOf(name: string): PlainFile | undefined {
    const known = open.get(name)
    if (known) return known
    const file = openPlainFile(join(dir, name))
    const [oldest] = open
    if (open.size >= maxOpen && oldest) {
      closeSync(oldest[1].descriptor)
      open.delete(oldest[0])
    }
    if (file) open.set(name, file)
    return file
  }

  return {
    sizes,
    readAt(name, into, at) {
      const file = fileOf(name)
      return file ? readAt(file, into, at) : 0
    },
    close() {
      for (const file of open.values()) closeSync(file.descriptor)
      open.clear()
    },
  }
}

/** The same for any source of bytes; piece by piece, so that no file's size is memory. */
export function bundleOf(raw: RawFiles): BundleFiles {
  const { sizes } = raw
  const part = (name: string, at: number, length: number) => {
    const bytes = new Uint8Array(Math.max(0, Math.min(length, (sizes.get(name) ?? 0) - at)))
    return bytes.subarray(0, raw.readAt(name, bytes, at))
  }
  const windows = createWindows(part)

  return {
    names: [...sizes.keys()].sort(),
    size: (name) => sizes.get(name),
    digest(name) {
      const hash = createHash('sha256')
      const chunk = new Uint8Array(Math.min(chunkBytes, sizes.get(name) ?? 0))
      for (let at = 0, got = chunk.length; got > 0; at += got) {
        got = raw.readAt(name, chunk, at)
        hash.update(chunk.subarray(0, got))
      }
      return hash.digest('hex')
    },
    read(name, limit) {
      const size = sizes.get(name)
      return size === undefined || size > limit ? undefined : part(name, 0, size)
    },
    eachLine(name, { least, most }, take) {
      const size = sizes.get(name)
      if (size === undefined) return false
      const buffer = new Uint8Array(Math.min(chunkBytes + most, size))
      /** Bytes of a line that has no end yet, at the beginning of the buffer. */
      let kept = 0
      for (let at = 0; at < size; ) {
        const got = raw.readAt(name, buffer.subarray(kept), at)
        if (got === 0) return false
        const filled = buffer.subarray(0, kept + got)
        const begin = at - kept
        let from = 0
        for (let end = filled.indexOf(newline, kept); end >= 0; end = filled.indexOf(newline, from)) {
          if (end - from < least || end - from > most) return false
          if (!take(filled.subarray(from, end), begin + from)) return false
          from = end + 1
        }
        kept = filled.length - from
        if (kept > most) return false
        buffer.copyWithin(0, from, filled.length)
        at += got
      }
      return kept === 0
    },
    part: (name, at, length) => windows.read(name, at, length),
    close: () => raw.close(),
  }
}
