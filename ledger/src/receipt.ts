import {
  accept,
  type Decoded,
  decodeReceipt,
  encodeReceipt,
  maxReceiptPages,
  type Receipt,
  refuse,
  type Seen,
} from '@hours/protocol'
import { type Checkpoint, openCheckpoint } from './checkpoint.ts'
import { formatBase64, parseBase64 } from './codecs.ts'
import type { Crypto, KeyAlg, Signer } from './crypto.ts'
import { LedgerError, type LedgerCode } from './ledger-error.ts'
import { verifyConsistency, verifyInclusion } from './proof.ts'
import { parseRecord, signRecord, verifyRecord } from './signed-record.ts'
import { parseHashLines } from './tlog-proof.ts'
import { leafHash } from './tree.ts'
import type { VKey } from './vkey.ts'

/** What a receipt is made of; proofs as bytes. */
export interface ReceiptParts extends Omit<Receipt, 'v' | 'consistency' | 'pages'> {
  readonly consistency: readonly Uint8Array[]
  readonly pages: readonly {
    readonly seq: number
    readonly index: number
    readonly proof: readonly Uint8Array[]
  }[]
}

/** Signs a receipt for at most 32 pages (records.md, section 7); the result is the MQTT payload. */
export function buildReceipt(parts: ReceiptParts, service: Signer): Uint8Array {
  if (parts.pages.length > maxReceiptPages)
    throw new LedgerError(
      'bad_receipt',
      `${parts.pages.length} pages in a receipt; at most ${maxReceiptPages}`,
    )
  const { gateway, epoch, through, missing, rejected, checkpoint, base } = parts
  const receipt: Receipt = {
    v: 1,
    gateway,
    epoch,
    through,
    missing,
    rejected,
    checkpoint,
    ...(base === undefined ? {} : { base }),
    consistency: parts.consistency.map(formatBase64),
    pages: parts.pages.map(({ seq, index, proof }) => [seq, index, proof.map(formatBase64)]),
  }
  return signRecord({ kind: 'receipt', payload: encodeReceipt(receipt), signer: service })
}

/** What the gateway trusts, and what it holds. */
export interface ReceiptContext {
  readonly crypto: Crypto
  readonly gateway: string
  /** Pinned log keys; one of any year stands for all years of its log (`logKey`). */
  readonly logs: readonly VKey[]
  /** Pinned keys of `service`. */
  readonly service: readonly { readonly kid: string; readonly alg: KeyAlg; readonly publicKey: Uint8Array }[]
  /**
   * Checkpoints this gateway has verified: at least the newest of each origin. Earlier ones, when they are kept too,
   * tell a receipt that crossed another one on its way (`receipt_base`) from a fork (`inconsistent`).
   */
  readonly seen: readonly Seen[]
  /** The exact bytes of a page in the spool; undefined when it has been released already. */
  readonly pageBytes: (epoch: number, seq: number) => Uint8Array | undefined
}

/** A receipt that holds: these pages may leave the spool, and `seen` is what the next page names. */
export interface VerifiedReceipt {
  readonly epoch: number
  readonly released: readonly number[]
  readonly seen: Seen
  readonly through: number
  readonly missing: readonly number[]
  readonly rejected: Receipt['rejected']
}

/** Refusals after which nothing is wrong: the receipt is late or meant for another state; the next one will do. */
export const isHarmlessReceiptCode = (code: LedgerCode): boolean =>
  code === 'receipt_base' || code === 'receipt_stale' || code === 'receipt_not_mine'

/**
 * Checks a receipt wholly before it releases anything (records.md, section 7): signature of `service`, signature of
 * the log, consistency with what this gateway has seen, inclusion of each page it still holds. When the log's year
 * changes the origin is a new one and its tree begins at size 0, so there is nothing to be consistent with and the
 * proof must be empty; the new log's first leaf (`opening`) names the old log's end, which verifiers check.
 */
