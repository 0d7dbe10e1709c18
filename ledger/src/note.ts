import { accept, type Decoded, refuse } from '@hours/protocol'
import { concatBytes, readU64, utf8 } from './bytes.ts'
import { formatBase64, formatHex, parseBase64, parseHex } from './codecs.ts'
import type { Crypto } from './crypto.ts'
import type { LedgerCode } from './ledger-error.ts'
import { isKeyName, noteType, type VKey } from './vkey.ts'

/** Notes with more signatures are refused; at least 16 must be accepted (signed-note). */
export const maxNoteSignatures = 100
const maxNoteLength = 262_144

/** One signature line: who says they signed, and what they signed with. */
export interface NoteSignature {
  readonly name: string
  /** 8 hex digits. */
  readonly keyId: string
  /** What follows the key id. */
  readonly signature: Uint8Array
}

/** A text and its signature lines; nothing of it is verified yet. */
export interface Note {
  /** Ends with a newline. */
  readonly text: string
  readonly signatures: readonly NoteSignature[]
}

/** A signature that holds; `time` is the witness's Unix seconds when it is a cosignature. */
export interface VerifiedSignature {
  readonly key: VKey
  readonly time?: number
}

/** `— name base64(key id ‖ signature)` and a newline (signed-note, "Format"). */
export function formatSignatureLine({ name, keyId, signature }: NoteSignature): string {
  return `— ${name} ${formatBase64(concatBytes(parseHex(keyId) ?? new Uint8Array(4), signature))}\n`
}

/** Reads one signature line without its newline. */
export function parseSignatureLine(line: string): Decoded<NoteSignature, LedgerCode> {
  const [dash, name, base64, ...rest] = line.split(' ')
  const bytes = base64 === undefined ? undefined : parseBase64(base64)
  if (dash !== '—' || name === undefined || !isKeyName(name) || rest.length > 0 || !bytes || bytes.length < 5)
    return refuse('bad_note', `"${line.slice(0, 80)}" is no signature line`)
  return accept({ name, keyId: formatHex(bytes.subarray(0, 4)), signature: bytes.subarray(4) })
}

export const formatNote = (note: Note): string =>
  `${note.text}\n${note.signatures.map(formatSignatureLine).join('')}`

/** Reads a signed note; the text ends at the last empty line. */
export function parseNote(note: string): Decoded<Note, LedgerCode> {
  if (note.length > maxNoteLength)
    return refuse('oversize', `a note of ${note.length} characters; at most ${maxNoteLength} are read`)
  if (!note.isWellFormed() || /[^\P{Cc}\n\u007f-\u009f]/u.test(note))
    return refuse('bad_note', 'the note has control characters or is not Unicode')
  const gap = note.lastIndexOf('\n\n')
  if (gap < 0 || !note.endsWith('\n'))
    return refuse('bad_note', 'the note has no empty line before signatures')
  const lines = note.slice(gap + 2, -1).split('\n')
  if (lines.length > maxNoteSignatures)
    return refuse('oversize', `${lines.length} signatures; at most ${maxNoteSignatures} are read`)
  const signatures: NoteSignature[] = []
  for (const line of lines) {
    const signature = parseSignatureLine(line)
    if (!signature.ok) return signature
    signatures.push(signature.value)
  }
  return accept({ text: note.slice(0, gap + 1), signatures })
}

/**
 * Checks every signature of a known key and returns those that hold, one a key. One bad signature under a known name
 * and key id spoils the whole note (signed-note); lines of unknown keys and types are ignored.
 */
export function verifyNote(
  note: Note,
  keys: readonly VKey[],
  crypto: Crypto,
): Decoded<readonly VerifiedSignature[], LedgerCode> {
  const verified = new Map<VKey, VerifiedSignature>()
  for (const line of note.signatures) {
    const key = keys.find((k) => k.name === line.name && k.keyId === line.keyId)
    if (!key || (key.type !== noteType.ed25519 && key.type !== noteType.cosignature)) continue
    const signed = verifyLine(note.text, line, key, crypto)
    if (!signed) return refuse('bad_signature', `the signature of ${line.name}+${line.keyId} does not hold`)
    if (!verified.has(key)) verified.set(key, signed)
  }
  return accept([...verified.values()])
}

function verifyLine(
  text: string,
  line: NoteSignature,
  key: VKey,
  crypto: Crypto,
): VerifiedSignature | undefined {
  const { signature } = line
  if (key.type === noteType.ed25519)
    return crypto.verify('Ed25519', key.publicKey, utf8(text), signature) ? { key } : undefined
  const time = signature.length === 72 ? readU64(signature) : undefined
  if (time === undefined) return undefined
  const message = utf8(cosignedText(text, time))
  return crypto.verify('Ed25519', key.publicKey, message, signature.subarray(8)) ? { key, time } : undefined
}

/** What a witness signs: the time it saw the checkpoint, Unix seconds, and the checkpoint (tlog-cosignature). */
export const cosignedText = (checkpointText: string, seconds: number): string =>
  `cosignature/v1\ntime ${seconds}\n${checkpointText}`
