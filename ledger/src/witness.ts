import { accept, type Decoded, refuse } from '@hours/protocol'
import { equalBytes, readDecimal } from './bytes.ts'
import { type Checkpoint, openCheckpoint } from './checkpoint.ts'
import { formatBase64 } from './codecs.ts'
import type { Crypto } from './crypto.ts'
import type { LedgerCode } from './ledger-error.ts'
import { type NoteSignature, formatSignatureLine, parseSignatureLine, maxNoteSignatures } from './note.ts'
import { verifyConsistency } from './proof.ts'
import { parseHashLines } from './tlog-proof.ts'
import type { VKey } from './vkey.ts'

/** Body of `POST /add-checkpoint` (C2SP tlog-witness). */
export interface AddCheckpoint {
  /** The size the witness is thought to have; 0 at first, then the proof is empty. */
  readonly old: number
  readonly proof: readonly Uint8Array[]
  /** The signed note, verbatim. */
  readonly checkpoint: string
}

export const formatAddCheckpoint = ({ old, proof, checkpoint }: AddCheckpoint): string =>
  [`old ${old}`, ...proof.map(formatBase64), '', checkpoint].join('\n')

export function parseAddCheckpoint(body: string): Decoded<AddCheckpoint, LedgerCode> {
  const fault = (why: string) => refuse('bad_witness_request', `add-checkpoint: ${why}`)
  const gap = body.indexOf('\n\n')
  if (body.length > 400_000 || gap < 0) return fault('no empty line before the checkpoint')
  const [first = '', ...lines] = body.slice(0, gap).split('\n')
  const old = first.startsWith('old ') ? readDecimal(first.slice(4)) : undefined
  if (old === undefined) return fault(`line 1 "${first.slice(0, 40)}" must be old <size>`)
  const proof = parseHashLines(lines)
  if (!proof) return fault('a proof line is not base64 of 32 bytes, or there are too many')
  return accept({ old, proof, checkpoint: body.slice(gap + 2) })
}

/** The answer 200: signature lines of the witness. */
export const formatCosignatures = (signatures: readonly NoteSignature[]): string =>
  signatures.map(formatSignatureLine).join('')

export function parseCosignatures(body: string): Decoded<readonly NoteSignature[], LedgerCode> {
  const lines = body.split('\n')
  if (lines.pop() !== '' || lines.length === 0 || lines.length > maxNoteSignatures)
    return refuse('bad_note', 'the answer is not 1 to 100 signature lines')
  const signatures: NoteSignature[] = []
  for (const line of lines) {
    const signature = parseSignatureLine(line)
    if (!signature.ok) return signature
    signatures.push(signature.value)
  }
  return accept(signatures)
}

/** The answer 409: the size the witness has (`text/x.tlog.size`). */
export const formatTlogSize = (size: number): string => `${size}\n`

export function parseTlogSize(body: string): Decoded<number, LedgerCode> {
  const size = body.endsWith('\n') ? readDecimal(body.slice(0, -1)) : undefined
  return size === undefined
    ? refuse('bad_witness_request', `"${body.slice(0, 40)}" is no size and newline`)
    : accept(size)
}

/** What a witness does with a request; on 200 it stores `checkpoint` before it answers with a cosignature of `text`. */
export type WitnessVerdict =
  | { readonly status: 200; readonly checkpoint: Checkpoint; readonly text: string }
  | { readonly status: 409; readonly size: number }
  | { readonly status: 400 | 403 | 404 | 422; readonly reason: string }

/** Judges a request against the last checkpoint this witness cosigned for the origin (tlog-witness). */
export function judgeAddCheckpoint(
  request: AddCheckpoint,
  last: (origin: string) => Checkpoint | undefined,
  logs: readonly VKey[],
  crypto: Crypto,
): WitnessVerdict {
  const opened = openCheckpoint(request.checkpoint, { logs }, crypto)
  if (!opened.ok) {
    const { code, message } = opened.error
    const status = code === 'unknown_key' ? 404 : code === 'bad_signature' ? 403 : 400
    return { status, reason: message }
  }
  const { checkpoint, text } = opened.value
  const { old, proof } = request
  if (old > checkpoint.size)
    return { status: 400, reason: `old ${old} is larger than the checkpoint's ${checkpoint.size}` }
  if (checkpoint.size === 0 && !equalBytes(checkpoint.root, crypto.sha256(new Uint8Array())))
    return { status: 422, reason: 'a log of size 0 has the root of an empty tree (RFC 6962, 2.1)' }
  const known = last(checkpoint.origin)
  const size = known?.size ?? 0
  if (old !== size) return { status: 409, size }
  if (known && old === checkpoint.size && !equalBytes(known.root, checkpoint.root))
    return { status: 409, size }
  if (!known || old === 0) {
    if (proof.length > 0) return { status: 422, reason: 'from size 0 the proof must be empty' }
    return { status: 200, checkpoint, text }
  }
  const claim = { oldSize: old, oldRoot: known.root, size: checkpoint.size, root: checkpoint.root, proof }
  if (!verifyConsistency(claim, crypto.sha256))
    return {
      status: 422,
      reason: `the log of size ${checkpoint.size} does not continue the one of size ${old}`,
    }
  return { status: 200, checkpoint, text }
}
