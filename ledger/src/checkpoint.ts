import { accept, type Decoded, refuse } from '@hours/protocol'
import { concatBytes, readDecimal, u64, utf8 } from './bytes.ts'
import { formatBase64, parseBase64 } from './codecs.ts'
import type { Crypto, Sha256, Signer } from './crypto.ts'
import { LedgerError, type LedgerCode } from './ledger-error.ts'
import {
  cosignedText,
  formatNote,
  formatSignatureLine,
  type NoteSignature,
  parseNote,
  type VerifiedSignature,
  verifyNote,
} from './note.ts'
import { hashBytes } from './tree.ts'
import { createVkey, isKeyName, noteKeyId, noteType, type VKey } from './vkey.ts'

/** State of a log: its origin, how many leaves, and the root over them (tlog-checkpoint, no extension lines). */
export interface Checkpoint {
  readonly origin: string
  readonly size: number
  readonly root: Uint8Array
}

/** A checkpoint whose log signature holds. */
export interface OpenedCheckpoint {
  readonly checkpoint: Checkpoint
  /** The three lines, as signed. */
  readonly text: string
  readonly log: VKey
  /** Cosignatures that hold, of the witness keys given. */
  readonly cosignatures: readonly VerifiedSignature[]
}

export const formatCheckpoint = ({ origin, size, root }: Checkpoint): string =>
  `${origin}\n${size}\n${formatBase64(root)}\n`

/** Reads the text of a checkpoint. Extension lines are refused: witnesses do not attest them. */
export function parseCheckpoint(text: string): Decoded<Checkpoint, LedgerCode> {
  const [origin, sizeText, rootText, end, ...rest] = text.split('\n')
  const size = readDecimal(sizeText ?? '')
  const root = parseBase64(rootText ?? '')
  if (origin === undefined || !isKeyName(origin)) return refuse('bad_checkpoint', 'line 1 is no log origin')
  if (size === undefined)
    return refuse('bad_checkpoint', `line 2: "${(sizeText ?? '').slice(0, 40)}" is no size`)
  if (root?.length !== hashBytes)
    return refuse(
      'bad_checkpoint',
      `line 3: "${(rootText ?? '').slice(0, 60)}" is no base64 root of 32 bytes`,
    )
  if (end !== '' || rest.length > 0)
    return refuse('bad_checkpoint', 'more than three lines; extension lines are not accepted')
  return accept({ origin, size, root })
}

/** The signed note of a checkpoint; the key's name is the origin. */
export function signCheckpoint(checkpoint: Checkpoint, signer: Signer, sha256: Sha256): string {
  if (signer.alg !== 'Ed25519')
    throw new LedgerError('bad_key', `log key ${signer.kid} is ${signer.alg}; checkpoints need Ed25519`)
  if (!isKeyName(checkpoint.origin))
    throw new LedgerError(
      'bad_checkpoint',
      `origin "${checkpoint.origin}" must have no white space and no "+"`,
    )
  const text = formatCheckpoint(checkpoint)
  const keyId = noteKeyId(checkpoint.origin, noteType.ed25519, signer.publicKey, sha256)
  const signature = { name: checkpoint.origin, keyId, signature: signer.sign(utf8(text)) }
  return formatNote({ text, signatures: [signature] })
}

/** A witness's signature line over a checkpoint's text, at `seconds` (Unix). */
export function cosign(
  text: string,
  witness: { readonly name: string; readonly signer: Signer; readonly seconds: number },
  sha256: Sha256,
): NoteSignature {
  const { name, signer, seconds } = witness
  return {
    name,
    keyId: noteKeyId(name, noteType.cosignature, signer.publicKey, sha256),
    signature: concatBytes(u64(seconds), signer.sign(utf8(cosignedText(text, seconds)))),
  }
}

/** A signed note with further signature lines at its end; lines it has already are not repeated. */
export function addSignatures(note: string, signatures: readonly NoteSignature[]): string {
  const lines = signatures.map(formatSignatureLine)
  return note + lines.filter((line, i) => !note.includes(`\n${line}`) && lines.indexOf(line) === i).join('')
}

/** `<log name>/<year>` taken apart; undefined when the origin does not end with a year. */
export function parseOrigin(origin: string): { readonly log: string; readonly year: number } | undefined {
  const match = /^(.+)\/(\d{4})$/.exec(origin)
  return match?.[1] === undefined ? undefined : { log: match[1], year: Number(match[2]) }
}

export const formatOrigin = (log: string, year: number): string => `${log}/${String(year).padStart(4, '0')}`

/**
 * The key of the log `origin`: the one of that name, or, since there is a log a year and one key for all of them
 * (evidence.md, decision 1), the same public key under the name of another year of the same log.
 */
export function logKey(origin: string, keys: readonly VKey[], sha256: Sha256): VKey | undefined {
  const logs = keys.filter((key) => key.type === noteType.ed25519)
  const named = logs.find((key) => key.name === origin)
  if (named) return named
  const wanted = parseOrigin(origin)
  const sibling = wanted && logs.find((key) => parseOrigin(key.name)?.log === wanted.log)
  return sibling && createVkey(origin, sibling.type, sibling.publicKey, sha256)
}

/** Reads a signed checkpoint and requires the signature of its log; `witnesses` are checked where they signed. */
export function openCheckpoint(
  signed: string,
  keys: { readonly logs: readonly VKey[]; readonly witnesses?: readonly VKey[] },
  crypto: Crypto,
): Decoded<OpenedCheckpoint, LedgerCode> {
  const note = parseNote(signed)
  if (!note.ok) return note
  const { text } = note.value
  const checkpoint = parseCheckpoint(text)
  if (!checkpoint.ok) return checkpoint
  const { origin } = checkpoint.value
  const log = logKey(origin, keys.logs, crypto.sha256)
  if (!log) return refuse('unknown_key', `no key is known for the log "${origin}"`)
  const verified = verifyNote(note.value, [log, ...(keys.witnesses ?? [])], crypto)
  if (!verified.ok) return verified
  if (!verified.value.some(({ key }) => key === log))
    return refuse('bad_signature', `the checkpoint has no signature of ${origin}+${log.keyId}`)
  const cosignatures = verified.value.filter(({ key }) => key.type === noteType.cosignature)
  return accept({ checkpoint: checkpoint.value, text, log, cosignatures })
}
