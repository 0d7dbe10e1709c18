import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Witness } from '@hours/ingest'
import { parsePolicy } from '@hours/ledger'
import { nodeCrypto } from '@hours/ledger/node'

/** The witnesses of `<data>/policy` that have an address: whom a site shows its log to. */
export function policyWitnesses(dataDir: string): Witness[] {
  const path = join(dataDir, 'policy')
  if (!existsSync(path)) return []
  const policy = parsePolicy(readFileSync(path, 'utf8'), nodeCrypto.sha256)
  if (!policy.ok) throw new Error(`${path}: ${policy.error.message}`)
  return [...policy.value.witnesses].flatMap(([name, { key, url }]) =>
    url === undefined ? [] : [{ name, key, url }],
  )
}
