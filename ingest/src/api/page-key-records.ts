import { createPublicKey } from 'node:crypto'
import type { GatewayId } from '@hours/protocol'
import type { RunningIngest } from '../running-ingest.ts'
import { badField, Problem } from './problem.ts'

interface PageKey {
  readonly alg: 'Ed25519' | 'ES256'
  readonly public: string
}

/** Throws 400 or 409 where this key cannot be admitted; whether it is there already. */
export function checkPageKey(ingest: RunningIngest, gateway: GatewayId, key: PageKey): 'known' | 'new' {
  checkKey(key)
  const known = ingest.registry.records('key').filter(({ record }) => record.holder === gateway)
  if (known.some(({ record }) => record.public === key.public && record.revoked === undefined)) return 'known'
  if (known.length === 0) return 'new'
  throw new Problem(409, 'this gateway has another page key', {
    value: gateway,
    fix: 'put its key file back, or enrol the device under a new gateway id',
  })
}

/**
 * Writes the `key` and `epoch` records that admit a new gateway's page key (records.md, section 3). The same key again
 * changes nothing; another one is for the operator to judge, as it ends the gateway's chain (409).
 */
export async function admitPageKey(ingest: RunningIngest, gateway: GatewayId, key: PageKey): Promise<void> {
  if (checkPageKey(ingest, gateway, key) === 'known') return
  const from = ingest.clock.wall()
  await ingest.recordAll([
    { kind: 'key', stream: 'installation', body: { holder: gateway, n: 1, ...key, from } },
    { kind: 'epoch', stream: 'installation', body: { gateway, epoch: 0, reason: 'enrolled' } },
  ])
}

function checkKey({ alg, public: text }: PageKey): void {
  const bytes = Buffer.from(text, 'base64url')
  const point = (from: number, to: number) => bytes.subarray(from, to).toString('base64url')
  const jwk =
    alg === 'Ed25519'
      ? { kty: 'OKP', crv: 'Ed25519', x: text }
      : { kty: 'EC', crv: 'P-256', x: point(1, 33), y: point(33, 65) }
  try {
    if (bytes.length !== (alg === 'Ed25519' ? 32 : 65)) throw new RangeError(`${bytes.length} bytes`)
    createPublicKey({ key: jwk, format: 'jwk' })
  } catch {
    throw badField('pageKey.public', text, 'the raw public key, base64url: Ed25519 32 bytes, ES256 65')
  }
}
