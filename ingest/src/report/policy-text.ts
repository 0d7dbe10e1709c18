import { createVkey, formatVkey, noteType } from '@hours/ledger'
import { nodeCrypto } from '@hours/ledger/node'

/**
 * The site's policy with the key of the logs that a bundle shows (origins in order of their years). C2SP tlog-policy
 * forbids one key on two lines: it stands under the newest year's name, which readers of ours take for all years.
 */
export function policyText(
  origins: readonly string[],
  publicKey: Uint8Array,
  sitePolicy = 'quorum none\n',
): string {
  const newest = origins.at(-1) ?? ''
  const key = createVkey(newest, noteType.ed25519, publicKey, nodeCrypto.sha256)
  const rest = sitePolicy.split('\n').filter((line) => !/^\s*log\s/.test(line))
  return [`log ${formatVkey(key)}`, ...rest].join('\n')
}
