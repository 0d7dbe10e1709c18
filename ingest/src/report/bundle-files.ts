import { createHash, type Hash } from 'node:crypto'
import { closeSync, fsyncSync, mkdirSync, openSync, writeSync } from 'node:fs'
import { dirname, join } from 'node:path'

/** A file of a bundle and the SHA-256 of its bytes, hex. */
export interface BundleSubject {
  readonly name: string
  readonly digest: { readonly sha256: string }
}

/** Writes the files of a bundle below `dir` and remembers their digests. */
export interface BundleFiles {
  write(name: string, bytes: Uint8Array | string): void
  /** A file that grows line by line. */
  lines(name: string): { add(line: Uint8Array | string): void; close(): void }
  /** Of everything written so far, by name. */
  subjects(): BundleSubject[]
}

const newline = Buffer.from('\n')

export function createBundleFiles(dir: string): BundleFiles {
  const subjects = new Map<string, string>()
  function open(name: string): { put(bytes: Uint8Array): void; close(): void } {
    const path = join(dir, name)
    mkdirSync(dirname(path), { recursive: true })
    // A bundle never grows over another one.
    const file = openSync(path, 'wx', 0o644)
    const hash: Hash = createHash('sha256')
    return {
      put(bytes) {
        writeSync(file, bytes)
        hash.update(bytes)
      },
      close() {
        fsyncSync(file)
        closeSync(file)
        subjects.set(name, hash.digest('hex'))
      },
    }
  }
  return {
    write(name, bytes) {
      const file = open(name)
      file.put(typeof bytes === 'string' ? Buffer.from(bytes) : bytes)
      file.close()
    },
    lines(name) {
      const file = open(name)
      return {
        add: (line) =>
          file.put(Buffer.concat([typeof line === 'string' ? Buffer.from(line) : line, newline])),
        close: () => file.close(),
      }
    },
    subjects: () =>
      [...subjects]
        .map(([name, sha256]) => ({ name, digest: { sha256 } }))
        .sort((a, b) => (a.name < b.name ? -1 : 1)),
  }
}
