import { createHash } from 'node:crypto'
import { closeSync, fstatSync, lstatSync, openSync, readdirSync, readSync } from 'node:fs'
import { join } from 'node:path'
import { accept, type Decoded, refuse } from '@hours/protocol'

/** The files of a bundle; every one may be hostile. Names are relative, with `/`. */
export interface BundleFiles {
  readonly names: readonly string[]
  /** SHA-256, hex. */
  digest(name: string): string
  /** The whole file; undefined when it is not there or longer than `limit`. */
  read(name: string, limit: number): Uint8Array | undefined
  /** Begin and length of every line; undefined when it is not there, a line is too long, or the last one has no end. */
  lines(name: string, maxLine: number): readonly Line[] | undefined
  /** A line found by `lines`. */
  line(name: string, line: Line): Uint8Array
  close(): void
}

export interface Line {
  readonly at: number
  readonly length: number
}

const maxFiles = 200_000
const maxDepth = 6
const maxBytes = 64 * 1024 ** 3
const nameForm = /^[A-Za-z0-9][A-Za-z0-9._-]{0,120}$/
const chunkBytes = 1 << 20
const newline = 10

/** Opens the folder: plain files of plain names only, bounded in number, depth and size; no links are followed. */
export function openBundle(dir: string): Decoded<BundleFiles, 'unreadable'> {
  const sizes = new Map<string, number>()
  const walked = walk(dir, '', 0, sizes)
  if (walked !== undefined) return refuse('unreadable', walked)
  const total = [...sizes.values()].reduce((sum, size) => sum + size, 0)
  if (total > maxBytes) return refuse('unreadable', `${total} bytes; at most ${maxBytes} are read`)
  return accept(readers(dir, sizes))
}

function walk(dir: string, below: string, depth: number, sizes: Map<string, number>): string | undefined {
  if (depth > maxDepth) return `${below}: folders deeper than ${maxDepth}`
  let names: string[]
  try {
    names = readdirSync(join(dir, below))
  } catch (error) {
    return `${below || dir}: ${error instanceof Error ? error.message : String(error)}`
  }
  for (const name of names) {
    const path = below === '' ? name : `${below}/${name}`
    if (!nameForm.test(name)) return `${JSON.stringify(path.slice(0, 200))} is no name of a file in a bundle`
    const found = lstatSync(join(dir, path))
    if (found.isDirectory()) {
      const fault = walk(dir, path, depth + 1, sizes)
      if (fault !== undefined) return fault
    } else if (found.isFile()) sizes.set(path, found.size)
    else return `${path} is neither a file nor a folder`
    if (sizes.size > maxFiles) return `more than ${maxFiles} files`
  }
  return undefined
}

function readers(dir: string, sizes: ReadonlyMap<string, number>): BundleFiles {
  /** The file that lines are read from just now, and the one before: entries of a few gateways take turns. */
  const open = new Map<string, number>()

  function fileOf(name: string): number {
    const known = open.get(name)
    if (known !== undefined) {
      open.delete(name)
      open.set(name, known)
      return known
    }
    const file = openSync(join(dir, name), 'r')
    open.set(name, file)
    const [oldest] = open
    if (open.size > 200 && oldest) {
      closeSync(oldest[1])
      open.delete(oldest[0])
    }
    return file
  }

  /** Piece by piece, so that no file's size is memory. */
  function eachChunk(name: string, take: (chunk: Uint8Array) => void): void {
    const file = openSync(join(dir, name), 'r')
    try {
      const chunk = new Uint8Array(chunkBytes)
      for (let got = readSync(file, chunk); got > 0; got = readSync(file, chunk)) take(chunk.subarray(0, got))
    } finally {
      closeSync(file)
    }
  }

  return {
    names: [...sizes.keys()].sort(),
    digest(name) {
      const hash = createHash('sha256')
      eachChunk(name, (chunk) => void hash.update(chunk))
      return hash.digest('hex')
    },
    read(name, limit) {
      if ((sizes.get(name) ?? Infinity) > limit) return undefined
      const file = openSync(join(dir, name), 'r')
      try {
        const { size } = fstatSync(file)
        if (size > limit) return undefined
        const bytes = new Uint8Array(size)
        return bytes.subarray(0, readFully(file, bytes, 0))
      } finally {
        closeSync(file)
      }
    },
    lines(name, maxLine) {
      if (!sizes.has(name)) return undefined
      const lines: Line[] = []
      let at = 0
      let begin = 0
      const over: number[] = []
      eachChunk(name, (chunk) => {
        for (let i = chunk.indexOf(newline); i >= 0; i = chunk.indexOf(newline, i + 1)) {
          lines.push({ at: begin, length: at + i - begin })
          begin = at + i + 1
        }
        at += chunk.length
        if (at - begin > maxLine) over.push(at)
      })
      return over.length > 0 || begin !== at || lines.some(({ length }) => length > maxLine)
        ? undefined
        : lines
    },
    line(name, { at, length }) {
      const bytes = new Uint8Array(length)
      return bytes.subarray(0, readFully(fileOf(name), bytes, at))
    },
    close() {
      for (const file of open.values()) closeSync(file)
      open.clear()
    },
  }
}

function readFully(file: number, bytes: Uint8Array, at: number): number {
  let done = 0
  while (done < bytes.length) {
    const got = readSync(file, bytes, done, bytes.length - done, at + done)
    if (got === 0) break
    done += got
  }
  return done
}
