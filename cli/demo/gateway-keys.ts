import { existsSync, mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Signer } from '@hours/ledger'
import { createSigner, generateKey, loadKeyFile, saveKeyFile } from '@hours/ledger/node'
import { demoPassword } from './enrol.ts'

/** What a simulated gateway has made "on the device": its page key, and a broker password out of it. */
export interface DemoGatewayKey {
  readonly signer: Signer
  readonly password: string
}

/** Reads the gateway's key from its folder, or makes it there (mode 0600). */
export function gatewayKey(dir: string, gateway: string): DemoGatewayKey {
  const path = join(dir, 'page.key')
  if (!existsSync(path)) {
    mkdirSync(dir, { recursive: true, mode: 0o700 })
    saveKeyFile(path, generateKey())
  }
  const signer = createSigner(`${gateway}#1`, loadKeyFile(path))
  return { signer, password: demoPassword(readFileSync(path)) }
}
