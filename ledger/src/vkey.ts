import { accept, type Decoded, refuse } from '@hours/protocol'
import { concatBytes, utf8 } from './bytes.ts'
import { formatBase64, formatHex, parseBase64 } from './codecs.ts'
import type { Sha256 } from './crypto.ts'
import type { LedgerCode } from './ledger-error.ts'

/** Signature types of C2SP signed-note; lines of other types are carried along and ignored. */
export const noteType = { ed25519: 0x01, cosignature: 0x04, mlDsa44: 0x06 } as const

/** A public key that signs notes. */
export interface VKey {
  /** For a log: its origin. */
  readonly name: string
  /** First 4 bytes of SHA-256(name ‖ 0x0A ‖ type ‖ public key), as 8 hex digits. */
  readonly keyId: string
  readonly type: number
  readonly publicKey: Uint8Array
}

/** Key names have no white space, no plus and no control character (signed-note, "Format"). */
export const isKeyName = (name: string): boolean =>
  name.length > 0 && name.length <= 255 && name.isWellFormed() && !/[\s+\p{Cc}]/u.test(name)

/** The key id of a name and a typed key. */
export function noteKeyId(name: string, type: number, publicKey: Uint8Array, sha256: Sha256): string {
  const digest = sha256(concatBytes(utf8(`${name}\n`), Uint8Array.of(type), publicKey))
  return formatHex(digest.subarray(0, 4))
}

/** A verifier key from its parts. */
export function createVkey(name: string, type: number, publicKey: Uint8Array, sha256: Sha256): VKey {
  return { name, type, publicKey, keyId: noteKeyId(name, type, publicKey, sha256) }
}

/** `name+hex8(key id)+base64(type ‖ public key)`. */
export const formatVkey = (key: VKey): string =>
  `${key.name}+${key.keyId}+${formatBase64(concatBytes(Uint8Array.of(key.type), key.publicKey))}`

/** Reads a vkey; its key id must fit its name and key. */
export function parseVkey(text: string, sha256: Sha256): Decoded<VKey, LedgerCode> {
  const fault = (why: string) => refuse('bad_vkey', `vkey "${text.slice(0, 120)}": ${why}`)
  const first = text.indexOf('+')
  const second = text.indexOf('+', first + 1)
  if (first < 0 || second < 0) return fault('must be name+keyid+key')
  const name = text.slice(0, first)
  const keyId = text.slice(first + 1, second)
  const typed = text.length > 8_192 ? undefined : parseBase64(text.slice(second + 1))
  const type = typed?.[0]
  if (!isKeyName(name)) return fault('the name is empty or has white space')
  if (!typed || type === undefined || typed.length < 2) return fault('the key is not base64 of type and key')
  const publicKey = typed.subarray(1)
  if ((type === noteType.ed25519 || type === noteType.cosignature) && publicKey.length !== 32)
    return fault(`an Ed25519 key has 32 bytes, this one ${publicKey.length}`)
  const key = createVkey(name, type, publicKey, sha256)
  return key.keyId === keyId ? accept(key) : fault(`its key id is ${key.keyId}, not "${keyId.slice(0, 16)}"`)
}
