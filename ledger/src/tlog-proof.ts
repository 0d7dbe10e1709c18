import { accept, type Decoded, refuse } from '@hours/protocol'
import { readDecimal } from './bytes.ts'
import { formatBase64, parseBase64 } from './codecs.ts'
import type { LedgerCode } from './ledger-error.ts'
import { maxProofHashes } from './proof.ts'
import { hashBytes } from './tree.ts'

/** A leaf's proof that can be checked offline (C2SP tlog-proof@v1). */
export interface TlogProof {
  readonly index: number
  /** Leaf to root. */
  readonly hashes: readonly Uint8Array[]
  /** The signed note, verbatim, with its cosignatures. */
  readonly checkpoint: string
  /** Not authenticated by anything. */
  readonly extra?: Uint8Array
}

const header = 'c2sp.org/tlog-proof@v1'

export function formatTlogProof({ index, hashes, checkpoint, extra }: TlogProof): string {
  const head = extra ? [header, `extra ${formatBase64(extra)}`] : [header]
  return [...head, `index ${index}`, ...hashes.map(formatBase64), '', checkpoint].join('\n')
}

export function parseTlogProof(text: string): Decoded<TlogProof, LedgerCode> {
  const gap = text.indexOf('\n\n')
  if (text.length > 400_000 || gap < 0) return fault('it has no empty line before the checkpoint')
  const lines = text.slice(0, gap).split('\n')
  if (lines.shift() !== header) return fault(`line 1 must be ${header}`)
  const extraText = lines[0]?.startsWith('extra ') === true ? lines.shift()?.slice(6) : undefined
  const extra = extraText === undefined ? undefined : parseBase64(extraText)
  if (extraText !== undefined && !extra) return fault('extra is not base64')
  const indexLine = lines.shift() ?? ''
  const index = indexLine.startsWith('index ') ? readDecimal(indexLine.slice(6)) : undefined
  if (index === undefined) return fault(`"${indexLine.slice(0, 40)}" is no index line`)
  const hashes = parseHashLines(lines)
  if (!hashes) return fault(`a proof has at most ${maxProofHashes} lines of base64 of 32 bytes`)
  const checkpoint = text.slice(gap + 2)
  return accept(extra ? { index, hashes, checkpoint, extra } : { index, hashes, checkpoint })
}

const fault = (why: string) => refuse('bad_proof', `tlog-proof: ${why}`)

/** Hashes of a proof, one base64 a line; undefined when one is not 32 bytes, or there are too many. */
export function parseHashLines(lines: readonly string[]): Uint8Array[] | undefined {
  if (lines.length > maxProofHashes) return undefined
  const hashes: Uint8Array[] = []
  for (const line of lines) {
    const hash = parseBase64(line)
    if (hash?.length !== hashBytes) return undefined
    hashes.push(hash)
  }
  return hashes
}
