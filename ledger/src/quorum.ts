import { accept, type Decoded, refuse } from '@hours/protocol'
import { type OpenedCheckpoint, openCheckpoint } from './checkpoint.ts'
import type { Crypto } from './crypto.ts'
import type { LedgerCode } from './ledger-error.ts'
import { leafHash } from './tree.ts'
import { verifyInclusion } from './proof.ts'
import type { Policy } from './policy.ts'
import { equalBytes } from './bytes.ts'
import type { VKey } from './vkey.ts'
import { parseTlogProof } from './tlog-proof.ts'

/** Whether the witnesses in `cosigned` (names of the policy) are enough. Groups only name what stands above them. */
export function isQuorum(policy: Policy, cosigned: ReadonlySet<string>): boolean {
  const met = new Set([...policy.witnesses.keys()].filter((name) => cosigned.has(name)))
  for (const [name, { k, members }] of policy.groups)
    if (members.filter((member) => met.has(member)).length >= k) met.add(name)
  return policy.quorum === 'none' || met.has(policy.quorum)
}

/** A checkpoint that the policy's quorum has cosigned, with the policy's names of those who did. */
export interface TrustedCheckpoint extends OpenedCheckpoint {
  readonly witnesses: readonly { readonly name: string; readonly time: number }[]
}

/** Opens a signed checkpoint under a policy: signature of a listed log, cosignatures of a quorum. */
export function openWithPolicy(
  signed: string,
  policy: Policy,
  crypto: Crypto,
): Decoded<TrustedCheckpoint, LedgerCode> {
  const logs = policy.logs.map(({ key }) => key)
  const keys = [...policy.witnesses.values()].map(({ key }) => key)
  const opened = openCheckpoint(signed, { logs, witnesses: keys }, crypto)
  if (!opened.ok) return opened
  const witnesses = [...policy.witnesses].flatMap(([name, { key }]) => {
    const time = opened.value.cosignatures.find((cosignature) => cosignature.key === key)?.time
    return time === undefined ? [] : [{ name, time }]
  })
  if (!isQuorum(policy, new Set(witnesses.map(({ name }) => name)))) {
    const who = witnesses.map(({ name }) => name).join(', ')
    return refuse('no_quorum', `quorum "${policy.quorum}" is not met; cosigned: ${who || 'nobody'}`)
  }
  return accept({ ...opened.value, witnesses })
}

/** Checks a tlog-proof of `entry` under a policy; returns the checkpoint that contains it, and where. */
export function verifyTlogProof(
  text: string,
  entry: Uint8Array,
  policy: Policy,
  crypto: Crypto,
): Decoded<{ readonly index: number; readonly trusted: TrustedCheckpoint }, LedgerCode> {
  const proof = parseTlogProof(text)
  if (!proof.ok) return proof
  const trusted = openWithPolicy(proof.value.checkpoint, policy, crypto)
  if (!trusted.ok) return trusted
  const { index, hashes } = proof.value
  const { size, root } = trusted.value.checkpoint
  const leaf = leafHash(entry, crypto.sha256)
  if (!verifyInclusion({ index, size, root, leafHash: leaf, proof: hashes }, crypto.sha256))
    return refuse('not_included', `the entry is not leaf ${index} of ${size}`)
  return accept({ index, trusted: trusted.value })
}

/**
 * Whether one operator alone can meet the quorum: then it protects against nobody (evidence.md, decision 7).
 * `isOperators` says which witnesses the log's operator runs; see `looksLikeOperators`.
 */
export function isOneOperatorQuorum(policy: Policy, isOperators: (witness: VKey) => boolean): boolean {
  const own = [...policy.witnesses].filter(([, { key }]) => isOperators(key)).map(([name]) => name)
  return isQuorum(policy, new Set(own))
}

/** A witness with the log's own key, or a name on the log's own host, is taken for the operator's. */
export function looksLikeOperators(logs: readonly VKey[]): (witness: VKey) => boolean {
  return (witness) =>
    logs.some((log) => equalBytes(log.publicKey, witness.publicKey) || sameHost(hostOf(log), hostOf(witness)))
}

const hostOf = (key: VKey) => key.name.split('/')[0]?.toLowerCase() ?? ''
const sameHost = (a: string, b: string) => a === b || a.endsWith(`.${b}`) || b.endsWith(`.${a}`)
