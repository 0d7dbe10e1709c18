import { maxReceiptPages } from '@hours/protocol'
import { describe, expect, it } from 'vitest'
import { createSigner, generateKey, nodeCrypto } from '../node/index.ts'
import { pagesOf } from './chain.fixture.ts'
import { signCheckpoint } from './checkpoint.ts'
import { formatBase64 } from './codecs.ts'
import { readerOf } from './memory-tree.fixture.ts'
import { proveConsistency, proveInclusion } from './proof.ts'
import {
  buildReceipt,
  isHarmlessReceiptCode,
  type ReceiptContext,
  type ReceiptParts,
  verifyReceipt,
} from './receipt.ts'
import { signRecord } from './signed-record.ts'
import { leafHash, treeRoot } from './tree.ts'
import { createVkey, noteType } from './vkey.ts'
import { utf8 } from './bytes.ts'

const { sha256 } = nodeCrypto
const log = createSigner('log#0', generateKey())
const service = createSigner('service#1', generateKey())
const origin = 'demo.hours/2026'
const pages = pagesOf(8)

/** A log: one foreign record, then the gateway's pages; `fork` makes another history of the same length. */
function logOf(count: number, fork = '') {
  const entries = [utf8(`opening${fork}`), ...pages.slice(0, count).map(({ bytes }) => bytes)]
  const hashes = entries.map((entry) => leafHash(entry, sha256))
  return { size: hashes.length, read: readerOf(hashes, sha256), root: treeRoot(hashes, sha256) }
}
const seenAt = (count: number, fork = '') => {
  const { size, root } = logOf(count, fork)
  return { origin, size, root: formatBase64(root) }
}

/** A receipt for pages 0 to count - 1 in the log of that many, consistent with the log of `from` pages. */
function receiptFor(count: number, from: number | undefined, change: Partial<ReceiptParts> = {}, fork = '') {
  const { size, read, root } = logOf(count, fork)
  const parts: ReceiptParts = {
    gateway: 'gw-1' as ReceiptParts['gateway'],
    epoch: 0,
    through: count - 1,
    missing: [],
    rejected: [{ seq: 99, code: 'overlap', reason: 'because' }],
    checkpoint: signCheckpoint({ origin, size, root }, log, sha256),
    consistency: from === undefined ? [] : proveConsistency(from + 1, size, read, sha256),
    pages: pages
      .slice(0, count)
      .map((_, seq) => ({ seq, index: seq + 1, proof: proveInclusion(seq + 1, size, read, sha256) })),
    ...change,
  }
  return parts
}
const vkey = createVkey(origin, noteType.ed25519, log.publicKey, sha256)
const plain: ReceiptContext = {
  crypto: nodeCrypto,
  gateway: 'gw-1',
  logs: [vkey],
  service: [service],
  seen: [],
  pageBytes: (epoch, seq) => (epoch === 0 ? pages[seq]?.bytes : undefined),
}
function verify(parts: ReceiptParts, change: Partial<ReceiptContext> = {}, signer = service) {
  return verifyReceipt(buildReceipt(parts, signer), { ...plain, ...change })
}
const codeOf = (...args: Parameters<typeof verify>) => {
  const verified = verify(...args)
  return verified.ok ? 'ok' : verified.error.code
}

