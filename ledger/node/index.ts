import {
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  hash,
  type KeyObject,
  sign,
  verify,
} from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import type { Crypto, KeyAlg, Signer } from '../src/crypto.ts'
import { LedgerError } from '../src/ledger-error.ts'

export { lockFolder } from './folder-lock.ts'

const maxCachedKeys = 4_096
const keys = new Map<string, KeyObject>()

/** The ledger's crypto by node:crypto; public keys stay imported (building one costs as much as using it). */
export const nodeCrypto: Crypto = {
  sha256: (bytes) => plain(hash('sha256', bytes, 'buffer')),
  verify(alg, publicKey, message, signature) {
    if (signature.length !== 64) return false
    try {
      const key = importKey(alg, publicKey)
      return alg === 'Ed25519'
        ? verify(null, message, key, signature)
        : verify('sha256', message, { key, dsaEncoding: 'ieee-p1363' }, signature)
    } catch {
      // A key that is no point of its curve verifies nothing.
      return false
    }
  },
}

/** A Buffer as what it is beneath: its own `slice`, `toString` and JSON form would surprise the pure code. */
const plain = (buffer: Buffer) => new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.length)

/** Imports a raw public key, or takes it from the cache; throws when it is none. */
function importKey(alg: KeyAlg, raw: Uint8Array): KeyObject {
  const name = `${alg}:${raw.toBase64()}`
  const known = keys.get(name)
  if (known) return known
  const key = createPublicKey({ key: jwkOf(alg, raw), format: 'jwk' })
  const oldest = keys.size >= maxCachedKeys ? keys.keys().next().value : undefined
  if (oldest !== undefined) keys.delete(oldest)
  keys.set(name, key)
  return key
}

const url = (bytes: Uint8Array) => bytes.toBase64({ alphabet: 'base64url', omitPadding: true })

function jwkOf(alg: KeyAlg, raw: Uint8Array): Record<string, string> {
  if (alg === 'Ed25519') return { kty: 'OKP', crv: 'Ed25519', x: url(raw) }
  if (raw.length !== 65 || raw[0] !== 4)
    throw new LedgerError('bad_key', 'an ES256 key is 65 bytes: 04 ‖ x ‖ y')
  return { kty: 'EC', crv: 'P-256', x: url(raw.subarray(1, 33)), y: url(raw.subarray(33)) }
}

/** Raw bytes of a public key: 32 (Ed25519), or 65 (P-256, uncompressed). */
function rawPublicKey(key: KeyObject): { alg: KeyAlg; publicKey: Uint8Array } {
  const jwk = createPublicKey(key).export({ format: 'jwk' })
  const part = (text: string | undefined) => Uint8Array.fromBase64(text ?? '', { alphabet: 'base64url' })
  if (jwk.crv === 'Ed25519') return { alg: 'Ed25519', publicKey: part(jwk.x) }
  if (jwk.crv === 'P-256')
    return { alg: 'ES256', publicKey: Uint8Array.of(4, ...part(jwk.x), ...part(jwk.y)) }
  throw new LedgerError('bad_key', `a key of curve ${String(jwk.crv)}; Ed25519 or P-256 is needed`)
}

/** A fresh private key. */
export function generateKey(alg: KeyAlg = 'Ed25519'): KeyObject {
  return alg === 'Ed25519'
    ? generateKeyPairSync('ed25519').privateKey
    : generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey
}

/** A signer with a private key held in this process; `kid` is `holder#n`. */
export function createSigner(kid: string, privateKey: KeyObject): Signer {
  const { alg, publicKey } = rawPublicKey(privateKey)
  return {
    kid,
    alg,
    publicKey,
    sign: (bytes) =>
      alg === 'Ed25519'
        ? plain(sign(null, bytes, privateKey))
        : plain(sign('sha256', bytes, { key: privateKey, dsaEncoding: 'ieee-p1363' })),
  }
}

/** An Ed25519 signer from its 32-byte seed (RFC 8032): for test vectors and the demo's fixed keys. */
export function signerFromSeed(seed: Uint8Array, kid: string): Signer {
  if (seed.length !== 32) throw new LedgerError('bad_key', `a seed has 32 bytes, this one ${seed.length}`)
  const der = Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), seed])
  return createSigner(kid, createPrivateKey({ key: der, format: 'der', type: 'pkcs8' }))
}

/** Writes a private key as PKCS #8 PEM, readable by its owner only; never over an existing file. */
export function saveKeyFile(path: string, privateKey: KeyObject): void {
  writeFileSync(path, privateKey.export({ format: 'pem', type: 'pkcs8' }), { mode: 0o600, flag: 'wx' })
}

/** Reads a private key from a PKCS #8 PEM file. */
export function loadKeyFile(path: string): KeyObject {
  const pem = readFileSync(path)
  try {
    return createPrivateKey(pem)
  } catch (cause) {
    throw new LedgerError('bad_key', `${path} is no private key in PEM (PKCS #8)`, { cause })
  }
}
