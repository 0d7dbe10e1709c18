import { emptyStream, recordDigest, type Signer, signRecord, type StreamState } from '@hours/ledger'
import { nodeCrypto } from '@hours/ledger/node'
import { checkSchema, type RecordKind, recordSchemas, recordSigner, StreamId } from '@hours/protocol'
import { IngestError } from './ingest-error.ts'
import type { IngestKeys } from './keys.ts'
import type { Ingest } from './ports.ts'

/** One record to be, as `Ingest.recordAll` takes it. */
export type RecordItem = Parameters<Ingest['recordAll']>[0][number]

/** One out of plain data; it is held against its kind's schema before anything is written. */
export const recordItem = (kind: RecordKind, stream: string, body: object): RecordItem =>
  ({ kind, stream, body }) as unknown as RecordItem

/** A record that is signed, but not logged yet. */
export interface WrittenRecord {
  readonly kind: RecordKind
  readonly bytes: Uint8Array
  readonly digest: string
}

/**
 * Checks, numbers and signs records; streams go on from `tail`. All are checked before the first is signed: a batch
 * with a fault leaves no number behind. Throws `bad_record`, naming kind, field and value.
 */
export function writeRecords(
  items: readonly RecordItem[],
  { keys, tail }: { keys: IngestKeys; tail: (stream: string) => StreamState },
): WrittenRecord[] {
  const ends = new Map<string, StreamState>()
  for (const item of items) payloadOf(item, emptyStream)
  return items.map((item) => {
    const end = ends.get(item.stream) ?? tail(item.stream)
    const payload = payloadOf(item, end)
    const bytes = signRecord({ kind: item.kind, payload, signer: signerOf(item.kind, keys) })
    const digest = recordDigest(bytes, nodeCrypto.sha256)
    ends.set(item.stream, { next: end.next + 1, last: digest })
    return { kind: item.kind, bytes, digest }
  })
}

function payloadOf({ kind, stream, body }: RecordItem, end: StreamState): string {
  if (kind === 'opening' || kind === 'time')
    throw new IngestError('bad_record', `a ${kind} record is written by the log itself`)
  if (!Object.hasOwn(recordSchemas, kind))
    throw new IngestError('bad_record', `"${kind}" is no kind of record`)
  if (!StreamId.safeParse(stream).success)
    throw new IngestError('bad_record', `${kind}: stream "${stream}" is neither a site id nor "installation"`)
  const numbered = { v: 1, stream, seq: end.next, prev: end.last, ...body }
  const checked = checkSchema(recordSchemas[kind], numbered)
  if (!checked.ok) throw new IngestError('bad_record', `${kind}: ${checked.error.message}`)
  return JSON.stringify(checked.value)
}

function signerOf(kind: RecordKind, keys: IngestKeys): Signer {
  const [role] = recordSigner[kind]
  if (role === 'operator') return keys.operator
  return role === 'report' ? keys.report : keys.service
}
