import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { utf8 } from '@hours/ledger'
import { writeDurably } from './durable-file.ts'

const pathOf = (directory: string, size: number) => join(directory, 'checkpoints', String(size))

/** Keeps a cosigned checkpoint: its cosignature times bound the `time` records from outside (records.md, section 5). */
export const keepCheckpoint = (directory: string, size: number, note: string): Promise<void> =>
  writeDurably([{ path: pathOf(directory, size), bytes: utf8(note) }])

/** Keeps the newest cosigned checkpoint where a verifier looks for it: `checkpoints/latest`. */
export const keepLatest = (directory: string, note: string): Promise<void> =>
  writeDurably([{ path: join(directory, 'checkpoints', 'latest'), bytes: utf8(note) }])

/** What `keepLatest` kept last; undefined when nothing was. */
export function latestKept(directory: string): string | undefined {
  try {
    return readFileSync(join(directory, 'checkpoints', 'latest'), 'utf8')
  } catch {
    return undefined
  }
}

/** The kept checkpoint of that size, verbatim; undefined when there is none. */
export function keptCheckpoint(directory: string, size: number): string | undefined {
  try {
    return readFileSync(pathOf(directory, size), 'utf8')
  } catch {
    return undefined
  }
}

/** Sizes of all kept checkpoints, ascending. */
export function keptSizes(directory: string): number[] {
  try {
    const names = readdirSync(join(directory, 'checkpoints')).filter((name) => /^[1-9]\d{0,15}$/.test(name))
    return names.map(Number).sort((a, b) => a - b)
  } catch {
    return []
  }
}
