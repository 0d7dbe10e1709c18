/** `Ed25519` (RFC 8032), or `ES256` for secure elements that have only P-256 (evidence.md, section 3). */
export type KeyAlg = 'Ed25519' | 'ES256'

/** Everything the ledger asks of the world outside: a hash and a signature check. Neither ever throws. */
export interface Crypto {
  readonly sha256: (bytes: Uint8Array) => Uint8Array
  /** Public keys are raw: 32 bytes, or 65 bytes of uncompressed P-256 point; an ES256 signature is r ‖ s. */
  readonly verify: (alg: KeyAlg, publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array) => boolean
}

/** A private key that stays where it is; `kid` is `holder#n` (for a log key: any name). */
export interface Signer {
  readonly kid: string
  readonly alg: KeyAlg
  readonly publicKey: Uint8Array
  readonly sign: (bytes: Uint8Array) => Uint8Array
}

export type Sha256 = Crypto['sha256']

/**
 * A computation that needs SHA-256: it yields what is to be hashed and is sent the digest. So one body of code runs
 * with node's synchronous hash and with the browser's asynchronous WebCrypto.
 */
export type HashSteps<T> = Generator<Uint8Array, T, Uint8Array>

/** Runs `steps` to the end with a synchronous hash. */
export function runHashes<T>(steps: HashSteps<T>, sha256: Sha256): T {
  let next = steps.next()
  while (next.done !== true) next = steps.next(sha256(next.value))
  return next.value
}

/** Runs `steps` to the end with an asynchronous hash, such as `crypto.subtle.digest`. */
export async function runHashesAsync<T>(
  steps: HashSteps<T>,
  sha256: (bytes: Uint8Array) => Promise<Uint8Array>,
): Promise<T> {
  let next = steps.next()
  while (next.done !== true) next = steps.next(await sha256(next.value))
  return next.value
}
