import { base64url, CompactSign, compactVerify, importJWK, type JWK } from 'jose'
import { describe, expect, it } from 'vitest'
import { createSigner, generateKey, nodeCrypto } from '../node/index.ts'
import { utf8 } from './bytes.ts'
import { formatBase64url } from './codecs.ts'
import { jsonFault, readJson } from './json-keys.ts'
import { parseRecord, signRecord, verifyRecord } from './signed-record.ts'

const payload = '{"v":1,"gateway":"gw-1","names":{"zh":"显微镜"}}'
const keys = (['Ed25519', 'ES256'] as const).map((alg) => {
  const privateKey = generateKey(alg)
  const signer = createSigner('gw-1#3', privateKey)
  return { alg, privateKey, signer, publicJwk: jwkOf(alg, signer.publicKey) }
})

function jwkOf(alg: 'Ed25519' | 'ES256', raw: Uint8Array): JWK {
  if (alg === 'Ed25519') return { kty: 'OKP', crv: 'Ed25519', x: formatBase64url(raw) }
  return {
    kty: 'EC',
    crv: 'P-256',
    x: formatBase64url(raw.subarray(1, 33)),
    y: formatBase64url(raw.subarray(33)),
  }
}

describe.each(keys)('a record signed with $alg', ({ alg, privateKey, signer, publicJwk }) => {
  it('is what jose verifies', async () => {
    const record = signRecord({ kind: 'same-as', payload, signer })
    const verified = await compactVerify(record, await importJWK(publicJwk, alg), { algorithms: [alg] })
    expect(new TextDecoder().decode(verified.payload)).toBe(payload)
    expect(verified.protectedHeader).toEqual({ alg, kid: 'gw-1#3', typ: 'hours-same-as+jws' })
  })
  it('is read when jose has made it', async () => {
    const made = await new CompactSign(utf8(payload))
      .setProtectedHeader({ alg, kid: 'gw-1#3', typ: 'hours-page+jws' })
      .sign(privateKey)
    const record = parseRecord(utf8(made))
    if (!record.ok) throw new Error(record.error.message)
    expect(record.value).toMatchObject({ kind: 'page', holder: 'gw-1', n: 3, alg })
    expect(new TextDecoder().decode(record.value.payload)).toBe(payload)
    expect(verifyRecord(record.value, signer, nodeCrypto)).toBe(true)
  })
  it('does not verify with a bit changed, under another key, or under another algorithm', () => {
    const bytes = signRecord({ kind: 'page', payload, signer })
    const record = parseRecord(bytes)
    if (!record.ok) throw new Error(record.error.message)
    const { signature } = record.value
    const changed = { ...record.value, signature: signature.with(10, (signature[10] ?? 0) ^ 1) }
    expect(verifyRecord(changed, signer, nodeCrypto)).toBe(false)
    for (const other of keys.filter((key) => key.alg !== alg))
      expect(verifyRecord(record.value, other.signer, nodeCrypto)).toBe(false)
    expect(verifyRecord(record.value, createSigner('gw-1#3', generateKey(alg)), nodeCrypto)).toBe(false)
  })
})

describe('a header', () => {
  const { signer } = keys[0]!
  const good = { alg: 'Ed25519', kid: 'gw-1#3', typ: 'hours-page+jws' }
  const withHeader = (header: string) => {
    const input = `${base64url.encode(header)}.${base64url.encode(payload)}`
    return parseRecord(utf8(`${input}.${formatBase64url(signer.sign(utf8(input)))}`))
  }
  it('is accepted in its one spelling', () => {
    expect(withHeader(JSON.stringify(good))).toMatchObject({ ok: true })
  })
  it.each([
    ['crit', { ...good, crit: ['exp'] }],
    ['b64', { ...good, b64: false }],
    ['jwk', { ...good, jwk: keys[0]!.publicJwk }],
    ['jku', { ...good, jku: 'https://example.org' }],
    ['x5u', { ...good, x5u: 'https://example.org' }],
    ['x5c', { ...good, x5c: [] }],
    ['alg none', { ...good, alg: 'none' }],
    ['alg EdDSA', { ...good, alg: 'EdDSA' }],
    ['alg HS256', { ...good, alg: 'HS256' }],
    ['no typ', { alg: 'Ed25519', kid: 'gw-1#3' }],
    ['a foreign typ', { ...good, typ: 'JWT' }],
    ['a kid without number', { ...good, kid: 'gw-1' }],
    ['a number with leading zero', { ...good, kid: 'gw-1#03' }],
    ['another order', { typ: good.typ, alg: good.alg, kid: good.kid }],
  ])('is refused with %s', (_, header) => {
    expect(withHeader(JSON.stringify(header))).toMatchObject({ ok: false, error: { code: 'bad_header' } })
  })
  it('is refused with a double key, spaces or an escaped key', () => {
    for (const text of [
      '{"alg":"none","alg":"Ed25519","kid":"gw-1#3","typ":"hours-page+jws"}',
      '{"alg":"Ed25519", "kid":"gw-1#3","typ":"hours-page+jws"}',
      '{"\\u0061lg":"Ed25519","kid":"gw-1#3","typ":"hours-page+jws"}',
    ])
      expect(withHeader(text)).toMatchObject({ ok: false, error: { code: 'bad_header' } })
  })
  it('cannot be signed wrongly either', () => {
    expect(() => signRecord({ kind: 'Page', payload, signer })).toThrow('cannot sign as')
    expect(() => signRecord({ kind: 'page', payload: '{"a":1,"a":2}', signer })).toThrow('"a" stands twice')
    expect(() => signRecord({ kind: 'page', payload: JSON.stringify('x'.repeat(50_000)), signer })).toThrow(
      '65535',
    )
  })
})

describe('a record', () => {
  const text = new TextDecoder().decode(signRecord({ kind: 'page', payload, signer: keys[0]!.signer }))
  it('is refused in any other spelling of the same bytes', () => {
    const [header = '', body = '', signature = ''] = text.split('.')
    for (const spelt of [
      `${text}=`,
      `${text}\n`,
      ` ${text}`,
      `${header}.${body}.${signature}.`,
      `${header}.${body}`,
      `${header}=.${body}.${signature}`,
      // The last character of 64 bytes carries two bits: the other four spellings mean the same to a lax reader.
      `${header}.${body}.${signature.slice(0, -1)}${signature.endsWith('B') ? 'C' : 'B'}`,
    ])
      expect(parseRecord(utf8(spelt)).ok, spelt.slice(-8)).toBe(false)
  })
  it('is refused above the size of an entry', () => {
    expect(parseRecord(new Uint8Array(65_536))).toMatchObject({ error: { code: 'oversize' } })
  })
})

describe('double keys in JSON', () => {
  it.each([
    ['{"a":1,"a":2}', true],
    ['{"a":{"b":1},"b":{"b":2}}', false],
    ['{"a":[{"x":1},{"x":2}]}', false],
    ['{"a":[{"x":1,"x":2}]}', true],
    ['{"a":"a","b":"a"}', false],
    ['{"a":"\\"a\\":","b":1}', false],
    ['{"\\u0061":1,"a":2}', true],
    ['{"a\\\\":1,"a":2}', false],
    [`${'['.repeat(40)}${']'.repeat(40)}`, true],
    ['', false],
    ['"', false],
    ['{"', false],
  ])('in %s: %s', (json, fault) => {
    expect(jsonFault(json) !== undefined).toBe(fault)
    expect(readJson(json).fault !== undefined).toBe(fault)
  })
})
