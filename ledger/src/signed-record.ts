import { accept, type Decoded, RecordHeader, refuse } from '@hours/protocol'
import { fromUtf8, utf8 } from './bytes.ts'
import { formatBase64url, parseBase64url } from './codecs.ts'
import type { Crypto, KeyAlg, Sha256, Signer } from './crypto.ts'
import { maxEntryBytes } from './entry-bundle.ts'
import { readJson } from './json-keys.ts'
import { LedgerError, type LedgerCode } from './ledger-error.ts'

/** A signed record taken apart (JWS compact, RFC 7515; Ed25519 as in RFC 9864). Nothing of it is verified yet. */
export interface SignedRecord {
  /** The record: sent, stored and hashed byte for byte. */
  readonly bytes: Uint8Array
  /** `holder#n` */
  readonly kid: string
  readonly holder: string
  readonly n: number
  readonly alg: KeyAlg
  /** From `typ`: `page`, `receipt`, `key` ... */
  readonly kind: string
  /** UTF-8 JSON without double keys; its schema is for protocol/ to check. */
  readonly payload: Uint8Array
  /** The payload as JSON; undefined when it is none. */
  readonly data: unknown
  /** `header.payload`, which is what is signed. */
  readonly signed: Uint8Array
  readonly signature: Uint8Array
}

const maxHeaderLength = 200
const signatureBytes = 64

const typOf = (kind: string) => `hours-${kind}+jws`

/** The one spelling of a header: three members, in this order, without spaces (records.md, section 1). */
const headerText = (alg: string, kid: string, typ: string) => JSON.stringify({ alg, kid, typ })

/** Signs `payload` (JSON text) as a record of `kind`; the result is what is sent, stored and hashed. */
export function signRecord(record: {
  readonly kind: string
  readonly payload: string
  readonly signer: Signer
  /** What is no entry of a log may be longer. */
  readonly maxBytes?: number
}): Uint8Array {
  const { kind, payload, signer, maxBytes = maxEntryBytes } = record
  const header = headerText(signer.alg, signer.kid, typOf(kind))
  const fault = headerFault(header)
  if (fault !== undefined) throw new LedgerError('bad_header', `cannot sign as ${header}: ${fault}`)
  const double = readJson(payload).fault
  if (double !== undefined) throw new LedgerError('bad_payload', `payload of ${kind}: ${double}`)
  const input = `${formatBase64url(utf8(header))}.${formatBase64url(utf8(payload))}`
  const bytes = utf8(`${input}.${formatBase64url(signer.sign(utf8(input)))}`)
  if (bytes.length > maxBytes)
    throw new LedgerError('oversize', `a ${kind} of ${bytes.length} bytes; at most ${maxBytes} fit`)
  return bytes
}

/** What a record's signature is checked by; its payload need not be read for it. */
export interface Envelope extends Pick<SignedRecord, 'kid' | 'alg' | 'signed' | 'signature'> {
  /** `hours-<kind>+jws` */
  readonly typ: string
  /** base64url, as it stands. */
  readonly payloadPart: Uint8Array
}

const dot = 0x2e

/** The outer form of a record. Refuses every header but the exact one, so `crit`, `b64`, `jwk`, `x5c` never get a say. */
export function parseEnvelope(bytes: Uint8Array, maxBytes = maxEntryBytes): Decoded<Envelope, LedgerCode> {
  if (bytes.length > maxBytes)
    return refuse('oversize', `a record of ${bytes.length} bytes; at most ${maxBytes} are accepted`)
  const first = bytes.indexOf(dot)
  const second = first < 0 ? -1 : bytes.indexOf(dot, first + 1)
  if (second < 0 || bytes.includes(dot, second + 1))
    return refuse('bad_record', 'not a JWS compact: three parts with dots between')
  const header = parseHeader(fromUtf8(bytes.subarray(0, first)) ?? '')
  if (!header.ok) return header
  const signature = parseBase64url(fromUtf8(bytes.subarray(second + 1)) ?? '')
  if (signature?.length !== signatureBytes)
    return refuse('bad_record', `the signature is not canonical base64url of ${signatureBytes} bytes`)
  const payloadPart = bytes.subarray(first + 1, second)
  return accept({ ...header.value, payloadPart, signed: bytes.subarray(0, second), signature })
}

/** Takes a record apart: its envelope and what is in it. */
export function parseRecord(bytes: Uint8Array, maxBytes = maxEntryBytes): Decoded<SignedRecord, LedgerCode> {
  const envelope = parseEnvelope(bytes, maxBytes)
  if (!envelope.ok) return envelope
  const { alg, kid, typ, payloadPart, signed, signature } = envelope.value
  const part = fromUtf8(payloadPart)
  const payload = part === undefined ? undefined : parseBase64url(part)
  if (!payload) return refuse('bad_record', 'the payload is not canonical base64url')
  const payloadText = fromUtf8(payload)
  const read = payloadText === undefined ? { fault: 'not UTF-8' } : readJson(payloadText)
  if (read.fault !== undefined) return refuse('bad_payload', `payload: ${read.fault}`)
  const hash = kid.indexOf('#')
  return accept({
    bytes,
    kid,
    holder: kid.slice(0, hash),
    n: Number(kid.slice(hash + 1)),
    alg,
    kind: typ.slice('hours-'.length, -'+jws'.length),
    payload,
    data: read.data,
    signed,
    signature,
  })
}

/** Headers recur with every record of a key; those that were good are remembered, a bounded number of them. */
const goodHeaders = new Map<string, RecordHeader>()
const maxGoodHeaders = 4_096

function parseHeader(part: string): Decoded<RecordHeader, LedgerCode> {
  const known = goodHeaders.get(part)
  if (known) return accept(known)
  const header = readHeader(part)
  if (!header.ok) return header
  if (goodHeaders.size >= maxGoodHeaders) goodHeaders.clear()
  goodHeaders.set(part, header.value)
  return header
}

function readHeader(part: string): Decoded<RecordHeader, LedgerCode> {
  const bytes = part.length > maxHeaderLength ? undefined : parseBase64url(part)
  const text = bytes && fromUtf8(bytes)
  if (text === undefined) return refuse('bad_header', 'the header is not canonical base64url, or too long')
  const fault = headerFault(text)
  if (fault !== undefined) return refuse('bad_header', `header ${text.slice(0, 150)}: ${fault}`)
  return accept(RecordHeader.parse(JSON.parse(text)))
}

function headerFault(text: string): string | undefined {
  let data: unknown
  try {
    data = JSON.parse(text)
  } catch {
    return 'not JSON'
  }
  const header = RecordHeader.safeParse(data)
  if (!header.success)
    return 'must have alg (Ed25519 or ES256), kid (holder#n), typ (hours-<kind>+jws), no more'
  const { alg, kid, typ } = header.data
  if (/#0\d/.test(kid)) return `kid "${kid}" has a leading zero`
  const exact = headerText(alg, kid, typ)
  return text === exact ? undefined : `must be exactly ${exact}`
}

/** Whether the record's signature holds under `key`; the algorithm is the key's, never the header's choice. */
export function verifyRecord(
  record: SignedRecord,
  key: { readonly alg: KeyAlg; readonly publicKey: Uint8Array },
  crypto: Crypto,
): boolean {
  return record.alg === key.alg && crypto.verify(key.alg, key.publicKey, record.signed, record.signature)
}

/** SHA-256 of a record's bytes, base64url: what `prev`, `of` and the digests of chain and index are. */
export const recordDigest = (bytes: Uint8Array, sha256: Sha256): string => formatBase64url(sha256(bytes))
