import {
  type Checkpoint,
  concatBytes,
  formatHex,
  formatBase64,
  parseBase64,
  parseCheckpoint,
  parseNote,
  parseOrigin,
  utf8,
} from '@hours/ledger'
import type { DayEvidence } from '@hours/protocol'
import { type Check, check } from './check.ts'
import { sha256, verifySignature } from './web-crypto.ts'

const ed25519Type = 1

/** Form of the checkpoint, key of the log, signature of the log; the checkpoint when all three hold. */
export async function checkCheckpoint(
  evidence: DayEvidence,
): Promise<{ checks: Check[]; checkpoint: Checkpoint | undefined }> {
  const note = parseNote(evidence.checkpoint)
  if (!note.ok) return { checks: [check('checkpoint', false, [note.error.message])], checkpoint: undefined }
  const read = parseCheckpoint(note.value.text)
  if (!read.ok) return { checks: [check('checkpoint', false, [read.error.message])], checkpoint: undefined }
  const { origin, size, root } = read.value
  const form = check('checkpoint', origin === evidence.origin, [
    `${origin} = ${evidence.origin}`,
    `size ${size}`,
    `root ${formatBase64(root)}`,
  ])
  const key = await logKey(evidence.vkey, origin)
  if (!key) return { checks: [form, check('logKey', false, [evidence.vkey])], checkpoint: undefined }
  const named = check('logKey', key.stated === key.computed, [
    `SHA-256(name ‖ key)[:4] = ${key.computed}`,
    `vkey ${key.stated}`,
  ])
  // The note is signed with the id of this year's name; a key is one for all years of a log.
  const lines = note.value.signatures.filter(({ name, keyId }) => name === origin && keyId === key.ofOrigin)
  const held = await Promise.all(
    lines.map(({ signature }) => verifySignature('Ed25519', key.bytes, utf8(note.value.text), signature)),
  )
  const signed = check('logSignature', held.length > 0 && held.every(Boolean), [
    `${origin}+${key.ofOrigin}`,
    formatBase64(key.bytes),
  ])
  const checks = [form, named, signed]
  return { checks, checkpoint: checks.every(({ state }) => state === 'ok') ? read.value : undefined }
}

/** The key out of its vkey, with the id it states, the id it has, and the id it has under `origin`. */
async function logKey(vkey: string, origin: string) {
  const first = vkey.indexOf('+')
  const second = vkey.indexOf('+', first + 1)
  const name = vkey.slice(0, first)
  const typed = parseBase64(vkey.slice(second + 1))
  if (first < 0 || second < 0 || typed?.length !== 33 || typed[0] !== ed25519Type) return undefined
  if (name !== origin && parseOrigin(name)?.log !== parseOrigin(origin)?.log) return undefined
  const idUnder = async (holder: string) =>
    formatHex((await sha256(concatBytes(utf8(`${holder}\n`), typed))).subarray(0, 4))
  return {
    bytes: typed.subarray(1),
    stated: vkey.slice(first + 1, second),
    computed: await idUnder(name),
    ofOrigin: await idUnder(origin),
  }
}
