import {
  type ChainState,
  checkPage,
  type OpenedRecord,
  openParsedPage,
  openParsedRecord,
  parseRecord,
  type SignedRecord,
} from '@hours/ledger'
import { nodeCrypto } from '@hours/ledger/node'
import { IngestError } from '../ingest-error.ts'
import type { Position } from '../ports.ts'
import type { RegistryWriter } from '../registry/registry.ts'
import type { ChainTable } from './chain-table.ts'
import type { LoggedVerdict } from './page-projection.ts'

/** What an entry of the log is. */
export type LogEntry =
  | { readonly page: LoggedVerdict; readonly record?: never }
  | { readonly record: OpenedRecord; readonly page?: never }

/**
 * Opens entries of our own log, at a start or for a rebuild, against the registry as it stood there. Throws `log_damaged`
 * for what should never have been logged.
 */
export function createEntryReader(options: {
  readonly registry: RegistryWriter
  readonly chains: ChainTable
}): (bytes: Uint8Array, at: Position) => LogEntry {
  const { registry, chains } = options

  /** A page out of the log, under the same rules as on its way in; `now` is left out, as the log knows no clock. */
  function readPage(record: SignedRecord, at: Position): LoggedVerdict {
    const opened = openParsedPage(record, { crypto: nodeCrypto, keys: registry.keys, at })
    if (!opened.ok) throw notOurs(at, opened.error.message)
    const { gateway, epoch } = opened.value.page
    const before: ChainState = chains.make(gateway, epoch).state
    const verdict = checkPage(before, opened.value, {
      isOpen: registry.isOpen.bind(registry),
      mayName: registry.mayName,
      digestsAt: (seq) => chains.digestsAt(gateway, epoch, seq),
    })
    if (verdict.verdict === 'refuse' || verdict.verdict === 'duplicate')
      throw notOurs(at, verdict.verdict === 'refuse' ? verdict.reason : 'the same page twice')
    return { opened: opened.value, verdict, before, position: at }
  }

  return (bytes, at) => {
    const parsed = parseRecord(bytes)
    if (!parsed.ok) throw notOurs(at, parsed.error.message)
    if (parsed.value.kind === 'page') return { page: readPage(parsed.value, at) }
    const opened = openParsedRecord(parsed.value, { crypto: nodeCrypto, keys: registry.keys, at })
    if (!opened.ok) throw notOurs(at, opened.error.message)
    return { record: opened.value }
  }
}

const notOurs = (at: Position, why: string) =>
  new IngestError('log_damaged', `log entry ${at.year}/${at.index} should never have been logged: ${why}`)
