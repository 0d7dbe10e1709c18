import { existsSync, mkdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { Signer } from '@hours/ledger'
import { createSigner, generateKey, loadKeyFile, saveKeyFile } from '@hours/ledger/node'
import { demoPassword } from './enrol.ts'

/** What a simulated gateway has made "on the device": its page key, and a broker password out of it. */
export interface DemoGatewayKey {
  readonly signer: Signer
  readonly password: string
}

/** Makes the key file of `path` at a first start (mode 0600). */
export function makeKeyFile(path: string): void {
  if (existsSync(path)) return
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
  saveKeyFile(path, generateKey())
}

/** Reads the gateway's key from its folder, or makes it there. */
export function gatewayKey(dir: string, gateway: string): DemoGatewayKey {
  const path = join(dir, 'page.key')
  makeKeyFile(path)
  const signer = createSigner(`${gateway}#1`, loadKeyFile(path))
  return { signer, password: demoPassword(readFileSync(path)) }
}
