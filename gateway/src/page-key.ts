import { chmodSync, existsSync, mkdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import type { Signer } from '@hours/ledger'
import { createSigner, generateKey, loadKeyFile, saveKeyFile } from '@hours/ledger/node'
import { GatewayError } from './gateway-error.ts'

/**
 * The gateway's page key, made on this device at the first start (records.md, section 3) and never sent anywhere:
 * `page.key` is `gateway#1`. Throws GatewayError `no_key` when the file is there but cannot be used.
 */
export function openPageKey(folder: string, gateway: string): Signer {
  const path = join(folder, 'page.key')
  try {
    if (!existsSync(path)) {
      mkdirSync(folder, { recursive: true, mode: 0o700 })
      saveKeyFile(path, generateKey())
    }
    if ((statSync(path).mode & 0o077) !== 0) chmodSync(path, 0o600)
    return createSigner(`${gateway}#1`, loadKeyFile(path))
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause)
    throw new GatewayError(
      'no_key',
      `${path}: ${why}. Fix: a folder this user may write to; a lost key needs a new one enrolled.`,
      { cause },
    )
  }
}