describe('a receipt', () => {
  it('releases the pages it proves, and moves on what was seen', () => {
    expect(verify(receiptFor(3, undefined))).toEqual({
      ok: true,
      value: {
        epoch: 0,
        released: [0, 1, 2],
        seen: seenAt(3),
        through: 2,
        missing: [],
        rejected: [{ seq: 99, code: 'overlap', reason: 'because' }],
      },
    })
    expect(verify(receiptFor(6, 3), { seen: [seenAt(3)] })).toMatchObject({
      ok: true,
      value: { seen: seenAt(6) },
    })
    expect(codeOf(receiptFor(3, undefined), { seen: [seenAt(3)] })).toBe('ok')
  })
  it('passes over pages that have left the spool', () => {
    const held = (_: number, seq: number) => (seq === 1 ? pages[1]?.bytes : undefined)
    expect(verify(receiptFor(3, undefined), { pageBytes: held })).toMatchObject({
      ok: true,
      value: { released: [1] },
    })
  })
  it('is refused with a false signature of service or log, or an unknown signer', () => {
    const thief = createSigner('service#1', generateKey())
    expect(codeOf(receiptFor(3, undefined), {}, thief)).toBe('bad_signature')
    expect(codeOf(receiptFor(3, undefined), {}, createSigner('service#2', generateKey()))).toBe('unknown_key')
    expect(codeOf(receiptFor(3, undefined), { logs: [] })).toBe('unknown_key')
    const { size, root } = logOf(3)
    const checkpoint = signCheckpoint({ origin, size, root }, thief, sha256)
    expect(codeOf(receiptFor(3, undefined, { checkpoint }))).toBe('bad_signature')
  })
  it('is refused as a whole when one page is not where it says', () => {
    const { pages: proven } = receiptFor(3, undefined)
    const moved = proven.with(1, { ...proven[1]!, index: 3 })
    expect(codeOf(receiptFor(3, undefined, { pages: moved }))).toBe('not_included')
    const promised = proven.with(1, { ...proven[1]!, proof: [] })
    expect(codeOf(receiptFor(3, undefined, { pages: promised }))).toBe('not_included')
    const other = { ...plain, pageBytes: () => pages[7]!.bytes }
    expect(codeOf(receiptFor(3, undefined), other)).toBe('not_included')
  })
  it('shows a fork: another root for a size seen, or a log that does not continue what was seen', () => {
    expect(codeOf(receiptFor(3, undefined, {}, 'fork'), { seen: [seenAt(3)] })).toBe('inconsistent')
    expect(codeOf(receiptFor(6, 3, {}, 'fork'), { seen: [seenAt(3)] })).toBe('inconsistent')
    expect(isHarmlessReceiptCode('inconsistent')).toBe(false)
  })
  it('that crossed another one is harmless: older than what was seen, or shown from an earlier size', () => {
    const seen = [seenAt(3), seenAt(1)]
    expect(codeOf(receiptFor(2, 1), { seen })).toBe('receipt_stale')
    expect(codeOf(receiptFor(6, 1), { seen })).toBe('receipt_base')
    expect(codeOf(receiptFor(6, undefined), { seen })).toBe('receipt_base')
    expect(codeOf(receiptFor(6, 3), { seen })).toBe('ok')
    expect(codeOf(receiptFor(6, 1), { seen: [] })).toBe('receipt_base')
    expect(codeOf(receiptFor(6, undefined), { gateway: 'gw-2' })).toBe('receipt_not_mine')
    expect(
      (['receipt_stale', 'receipt_base', 'receipt_not_mine'] as const).every(isHarmlessReceiptCode),
    ).toBe(true)
  })
  it('that goes on from one that never arrived is harmless when it says so; a fork is none the less for saying it', () => {
    const seen = [seenAt(2)]
    expect(codeOf(receiptFor(6, 4), { seen })).toBe('inconsistent')
    expect(codeOf(receiptFor(6, 4, { base: 5 }), { seen })).toBe('receipt_base')
    expect(codeOf(receiptFor(6, 2, { base: 3 }), { seen })).toBe('ok')
    expect(codeOf(receiptFor(6, 2, { base: 3 }, 'fork'), { seen })).toBe('inconsistent')
    expect(codeOf(receiptFor(2, 1, { base: 2 }, 'fork'), { seen })).toBe('inconsistent')
  })

  it('of a new year begins a new log: the pinned key of another year is good for it, the proof is empty', () => {
    const old = { origin: 'demo.hours/2025', size: 900, root: formatBase64(new Uint8Array(32)) }
    const logs = [createVkey('demo.hours/2025', noteType.ed25519, log.publicKey, sha256)]
    expect(verify(receiptFor(3, undefined), { logs, seen: [old] })).toMatchObject({
      ok: true,
      value: { seen: seenAt(3) },
    })
    const foreign = [createVkey('other.hours/2025', noteType.ed25519, log.publicKey, sha256)]
    expect(codeOf(receiptFor(3, undefined), { logs: foreign })).toBe('unknown_key')
  })
  it('must be a receipt, whole, and of at most 32 pages', () => {
    const page = signRecord({ kind: 'page', payload: '{}', signer: service })
    expect(verifyReceipt(page, plain)).toMatchObject({ error: { code: 'wrong_kind' } })
    const empty = signRecord({ kind: 'receipt', payload: '{"v":1}', signer: service })
    expect(verifyReceipt(empty, plain)).toMatchObject({ error: { code: 'bad_receipt' } })
    const many = Array.from({ length: maxReceiptPages + 1 }, () => receiptFor(1, undefined).pages[0]!)
    expect(() => buildReceipt(receiptFor(1, undefined, { pages: many }), service)).toThrow('at most 32')
  })
})
