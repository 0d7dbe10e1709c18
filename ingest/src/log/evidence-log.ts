import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import {
  createVkey,
  formatBase64,
  formatOrigin,
  formatVkey,
  maxEntryBytes,
  noteType,
  recordDigest,
  type Signer,
} from '@hours/ledger'
import { nodeCrypto } from '@hours/ledger/node'
import type { Clock, Millis } from '@hours/protocol'
import { IngestError } from '../ingest-error.ts'
import type { EvidenceLog, Position } from '../ports.ts'
import { createAppendQueue, type Waiting } from './append-queue.ts'
import { keepCheckpoint, keepLatest, keptCheckpoint, keptSizes, latestKept } from './kept-checkpoints.ts'
import { createLogFiles } from './log-files.ts'
import { recoverYear } from './recover.ts'
import { createRecent } from './recent.ts'
import { checkNotRolledBack, type KnownHead } from './rollback.ts'
import { lockWriter } from './writer-lock.ts'
import { createYearLog, type YearLog } from './year-log.ts'

const { sha256 } = nodeCrypto

/** Where a log ended: `previous` of the next year's `opening`. */
export interface LogEnd {
  readonly origin: string
  readonly size: number
  /** Base64. */
  readonly root: string
}

export interface EvidenceLogOptions {
  /** `<data>/log`; a directory a year is made below it. */
  readonly directory: string
  /** Origin of a year's log is `<logName>/<year>`. */
  readonly logName: string
  readonly signer: Signer
  readonly clock: Clock
  /** The signed `opening` record of a new year's log. */
  readonly opening: (origin: string, previous: LogEnd | null) => Uint8Array
  /** A `time` record to end a batch with, when one is due; `size` = leaves before it. */
  readonly trailer?: (at: Millis, size: number) => Uint8Array | undefined
  /** Position of an entry that is in the log, by its digest; absent = the log reads itself once and remembers all. */
  readonly find?: (digest: string) => Position | undefined
  /** Sizes this log is known to have had: operations, index, witnesses. */
  readonly heads?: readonly KnownHead[]
  /** False only where days of simulated history pass in seconds; default true. */
  readonly survivesPowerCut?: boolean
  /** Called after each publish, before the records' promises resolve. */
  readonly onPublished?: (batch: readonly { position: Position; bytes: Uint8Array; digest: string }[]) => void
}

/** The evidence log with what only its owner may do. */
export interface EvidenceLogWriter extends EvidenceLog {
  /** As `append`, for entries whose digest is known; the promise of each. */
  appendOne(bytes: Uint8Array, digest: string): Promise<Position>
  root(year?: number): string
  /** As `inclusion` and `consistency`, in bytes. */
  proof(position: Position, size: number): Uint8Array[]
  growth(year: number, from: number, to: number): Uint8Array[]
  /** One proof that the leaves `indices` (ascending) stand in the first `size` of that year's log. */
  subset(year: number, indices: readonly number[], size: number): Uint8Array[]
  /** Root of the first `size` leaves of the log `origin`, base64; undefined when it never had so many. */
  rootAt(origin: string, size: number): string | undefined
  /** Publishes a `time` record though nothing else waits, when the trailer says so. */
  tick(): Promise<void>
  queued(): number
  /** Why nothing can be appended until the log is opened again; undefined while all is well. */
  halted(): string | undefined
  /** At the very first start: `opening` as the first leaf, so that there is a checkpoint before any record. */
  appendOpening(): Promise<void>
  /** Keeps a cosigned checkpoint as `checkpoints/<size>`. */
  keepCheckpoint(year: number, size: number, note: string): Promise<void>
  /** Keeps it as `checkpoints/latest`, the newest that witnesses vouch for. */
  keepLatest(year: number, note: string): Promise<void>
  keptCheckpoint(year: number, size: number): string | undefined
  /** The newest checkpoint that witnesses have signed; undefined when none has. */
  latestKept(year: number): string | undefined
  keptSizes(year: number): readonly number[]
}

