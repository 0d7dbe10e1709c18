import {
  accept,
  type Decoded,
  decodeRecord,
  isRecordKind,
  maxRecordBytes,
  readRecord,
  type RecordKind,
  type RecordOf,
  recordSigner,
  refuse,
} from '@hours/protocol'
import { parseBase64url } from './codecs.ts'
import type { Crypto, KeyAlg } from './crypto.ts'
import type { KeyRegistry } from './key-registry.ts'
import type { LedgerCode } from './ledger-error.ts'
import type { Position } from './position.ts'
import { parseRecord, recordDigest, type SignedRecord, verifyRecord } from './signed-record.ts'

/** An operator, service or report record whose signature and fields hold; narrow `body` by `kind`. */
export type OpenedRecord = {
  [K in RecordKind]: {
    readonly kind: K
    readonly body: RecordOf<K>
    readonly kid: string
    /** SHA-256 of the record's bytes, base64url. */
    readonly digest: string
  }
}[RecordKind]

/**
 * Reads a record of any kind but `page` and `receipt`: its form, the role that may sign it (records.md, section 2), its
 * signature under a key good at this position, its fields. The very first `opening` brings its own keys: whoever trusts
 * the log's checkpoint trusts them; every later one must be signed by a key already there.
 */
export function openRecord(bytes: Uint8Array, context: RecordContext): Decoded<OpenedRecord, LedgerCode> {
  const record = parseRecord(bytes)
  return record.ok ? openParsedRecord(record.value, context) : record
}

/** What a record is opened with; `at` = where it stands in the log. */
export interface RecordContext {
  readonly crypto: Crypto
  readonly keys: KeyRegistry
  readonly at: Position
}

/** As `openRecord`, for a record that has been taken apart already. */
export function openParsedRecord(
  record: SignedRecord,
  context: RecordContext,
): Decoded<OpenedRecord, LedgerCode> {
  const { bytes, kind, kid, holder, payload, data } = record
  if (!isRecordKind(kind)) return refuse('wrong_kind', `"${kind}" is no kind of record that is known`)
  const signers: readonly string[] = recordSigner[kind]
  if (!signers.includes(holder))
    return refuse('wrong_signer', `a ${kind} is signed by ${signers.join(' or ')}, not by ${holder}`)
  const body =
    data === undefined || payload.length > maxRecordBytes
      ? decodeRecord(kind, payload)
      : readRecord(kind, data)
  if (!body.ok) return refuse('bad_payload', `${kind}: ${body.error.message}`)
  const opened = { kind, body: body.value, kid, digest: recordDigest(bytes, context.crypto.sha256) }
  const key = signingKey(record, opened as OpenedRecord, context.keys, context.at)
  if (!key.ok) return key
  if (!verifyRecord(record, key.value, context.crypto))
    return refuse('bad_signature', `the ${kind}'s signature by ${kid} does not hold`)
  // `decodeRecord` read the body by the schema of `kind`, so the pair belongs together.
  return accept(opened as OpenedRecord)
}

function signingKey(
  { kid }: SignedRecord,
  opened: OpenedRecord,
  keys: KeyRegistry,
  at: Position,
): Decoded<{ readonly alg: KeyAlg; readonly publicKey: Uint8Array }, LedgerCode> {
  if (opened.kind !== 'opening' || keys.keys().length > 0) return keys.find(kid, at)
  const own = opened.body.keys.find(({ holder, n }) => `${holder}#${n}` === kid)
  const publicKey = own && parseBase64url(own.public)
  return publicKey
    ? accept({ alg: own.alg, publicKey })
    : refuse('unknown_key', `the first opening does not list ${kid}, which signed it`)
}
