import { parsePolicy, type Policy } from '@hours/ledger'
import { nodeCrypto } from '@hours/ledger/node'

/** The policy of `--policy`'s file (C2SP tlog-policy), or what is wrong with it, as its reader is told. */
export function readPolicy(text: string): Policy | string {
  const policy = parsePolicy(text, nodeCrypto.sha256)
  return policy.ok ? policy.value : `--policy: ${policy.error.message}`
}
