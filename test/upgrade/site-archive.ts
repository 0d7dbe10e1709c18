import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { brotliCompressSync, brotliDecompressSync } from 'node:zlib'

/** A folder as one file: paths and contents (base64) as JSON, compressed. */
export function packFolder(folder: string): Buffer {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((one) => one.isFile())
    .map((one) => join(one.parentPath, one.name))
    .sort()
  const contents = Object.fromEntries(
    files.map((path) => [
      relative(folder, path).replaceAll('\\', '/'),
      readFileSync(path).toString('base64'),
    ]),
  )
  return brotliCompressSync(JSON.stringify(contents))
}

/** Writes a packed folder out below `folder`; secret files as they must be, for this account alone. */
export function unpackFolder(packed: Uint8Array, folder: string): void {
  const contents = JSON.parse(brotliDecompressSync(packed).toString()) as Record<string, string>
  for (const [path, base64] of Object.entries(contents)) {
    const to = join(folder, path)
    mkdirSync(dirname(to), { recursive: true })
    writeFileSync(to, Buffer.from(base64, 'base64'), { mode: 0o600 })
  }
}
