import { createHash } from 'node:crypto'
import { closeSync, lstatSync, openSync, readdirSync, readSync } from 'node:fs'
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
const maxOpen = 200

/** Opens the folder: plain files of plain names only, bounded in number, depth and size; no links are followed. */
export function openBundle(dir: string): Decoded<BundleFiles, 'unreadable'> {
  const sizes = new Map<string, number>()
  const walked = walk(dir, '', 0, sizes)
  if (walked !== undefined) return refuse('unreadable', walked)
  const total = [...sizes.values()].reduce((sum, size) => sum + size, 0)
  if (total > maxBytes) return refuse('unreadable', `${total} bytes; at most ${maxBytes} are read`)
  return accept(bundleOf(filesBelow(dir, sizes)))
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
  const open = new Map<string, number>()

  function fileOf(name: string): number {
    const file = open.get(name) ?? openSync(join(dir, name), 'r')
    open.delete(name)
    open.set(name, file)
    const [oldest] = open
    if (open.size > maxOpen && oldest) {
      closeSync(oldest[1])
      open.delete(oldest[0])
    }
    return file
  }

  return {
    sizes,
    readAt(name, into, at) {
      const file = fileOf(name)
      let done = 0
      for (let got = -1; done < into.length && got !== 0; done += got)
        got = readSync(file, into, done, into.length - done, at + done)
      return done
    },
    close() {
      for (const file of open.values()) closeSync(file)
      open.clear()
    },
  }
}

/** The same for any source of bytes; piece by piece, so that no file's size is memory. */
export function bundleOf(raw: RawFiles): BundleFiles {
  const { sizes } = raw

  function eachChunk(name: string, take: (chunk: Uint8Array) => void): void {
    const chunk = new Uint8Array(Math.min(chunkBytes, sizes.get(name) ?? 0))
    for (let at = 0, got = -1; got !== 0 && chunk.length > 0; at += got) {
      got = raw.readAt(name, chunk, at)
      if (got > 0) take(chunk.subarray(0, got))
    }
  }
  const part = (name: string, at: number, length: number) => {
    const bytes = new Uint8Array(length)
    return bytes.subarray(0, raw.readAt(name, bytes, at))
  }

  return {
    names: [...sizes.keys()].sort(),
    digest(name) {
      const hash = createHash('sha256')
      eachChunk(name, (chunk) => void hash.update(chunk))
      return hash.digest('hex')
    },
    read(name, limit) {
      const size = sizes.get(name)
      return size === undefined || size > limit ? undefined : part(name, 0, size)
    },
    lines(name, maxLine) {
      if (!sizes.has(name)) return undefined
      const lines: Line[] = []
      let at = 0
      let begin = 0
      let longest = 0
      eachChunk(name, (chunk) => {
        for (let i = chunk.indexOf(newline); i >= 0; i = chunk.indexOf(newline, i + 1)) {
          lines.push({ at: begin, length: at + i - begin })
          begin = at + i + 1
        }
        at += chunk.length
        longest = Math.max(longest, at - begin)
      })
      const fits = longest <= maxLine && lines.every(({ length }) => length <= maxLine)
      return fits && begin === at ? lines : undefined
    },
    line: (name, { at, length }) => part(name, at, length),
    close: () => raw.close(),
  }
}
