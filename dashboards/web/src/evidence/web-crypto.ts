/** WebCrypto as the checks use it; everything is computed in this browser. */

export async function sha256(bytes: Uint8Array): Promise<Uint8Array> {
  return new Uint8Array(await crypto.subtle.digest('SHA-256', bytes as Uint8Array<ArrayBuffer>))
}

/** Whether this browser can check Ed25519 at all (Chromium 137, Firefox 129, Safari 17 and later). */
export async function hasEd25519(): Promise<boolean> {
  try {
    await importEd25519(new Uint8Array(32).fill(1))
    return true
  } catch {
    return false
  }
}

const imported = new Map<string, Promise<CryptoKey>>()

function importEd25519(raw: Uint8Array): Promise<CryptoKey> {
  return crypto.subtle.importKey('raw', raw as Uint8Array<ArrayBuffer>, { name: 'Ed25519' }, false, [
    'verify',
  ])
}

function importEs256(raw: Uint8Array): Promise<CryptoKey> {
  return crypto.subtle.importKey(
    'raw',
    raw as Uint8Array<ArrayBuffer>,
    { name: 'ECDSA', namedCurve: 'P-256' },
    false,
    ['verify'],
  )
}

/** Whether the signature holds; a key that is none verifies nothing. */
export async function verifySignature(
  alg: string,
  key: Uint8Array,
  message: Uint8Array,
  signature: Uint8Array,
): Promise<boolean> {
  const name = `${alg} ${key.join()}`
  try {
    const known = imported.get(name) ?? (alg === 'ES256' ? importEs256(key) : importEd25519(key))
    imported.set(name, known)
    const how = alg === 'ES256' ? { name: 'ECDSA', hash: 'SHA-256' } : { name: 'Ed25519' }
    return await crypto.subtle.verify(
      how,
      await known,
      signature as Uint8Array<ArrayBuffer>,
      message as Uint8Array<ArrayBuffer>,
    )
  } catch {
    return false
  }
}
