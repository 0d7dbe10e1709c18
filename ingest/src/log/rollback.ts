import { formatBase64 } from '@hours/ledger'
import { IngestError } from '../ingest-error.ts'
import type { YearLog } from './year-log.ts'

/** A size that a log is known to have had. */
export interface KnownHead {
  readonly origin: string
  readonly size: number
  /** Base64; absent when only the size is known. */
  readonly root?: string
  /** Who says so: `operations.sqlite`, `index.sqlite`, a witness. */
  readonly by: string
}

/**
 * A log restored from a backup would sign a second history over the first: when anybody knows of a larger size, or
 * of another root for a size, nothing may be signed (evidence.md, section 3). Throws `log_rolled_back`.
 */
export function checkNotRolledBack(logs: ReadonlyMap<number, YearLog>, heads: readonly KnownHead[]): void {
  for (const head of heads) {
    const log = [...logs.values()].find(({ origin }) => origin === head.origin)
    const size = log?.size() ?? 0
    if (head.size > size)
      throw rolledBack(head, `the directory has ${size} leaves, but it has had ${head.size}`)
    if (log && head.root !== undefined && head.size > 0) {
      const root = formatBase64(log.rootAt(head.size))
      if (root !== head.root)
        throw rolledBack(head, `its first ${head.size} leaves have the root ${root}, but it was ${head.root}`)
    }
  }
}

const rolledBack = (head: KnownHead, what: string) =>
  new IngestError(
    'log_rolled_back',
    `log ${head.origin}: ${what} (${head.by} says). Fix: put the newest copy of the log back, from a mirror if need be; never sign over an older one.`,
  )
