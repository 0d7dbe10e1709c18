import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import {
  createTree,
  equalBytes,
  leafHash,
  parseCheckpoint,
  parseNote,
  parseOrigin,
  tileWidth,
} from '@hours/ledger'
import { nodeCrypto } from '@hours/ledger/node'
import { IngestError } from '../ingest-error.ts'
import type { EvidenceLog, Position } from '../ports.ts'
import { createLogFiles } from './log-files.ts'

/** A log's directory, read beside its writer: no lock, no keys, nothing is ever written. */
export interface LogReader extends Pick<EvidenceLog, 'entries'> {
  readonly logName: string
  /** Leaves below the checkpoints that were there when it was opened. */
  readonly total: number
  /** The last position; null for an empty log. */
  readonly end: Position | null
  /**
   * Every entry up to `until`, over all years. Where a year is read from its first leaf to its checkpoint its root is
   * recomputed; throws `log_damaged` when it is not the signed one.
   */
  read(until?: Position): IterableIterator<{ position: Position; bytes: Uint8Array }>
}

export function openLogReader(directory: string): LogReader {
  const years = yearsWithCheckpoint(directory).map((year) => openYear(join(directory, String(year)), year))
  const last = years.at(-1)
  if (!last)
    throw new IngestError('bad_option', `${directory} holds no log. Fix: name the data folder of an ingest.`)

  function* read(
    until?: Position,
    after?: Position,
  ): IterableIterator<{ position: Position; bytes: Uint8Array }> {
    for (const log of years) {
      const begin = after
        ? log.year < after.year
          ? log.size
          : after.year === log.year
            ? after.index + 1
            : 0
        : 0
      const end = until
        ? log.year > until.year
          ? 0
          : until.year === log.year
            ? until.index + 1
            : log.size
        : log.size
      yield* readYear(log, begin, Math.min(end, log.size))
    }
  }

  return {
    logName: last.logName,
    total: years.reduce((sum, { size }) => sum + size, 0),
    end: { year: last.year, index: last.size - 1 },
    read: (until) => read(until),
    entries: (after) => read(undefined, after),
  }
}

type YearOnDisk = ReturnType<typeof openYear>

function* readYear(log: YearOnDisk, begin: number, end: number) {
  const tree = createTree(nodeCrypto.sha256)
  for (let index = begin; index < end; ) {
    const bundle = Math.floor(index / tileWidth)
    const width = Math.min(tileWidth, log.size - bundle * tileWidth)
    const entries = log.files.bundle(bundle, width)
    if (!entries)
      throw new IngestError(
        'log_damaged',
        `${log.files.path({ level: 'entries', index: bundle, width })} is missing or cut short`,
      )
    for (; index < Math.min(end, (bundle + 1) * tileWidth); index++) {
      const bytes = entries[index % tileWidth]
      if (!bytes) continue
      if (begin === 0) tree.append(leafHash(bytes, nodeCrypto.sha256))
      yield { position: { year: log.year, index }, bytes }
    }
  }
  if (begin === 0 && end === log.size && !equalBytes(tree.root(), log.root))
    throw new IngestError(
      'log_damaged',
      `${log.directory}: the entries do not give the root of the checkpoint`,
    )
}

function openYear(directory: string, year: number) {
  const note = parseNote(readFileSync(join(directory, 'checkpoint'), 'utf8'))
  const checkpoint = note.ok ? parseCheckpoint(note.value.text) : note
  if (!checkpoint.ok)
    throw new IngestError('log_damaged', `${join(directory, 'checkpoint')}: ${checkpoint.error.message}`)
  const { origin, size, root } = checkpoint.value
  return {
    year,
    directory,
    files: createLogFiles(directory),
    size,
    root,
    logName: parseOrigin(origin)?.log ?? origin,
  }
}

function yearsWithCheckpoint(directory: string): number[] {
  try {
    return readdirSync(directory)
      .filter((name) => /^\d{4}$/.test(name))
      .filter((name) => readdirSync(join(directory, name)).includes('checkpoint'))
      .map(Number)
      .sort((a, b) => a - b)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw error
  }
}
