import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import {
  createSigner,
  generateKey,
  loadKeyFile,
  nodeCrypto,
  saveKeyFile,
  signerFromSeed,
} from '../node/index.ts'

const folder = mkdtempSync(join(tmpdir(), 'hours-keys-'))
afterAll(() => rmSync(folder, { recursive: true }))

describe('keys', () => {
  it.each(['Ed25519', 'ES256'] as const)('of %s are kept in a file that only its owner reads', (alg) => {
    const path = join(folder, `${alg}.pem`)
    const key = generateKey(alg)
    saveKeyFile(path, key)
    expect(statSync(path).mode & 0o777).toBe(0o600)
    const signer = createSigner('service#1', loadKeyFile(path))
    expect(signer).toMatchObject({ alg, kid: 'service#1', publicKey: createSigner('x#0', key).publicKey })
    const message = new Uint8Array([1, 2, 3])
    const signature = signer.sign(message)
    expect(nodeCrypto.verify(alg, signer.publicKey, message, signature)).toBe(true)
    expect(nodeCrypto.verify(alg, signer.publicKey, message.with(0, 9), signature)).toBe(false)
  })
  it('are never overwritten, and a file without one is named', () => {
    const path = join(folder, 'Ed25519.pem')
    expect(() => saveKeyFile(path, generateKey())).toThrow('EEXIST')
    const other = join(folder, 'other.pem')
    writeFileSync(other, 'no key')
    expect(() => loadKeyFile(other)).toThrow(/other\.pem is no private key/)
  })
  it('that are none verify nothing and throw nothing', () => {
    const signature = new Uint8Array(64)
    for (const alg of ['Ed25519', 'ES256'] as const)
      for (const length of [0, 31, 32, 65])
        expect(nodeCrypto.verify(alg, new Uint8Array(length).fill(4), signature, signature)).toBe(false)
    expect(nodeCrypto.verify('Ed25519', new Uint8Array(32), signature, new Uint8Array(3))).toBe(false)
    expect(() => signerFromSeed(new Uint8Array(31), 'x#0')).toThrow('32 bytes')
  })
  it('stay right when there are more than are kept', () => {
    const first = createSigner('x#0', generateKey())
    const message = new Uint8Array([5])
    const signature = first.sign(message)
    const seed = new Uint8Array(32)
    for (let i = 0; i < 4_200; i++) {
      new DataView(seed.buffer).setUint32(0, i)
      nodeCrypto.verify('Ed25519', signerFromSeed(seed, 'x#0').publicKey, message, signature)
    }
    expect(nodeCrypto.verify('Ed25519', first.publicKey, message, signature)).toBe(true)
  })
})