/** Opens the log: takes the writer's lock, recovers every year, refuses a directory that was rolled back. */
export async function openEvidenceLog(options: EvidenceLogOptions): Promise<EvidenceLogWriter> {
  const { directory, logName, signer } = options
  const unlock = lockWriter(directory)
  try {
    const logs = new Map<number, YearLog>()
    for (const year of yearsIn(directory)) logs.set(year, await openYear(year))
    checkNotRolledBack(logs, options.heads ?? [])
    return createWriter(options, { logs, openYear, unlock })
  } catch (error) {
    unlock()
    throw error
  }

  async function openYear(year: number): Promise<YearLog> {
    const origin = formatOrigin(logName, year)
    const path = join(directory, String(year))
    const files = createLogFiles(path)
    const state = await recoverYear(path, origin, { files, signer })
    const { survivesPowerCut = true } = options
    return createYearLog({ year, origin, directory: path, files, state, signer, survivesPowerCut })
  }
}

interface Opened {
  readonly logs: Map<number, YearLog>
  readonly openYear: (year: number) => Promise<YearLog>
  readonly unlock: () => void
}

function createWriter(options: EvidenceLogOptions, { logs, openYear, unlock }: Opened): EvidenceLogWriter {
  const { directory, logName, signer, clock } = options
  const recent = createRecent(options.find)
  const roots = new Map<string, string>()
  const queue = createAppendQueue(clock, publish)
  let closed = false

  if (!options.find)
    for (const { position, bytes } of entries()) recent.landed(recordDigest(bytes, sha256), position)

  async function publish(batch: readonly Waiting[]): Promise<void> {
    const log = await current()
    const items = batch.map(({ bytes, digest }) => ({ bytes, digest }))
    if (log.size() === 0) items.unshift(hashed(openingOf(log)))
    const trailer = options.trailer?.(clock.wall(), log.size() + items.length)
    if (trailer) items.push(hashed(trailer))
    if (items.length === 0) return
    const first = log.size()
    await log.publish(items.map(({ bytes }) => bytes))
    const published = items.map((item, i) => ({ ...item, position: { year: log.year, index: first + i } }))
    rememberRoot(log)
    for (const { digest, position } of published) recent.landed(digest, position)
    options.onPublished?.(published)
    const byDigest = new Map(published.map(({ digest, position }) => [digest, position]))
    for (const one of batch) {
      const position = byDigest.get(one.digest)
      if (position) one.done(position)
    }
  }

  /** The log of the clock's year; a clock set back never reopens an older one. */
  async function current(): Promise<YearLog> {
    const newest = Math.max(...logs.keys())
    const year = Math.max(new Date(clock.wall()).getUTCFullYear(), newest)
    const known = logs.get(year)
    if (known) return known
    const log = await openYear(year)
    logs.set(year, log)
    return log
  }

  function openingOf(log: YearLog): Uint8Array {
    const before = [...logs.values()].filter((one) => one.year < log.year && one.size() > 0).at(-1)
    const previous = before && {
      origin: before.origin,
      size: before.size(),
      root: formatBase64(before.root()),
    }
    return options.opening(log.origin, previous ?? null)
  }

  function rememberRoot(log: YearLog): void {
    roots.set(`${log.origin} ${log.size()}`, formatBase64(log.root()))
    const oldest = roots.size > 4_096 ? roots.keys().next().value : undefined
    if (oldest !== undefined) roots.delete(oldest)
  }

  function appendOne(bytes: Uint8Array, digest: string): Promise<Position> {
    if (closed) return Promise.reject(new IngestError('closed', 'the log is closed'))
    if (bytes.length === 0 || bytes.length > maxEntryBytes)
      return Promise.reject(
        new IngestError('oversize', `an entry of ${bytes.length} bytes; 1 to ${maxEntryBytes} fit the log`),
      )
    const known = recent.find(digest)
    if (known) return Promise.resolve(known)
    const under = recent.pending(digest)
    if (under) return under
    const promise = new Promise<Position>((done, failed) => queue.add([{ bytes, digest, done, failed }]))
    recent.pend(digest, promise)
    return promise
  }

  function yearLog(year = Math.max(...logs.keys())): YearLog {
    const log = logs.get(year)
    if (!log) throw new IngestError('bad_option', `there is no log of the year ${year} in ${directory}`)
    return log
  }

  function* entries(after?: Position): IterableIterator<{ position: Position; bytes: Uint8Array }> {
    for (const log of [...logs.values()]) {
      if (after && log.year < after.year) continue
      const from = after?.year === log.year ? after.index + 1 : 0
      for (let index = from; index < log.size(); index++)
        yield { position: { year: log.year, index }, bytes: log.entry(index) }
    }
  }

  return {
    append: (items) => Promise.all(items.map((bytes) => appendOne(bytes, recordDigest(bytes, sha256)))),
    appendOne,
    checkpoint: (year) => yearLog(year).checkpoint() ?? '',
    size: (year) => (logs.size === 0 ? 0 : yearLog(year).size()),
    root: (year) => formatBase64(yearLog(year).root()),
    rootAt(origin, size) {
      const log = [...logs.values()].find((one) => one.origin === origin)
      if (!log || size > log.size()) return undefined
      return roots.get(`${origin} ${size}`) ?? formatBase64(log.rootAt(size))
    },
    inclusion({ year, index }, size) {
      const log = yearLog(year)
      return log.inclusion(index, size ?? log.size()).map(formatBase64)
    },
    proof: ({ year, index }, size) => yearLog(year).inclusion(index, size),
    subset: (year, indices, size) => yearLog(year).subset(indices, size),
    growth: (year, from, to) => yearLog(year).consistency(from, to),
    consistency: (year, from, to) => yearLog(year).consistency(from, to).map(formatBase64),
    entry: ({ year, index }) => yearLog(year).entry(index),
    entries,
    years: () => [...logs.keys()],
    origin: (year) => formatOrigin(logName, year),
    vkey() {
      const year = logs.size === 0 ? new Date(clock.wall()).getUTCFullYear() : Math.max(...logs.keys())
      return formatVkey(createVkey(formatOrigin(logName, year), noteType.ed25519, signer.publicKey, sha256))
    },
    keepCheckpoint: (year, size, note) => keepCheckpoint(join(directory, String(year)), size, note),
    keepLatest: (year, note) => keepLatest(join(directory, String(year)), note),
    keptCheckpoint: (year, size) => keptCheckpoint(join(directory, String(year)), size),
    latestKept: (year) => latestKept(join(directory, String(year))),
    keptSizes: (year) => keptSizes(join(directory, String(year))),
    async tick() {
      if (!closed) await publishTime()
    },
    queued: queue.size,
    halted: () => [...logs.values()].map((log) => log.halted()).find((one) => one !== undefined),
    async appendOpening() {
      if (logs.size === 0 || yearLog().size() === 0) await publish([])
    },
    async close() {
      if (closed) return
      closed = true
      await queue.drain()
      for (const log of logs.values()) log.flush()
      unlock()
    },
  }

  /** An empty batch: only the trailer, if one is due, is published. */
  async function publishTime(): Promise<void> {
    const log = logs.size === 0 ? undefined : yearLog()
    const due = log && options.trailer?.(clock.wall(), log.size())
    if (due) await appendOne(due, recordDigest(due, sha256))
  }
}

const hashed = (bytes: Uint8Array) => ({ bytes, digest: recordDigest(bytes, sha256) })

/** Years that have a directory, ascending. */
function yearsIn(directory: string): number[] {
  const names = readdirSync(directory).filter((name) => /^\d{4}$/.test(name))
  return names.map(Number).sort((a, b) => a - b)
}
