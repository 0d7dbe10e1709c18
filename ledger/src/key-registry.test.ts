import { describe, expect, it } from 'vitest'
import { createSigner, generateKey, nodeCrypto } from '../node/index.ts'
import { gatewaySigner, pageOf } from './chain.fixture.ts'
import { formatBase64url } from './codecs.ts'
import { createKeyRegistry } from './key-registry.ts'
import { openPage } from './open-page.ts'
import { comparePositions } from './position.ts'
import { signRecord } from './signed-record.ts'
import { utf8 } from './bytes.ts'

const at = (index: number, year = 2026) => ({ year, index })
const publicOf = (signer: { readonly publicKey: Uint8Array }) => formatBase64url(signer.publicKey)
const gatewayKey = { holder: 'gw-1', n: 1, alg: 'Ed25519', public: publicOf(gatewaySigner) } as const

describe('a key', () => {
  it('is good from the position that enrols it until the one that revokes it, over the years', () => {
    const keys = createKeyRegistry()
    keys.apply(gatewayKey, at(5))
    expect(keys.find('gw-1#1', at(4))).toMatchObject({ ok: false, error: { code: 'unknown_key' } })
    expect(keys.find('gw-1#1', at(5))).toMatchObject({ ok: true })
    expect(keys.find('gw-1#1', at(0, 2027))).toMatchObject({ ok: true })
    keys.apply({ ...gatewayKey, revoked: 1 }, at(3, 2027))
    expect(keys.find('gw-1#1', at(2, 2027))).toMatchObject({ ok: true })
    expect(keys.find('gw-1#1', at(3, 2027))).toMatchObject({ ok: false, error: { code: 'revoked_key' } })
    expect(keys.apply(gatewayKey, at(4, 2027))).toMatchObject({ ok: false, error: { code: 'revoked_key' } })
  })
  it('cannot be replaced under its own number, nor be of the wrong length', () => {
    const keys = createKeyRegistry()
    keys.apply(gatewayKey, at(5))
    const other = createSigner('gw-1#1', generateKey())
    expect(keys.apply({ ...gatewayKey, public: publicOf(other) }, at(6))).toMatchObject({
      error: { code: 'key_conflict' },
    })
    expect(keys.apply({ ...gatewayKey, n: 2, alg: 'ES256' }, at(6))).toMatchObject({
      error: { code: 'bad_key' },
    })
    expect(keys.keys()).toHaveLength(1)
  })
  it('stays as it was when the next year opens with it', () => {
    const keys = createKeyRegistry()
    const opening = { keys: [{ ...gatewayKey, from: 1 }] }
    expect(keys.open(opening, at(0))).toMatchObject({ ok: true, value: [{ kid: 'gw-1#1' }] })
    keys.open(opening, at(0, 2027))
    expect(keys.find('gw-1#1', at(1))).toMatchObject({ ok: true, value: { since: at(0) } })
    const other = createSigner('gw-1#1', generateKey())
    const forged = { keys: [{ ...gatewayKey, public: publicOf(other), from: 1 }] }
    expect(keys.open(forged, at(0, 2028))).toMatchObject({ error: { code: 'key_conflict' } })
  })
  it('is compared by year first', () => {
    expect([at(1, 2027), at(9), at(2)].toSorted(comparePositions)).toEqual([at(2), at(9), at(1, 2027)])
  })
})

describe('a page is opened (R1)', () => {
  const keys = createKeyRegistry()
  keys.apply(gatewayKey, at(0))
  const context = { crypto: nodeCrypto, keys, at: at(9) }
  const { bytes, page, digest } = pageOf(0)
  const topic = (site: string, gateway: string) => ({ site, gateway }) as never
  const payload = JSON.stringify(page)
  const sign = (text: string, signer = gatewaySigner) => signRecord({ kind: 'page', payload: text, signer })
  const code = (input: Uint8Array, more: object = {}) => {
    const opened = openPage(input, { ...context, ...more })
    return opened.ok ? 'ok' : opened.error.code
  }

  it('with its digest, and with or without the topic it came by', () => {
    expect(openPage(bytes, context)).toEqual({ ok: true, value: { page, digest } })
    expect(code(bytes, { topic: topic('gz-gibh', 'gw-1') })).toBe('ok')
  })
  it('or refused by name', () => {
    const stranger = createSigner('gw-1#1', generateKey())
    const other = createSigner('gw-2#1', generateKey())
    keys.apply({ holder: 'gw-2', n: 1, alg: 'Ed25519', public: publicOf(other) }, at(0))
    keys.apply({ holder: 'gw-3', n: 1, alg: 'Ed25519', public: publicOf(stranger), revoked: 1 }, at(3))
    expect(code(utf8('hello'))).toBe('malformed')
    expect(code(new Uint8Array(70_000))).toBe('oversize')
    expect(code(signRecord({ kind: 'time', payload, signer: gatewaySigner }))).toBe('malformed')
    expect(code(sign(payload, stranger))).toBe('bad_signature')
    expect(code(sign(payload, { ...gatewaySigner, kid: 'gw-1#2' }))).toBe('unknown_key')
    expect(code(sign(payload, { ...stranger, kid: 'gw-3#1' }))).toBe('revoked_key')
    expect(code(sign(payload, { ...stranger, kid: 'gw-3#1' }), { at: at(2) })).not.toBe('ok')
    expect(code(sign('{"v":2}'))).toBe('unknown_version')
    expect(code(sign('not json'))).toBe('malformed')
    expect(code(sign('{"v":1}'))).toBe('bad_field')
    expect(code(sign(JSON.stringify({ ...page, software: 'x'.repeat(47_000) })))).toBe('oversize')
    expect(code(sign(payload, other))).toBe('topic_mismatch')
    expect(code(bytes, { topic: topic('gz-gibh', 'gw-2') })).toBe('topic_mismatch')
    expect(code(bytes, { topic: topic('elsewhere', 'gw-1') })).toBe('topic_mismatch')
  })
  it.each([
    [[['run', 0, 300_001]]],
    [[['run', 10, 10]]],
    [
      [
        ['run', 0, 20],
        ['off', 10, 30],
      ],
    ],
    [[['unknown', 0, 10]]],
  ])('spans: %j', (spans) => {
    const instruments = [{ ...page.instruments[0], spans }]
    expect(code(sign(JSON.stringify({ ...page, instruments })))).toBe('spans')
  })
})