export function verifyReceipt(
  bytes: Uint8Array,
  context: ReceiptContext,
): Decoded<VerifiedReceipt, LedgerCode> {
  const receipt = openReceipt(bytes, context)
  if (!receipt.ok) return receipt
  const { gateway, epoch, through, missing, rejected } = receipt.value
  if (gateway !== context.gateway)
    return refuse('receipt_not_mine', `a receipt for ${gateway}; this is ${context.gateway}`)
  const opened = openCheckpoint(receipt.value.checkpoint, { logs: context.logs }, context.crypto)
  if (!opened.ok) return opened
  const { checkpoint } = opened.value
  const broken = checkConsistency(receipt.value, checkpoint, context)
  if (broken) return broken
  const released = provenPages(receipt.value, checkpoint, context)
  if (!released.ok) return released
  const { origin, size, root } = checkpoint
  const seen = { origin, size, root: formatBase64(root) }
  return accept({ epoch, released: released.value, seen, through, missing, rejected })
}

function openReceipt(bytes: Uint8Array, context: ReceiptContext): Decoded<Receipt, LedgerCode> {
  const record = parseRecord(bytes)
  if (!record.ok) return record
  if (record.value.kind !== 'receipt') return refuse('wrong_kind', `a "${record.value.kind}" is no receipt`)
  const key = context.service.find(({ kid }) => kid === record.value.kid)
  if (!key)
    return refuse('unknown_key', `the receipt is signed by "${record.value.kid}", which is not pinned`)
  if (!verifyRecord(record.value, key, context.crypto))
    return refuse('bad_signature', `the receipt's signature by ${key.kid} does not hold`)
  const receipt = decodeReceipt(record.value.payload)
  return receipt.ok ? receipt : refuse('bad_receipt', receipt.error.message)
}

/** Undefined when the checkpoint continues what was seen; otherwise why not. */
function checkConsistency(receipt: Receipt, checkpoint: Checkpoint, { seen, crypto }: ReceiptContext) {
  const proof = parseHashLines(receipt.consistency)
  if (!proof) return refuse('bad_receipt', 'the consistency proof is not base64 of 32-byte hashes')
  const { origin, size, root } = checkpoint
  const known = seen.filter((one) => one.origin === origin && one.size > 0).sort((a, b) => b.size - a.size)
  const [newest] = known
  if (!newest)
    return proof.length === 0
      ? undefined
      : refuse('receipt_base', `nothing of ${origin} has been seen yet; the consistency proof must be empty`)
  const same = known.find((one) => one.size === size)
  if (same && same.root !== formatBase64(root))
    return refuse('inconsistent', `two roots for size ${size} of ${origin}: the log has been forked`)
  if (size < newest.size)
    return refuse('receipt_stale', `a checkpoint of size ${size}; ${newest.size} has been seen already`)
  if (same) return undefined
  if (receipt.base !== undefined && receipt.base !== newest.size)
    return refuse('receipt_base', `consistency from size ${receipt.base}; ${newest.size} is the newest seen`)
  const holds = (one: Seen) => {
    const oldRoot = parseBase64(one.root)
    return (
      oldRoot !== undefined &&
      verifyConsistency({ oldSize: one.size, oldRoot, size, root, proof }, crypto.sha256)
    )
  }
  if (holds(newest)) return undefined
  if (proof.length === 0 || known.slice(1).some(holds))
    return refuse('receipt_base', `consistency is not shown from size ${newest.size}, the newest seen`)
  return refuse(
    'inconsistent',
    `size ${size} of ${origin} does not continue size ${newest.size} as it was seen`,
  )
}

/** Seqs of the listed pages that are in the spool; one wrong proof spoils the whole receipt. */
function provenPages(
  receipt: Receipt,
  { size, root }: Checkpoint,
  { crypto, pageBytes }: ReceiptContext,
): Decoded<number[], LedgerCode> {
  const released: number[] = []
  for (const [seq, index, lines] of receipt.pages) {
    const page = pageBytes(receipt.epoch, seq)
    if (!page) continue
    const proof = parseHashLines(lines)
    const leaf = leafHash(page, crypto.sha256)
    if (!proof || !verifyInclusion({ index, size, root, leafHash: leaf, proof }, crypto.sha256))
      return refuse('not_included', `page ${receipt.epoch}/${seq} is not leaf ${index} of ${size} as claimed`)
    released.push(seq)
  }
  return accept(released)
}
