import { parseBase64url, parseRecord, recordDigest, type SignedRecord, verifyRecord } from '@hours/ledger'
import { nodeCrypto } from '@hours/ledger/node'
import {
  decodeRecord,
  type GatewayConfig,
  InstrumentSettings,
  type InstrumentSettings as Settings,
  type Page,
} from '@hours/protocol'
import type { NextConfig } from './logbook.ts'
import type { Spool } from './spool.ts'

/** Revision 0: the configuration of the YAML file, before any `config` record. */
export const firstConfig = (instruments: readonly Settings[]): Page['config'] => ({
  revision: 0,
  sha256: settingsDigest(instruments),
})

/** The same settings have the same digest, wherever they were written. */
export function settingsDigest(instruments: readonly Settings[]): string {
  const text = JSON.stringify(instruments.map((one) => InstrumentSettings.parse(one)))
  return Buffer.from(nodeCrypto.sha256(Buffer.from(text))).toString('base64url')
}

/** `settingsDigest` that remembers: each heartbeat states it, and settings are never changed in place. */
export function createDigests(): typeof settingsDigest {
  const known = new WeakMap<readonly Settings[], string>()
  return (instruments) => {
    const digest = known.get(instruments) ?? settingsDigest(instruments)
    known.set(instruments, digest)
    return digest
  }
}

/**
 * Reads a `config` record: believed when a pinned operator key signed it, for this gateway. Undefined when not; the
 * reason is the operator's to find, because nobody else can publish there (wire.md, section 2).
 */
export function openConfig(
  bytes: Uint8Array,
  { gateway, trust }: Pick<GatewayConfig, 'gateway' | 'trust'>,
): NextConfig | undefined {
  const record = parseRecord(bytes)
  if (!record.ok || record.value.kind !== 'config' || !isOperators(record.value, trust)) return undefined
  const config = readConfig(record.value)
  return config?.gateway === gateway ? config.next : undefined
}

function isOperators(record: SignedRecord, trust: GatewayConfig['trust']): boolean {
  const key = trust?.operator?.find(({ kid }) => kid === record.kid)
  const publicKey = key && parseBase64url(key.public)
  return publicKey !== undefined && verifyRecord(record, { alg: 'Ed25519', publicKey }, nodeCrypto)
}

/** The last `config` record taken, or the one whose date is still to come; it was verified before it was stored. */
export function storedConfig(
  spool: Pick<Spool, 'get'>,
  key: 'config' | 'config-waiting' = 'config',
): NextConfig | undefined {
  const bytes = spool.get(key)
  const record = bytes && parseRecord(bytes)
  return record?.ok === true ? readConfig(record.value)?.next : undefined
}

function readConfig(record: SignedRecord): { gateway: string; next: NextConfig } | undefined {
  const decoded = decodeRecord('config', record.payload)
  if (!decoded.ok || decoded.value.instruments.length === 0) return undefined
  const { gateway, revision, instruments, from = 0 } = decoded.value
  const sha256 = recordDigest(record.bytes, nodeCrypto.sha256)
  return { gateway, next: { from, instruments, config: { revision, sha256 }, bytes: record.bytes } }
}
