import { existsSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { formatBase64url, type Signer } from '@hours/ledger'
import { createSigner, generateKey, loadKeyFile, saveKeyFile } from '@hours/ledger/node'
import type { Millis, PinnedKeys, RecordOf } from '@hours/protocol'
import { IngestError } from './ingest-error.ts'

/** The keys of an installation (records.md, sections 1 and 3). */
export interface IngestKeys {
  /** Signs checkpoints; its name in notes is the log's origin. */
  readonly log: Signer
  readonly service: Signer
  readonly operator: Signer
  readonly report: Signer
  /** True when they were made just now. */
  readonly fresh: boolean
}

const roles = ['log', 'service', 'operator', 'report'] as const

/**
 * Reads the keys in `directory`, or makes all four at the first start (mode 0600). Some there and some not is no first
 * start: then one was lost, and making it anew would hide that; throws `bad_key`.
 */
export function openKeys(directory: string): IngestKeys {
  mkdirSync(directory, { recursive: true, mode: 0o700 })
  const pathOf = (role: string) => join(directory, `${role}.pem`)
  const missing = roles.filter((role) => !existsSync(pathOf(role)))
  const fresh = missing.length === roles.length
  if (missing.length > 0 && !fresh)
    throw new IngestError(
      'bad_key',
      `${directory}: ${missing.map((role) => `${role}.pem`).join(', ')} missing beside the other keys. Fix: put it back from the backup.`,
    )
  if (fresh) for (const role of roles) saveKeyFile(pathOf(role), generateKey())
  const signer = (role: string) => {
    try {
      return createSigner(`${role}#1`, loadKeyFile(pathOf(role)))
    } catch (cause) {
      const why = cause instanceof Error ? cause.message : String(cause)
      throw new IngestError('bad_key', `${why}. Fix: put ${pathOf(role)} back from the backup.`, { cause })
    }
  }
  return {
    log: signer('log'),
    service: signer('service'),
    operator: signer('operator'),
    report: signer('report'),
    fresh,
  }
}

/** The keys in force as an `opening` record lists them. */
export function openingKeys(keys: IngestKeys, from: Millis): RecordOf<'opening'>['keys'] {
  return [keys.service, keys.operator, keys.report].map(({ kid, alg, publicKey }) => ({
    holder: kid.slice(0, kid.indexOf('#')),
    n: Number(kid.slice(kid.indexOf('#') + 1)),
    alg,
    public: formatBase64url(publicKey),
    from,
  }))
}

/** The public halves that gateways pin; `vkey` is the log's. */
export function pinnedKeys({ service, operator }: IngestKeys, vkey: string): PinnedKeys {
  const pinned = ({ kid, publicKey }: Signer) => ({ kid, public: formatBase64url(publicKey) })
  return { logs: [vkey], service: [pinned(service)], operator: [pinned(operator)] }
}
