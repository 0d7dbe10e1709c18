import { createHash } from 'node:crypto'
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join, relative, sep } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { openLogReader } from '@hours/ingest'
import { createTree, formatBase64, leafHash, parseCheckpoint, parseNote } from '@hours/ledger'
import { nodeCrypto } from '@hours/ledger/node'
import { z } from 'zod'

/** A log's size and root at one instant, as its checkpoint signs it. */
const Head = z.object({ origin: z.string(), size: z.int(), root: z.string() })
export type Head = z.infer<typeof Head>

/** What a backup says of itself; every file but this one with its hash. */
export const Manifest = z.object({
  v: z.literal(1),
  at: z.int(),
  logName: z.string(),
  heads: z.array(Head),
  files: z.array(z.object({ path: z.string(), sha256: z.string() })),
})
export type Manifest = z.infer<typeof Manifest>

/** What a site is besides its log; the index and the series are made again from the log. */
const besides = ['keys', 'ca', 'tls', 'policy', 'channels.json', 'client-id']
const tries = 3

/** Copies a site into an empty folder, also while it runs; the copy is read through before it counts. */
export function copySite(from: string, to: string, at: number): Manifest {
  mkdirSync(to, { recursive: true, mode: 0o700 })
  // Before the log: it remembers how large the log was, and must not remember more than the copy has.
  const operations = join(from, 'operations.sqlite')
  if (existsSync(operations)) copyDatabase(operations, join(to, 'operations.sqlite'))
  for (const name of besides) if (existsSync(join(from, name))) copyTree(join(from, name), join(to, name))
  for (let left = tries; ; left--) {
    copyLog(join(from, 'log'), join(to, 'log'))
    try {
      const heads = readThrough(join(to, 'log'))
      const { logName } = openLogReader(join(to, 'log'))
      const files = filesIn(to).map((path) => ({ path, sha256: hashOf(join(to, path)) }))
      return { v: 1, at, logName, heads, files }
    } catch (error) {
      // A tile may have been replaced by a wider one between being listed and being read.
      if (left <= 1) throw error
    }
  }
}

/** Copies the files of a checked backup; never over anything. */
export function putBack({ files }: Manifest, from: string, to: string): void {
  for (const { path } of files) {
    const target = join(to, path)
    mkdirSync(dirname(target), { recursive: true, mode: 0o700 })
    copyFileSync(join(from, path), target, 1)
    if (isSecret(path)) chmodSync(target, 0o600)
  }
}

/** Names each file that is missing, changed or not in the manifest. */
export function manifestFaults(manifest: Manifest, dir: string): string[] {
  const known = new Map(manifest.files.map(({ path, sha256 }) => [path, sha256]))
  const found = new Set(filesIn(dir))
  return [
    ...[...known].flatMap(([path, sha256]) => {
      if (!found.has(path)) return [`${path} is missing`]
      return hashOf(join(dir, path)) === sha256 ? [] : [`${path} has been changed`]
    }),
    ...[...found].filter((path) => !known.has(path)).map((path) => `${path} is not in the manifest`),
  ]
}

/** Size and root that a checkpoint's text states; throws when it is none. */
export function headOf(text: string, name: string): Head {
  const note = parseNote(text)
  const checkpoint = note.ok ? parseCheckpoint(note.value.text) : note
  if (!checkpoint.ok) throw new Error(`${name}: no checkpoint (${checkpoint.error.message})`)
  const { origin, size, root } = checkpoint.value
  return { origin, size, root: formatBase64(root) }
}

/** Root of the first `size` leaves of a year in a log's folder, base64. */
export function rootAt(logDir: string, year: number, size: number): string {
  const tree = createTree(nodeCrypto.sha256)
  for (const { position, bytes } of openLogReader(logDir).read())
    if (position.year === year && position.index < size) tree.append(leafHash(bytes, nodeCrypto.sha256))
  return formatBase64(tree.root())
}

/** Recomputes every root from the entries; throws `log_damaged`. */
function readThrough(logDir: string): Head[] {
  let read = 0
  for (const _ of openLogReader(logDir).read()) read += 1
  const heads = yearsIn(logDir).map((year) =>
    headOf(readFileSync(join(logDir, year, 'checkpoint'), 'utf8'), year),
  )
  const total = heads.reduce((sum, { size }) => sum + size, 0)
  if (read !== total) throw new Error(`${logDir}: ${read} entries, but its checkpoints sign ${total}`)
  return heads
}

const yearsIn = (logDir: string) =>
  readdirSync(logDir).filter((name) => /^\d{4}$/.test(name) && existsSync(join(logDir, name, 'checkpoint')))

/** Checkpoints are read first and written last, so that the copy has all they sign; what is beyond is cut at the start. */
function copyLog(from: string, to: string): void {
  const checkpoints = yearsIn(from).map((year) => ({
    path: join(to, year, 'checkpoint'),
    bytes: readFileSync(join(from, year, 'checkpoint')),
  }))
  copyTree(from, to, (name) => name === 'checkpoint' || name === 'writer.lock')
  for (const { path, bytes } of checkpoints) writeFileSync(path, bytes)
}

function copyTree(from: string, to: string, leaveOut: (name: string) => boolean = () => false): void {
  if (!statSync(from).isDirectory()) {
    copyFileSync(from, to)
    return
  }
  mkdirSync(to, { recursive: true, mode: 0o700 })
  for (const name of readdirSync(from))
    if (!leaveOut(name)) unlessGone(() => copyTree(join(from, name), join(to, name), leaveOut))
}

/** A running log takes tiles, and whole folders of them, away as soon as wider ones replace them. */
function unlessGone(copy: () => void): void {
  try {
    copy()
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
  }
}

function copyDatabase(from: string, to: string): void {
  const db = new DatabaseSync(from, { timeout: 10_000 })
  try {
    db.prepare('VACUUM INTO ?').run(to)
  } finally {
    db.close()
  }
  chmodSync(to, 0o600)
}

const isSecret = (path: string) =>
  /^(keys|ca|tls)\/.*(\.pem|\.key)$|^operations/.test(path) && !/(ca|site)\.pem$/.test(path)

const filesIn = (dir: string): string[] =>
  readdirSync(dir, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(dir, join(entry.parentPath, entry.name)).split(sep).join('/'))
    .filter((path) => path !== 'manifest.json')
    .sort()

const hashOf = (path: string) => createHash('sha256').update(readFileSync(path)).digest('hex')
