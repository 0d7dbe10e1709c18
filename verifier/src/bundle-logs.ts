import {
  formatBase64,
  hashBytes,
  leafHash,
  openWithPolicy,
  parseBase64,
  parseHashLines,
  parseOrigin,
  type Policy,
  type Position,
  rootOfSubset,
  type TrustedCheckpoint,
  verifyConsistency,
} from '@hours/ledger'
import { nodeCrypto } from '@hours/ledger/node'
import { bundleFiles, type ReportStatement, type Seen } from '@hours/protocol'
import type { BundleFiles } from './bundle-files.ts'
import { createLeafList, type LeafList } from './leaf-list.ts'
import type { Problems } from './problem.ts'

type StatedLog = ReportStatement['predicate']['logs'][number]

/** The log of a year as a bundle shows it: the checkpoint under the policy, and the leaves that must stand in it. */
export interface ShownLog {
  readonly year: number
  readonly trusted: TrustedCheckpoint
  readonly leaves: LeafList
}

const { sha256 } = nodeCrypto
const maxCheckpointBytes = 64 * 1024
const maxProofBytes = 1 << 30

/** Opens the checkpoint of every log that the statement names; each must be the one it names. */
export function openLogs(
  files: BundleFiles,
  stated: readonly StatedLog[],
  { policy, problems }: { readonly policy: Policy; readonly problems: Problems },
): Map<number, ShownLog> {
  const logs = new Map<number, ShownLog>()
  for (const { origin, size, root } of stated) {
    const year = parseOrigin(origin)?.year
    if (year === undefined || logs.has(year)) {
      problems.add('statement', `logs: ${origin}`, 'no origin of a log of one year, or a year named twice')
      continue
    }
    const name = bundleFiles.checkpoint(year)
    const note = files.read(name, maxCheckpointBytes)
    const trusted = note && openWithPolicy(new TextDecoder().decode(note), policy, nodeCrypto)
    if (trusted?.ok !== true) {
      const code = trusted?.error.code === 'no_quorum' ? 'no_quorum' : 'checkpoint'
      problems.add(code, name, trusted ? trusted.error.message : 'it is not there')
      continue
    }
    const { checkpoint } = trusted.value
    if (checkpoint.origin !== origin || checkpoint.size !== size || formatBase64(checkpoint.root) !== root)
      problems.add(
        'checkpoint',
        name,
        `it is of ${checkpoint.origin} at ${checkpoint.size}; the statement names another`,
      )
    logs.set(year, { year, trusted: trusted.value, leaves: createLeafList() })
  }
  return logs
}

/** Takes an entry to the leaves of its log. */
export function placeLeaf(
  logs: ReadonlyMap<number, ShownLog>,
  { year, index }: Position,
  { bytes, problems }: { readonly bytes: Uint8Array; readonly problems: Problems },
): void {
  const log = logs.get(year)
  if (log) log.leaves.add(index, leafHash(bytes, sha256))
  // Once a log: its first leaf is always shown.
  else if (index === 0)
    problems.add(
      'proof',
      `${year}`,
      `the bundle has no log of ${year} that can be trusted; nothing shows that its entries were logged`,
    )
}

/** All entries shown of one year stand where they are said to: one proof, one root. */
export function checkProof(
  files: BundleFiles,
  { year, trusted, leaves }: ShownLog,
  problems: Problems,
): void {
  const name = bundleFiles.proof(year)
  const bytes = files.read(name, maxProofBytes)
  if (!bytes || bytes.length % hashBytes !== 0) {
    problems.add('proof', name, 'it is not there, or no list of hashes')
    return
  }
  const hashes = Array.from({ length: bytes.length / hashBytes }, (_, i) =>
    bytes.subarray(i * hashBytes, (i + 1) * hashBytes),
  )
  const { size, root } = trusted.checkpoint
  const shown = leaves.take()
  const made = rootOfSubset(shown, size, hashes, sha256)
  if (!made || formatBase64(made) !== formatBase64(root))
    problems.add(
      'proof',
      name,
      `the ${shown.length} entries shown do not stand in the log of ${size}: one was changed, moved, added or left out`,
    )
}

/** R8, as far as the bundle has proofs: what a gateway had seen is a beginning of the log. Returns how many were checked. */
export function checkSeen(
  files: BundleFiles,
  logs: ReadonlyMap<number, ShownLog>,
  { seen, problems }: { readonly seen: readonly Seen[]; readonly problems: Problems },
): number {
  const done = new Set<string>()
  for (const { origin, size, root } of seen) {
    const year = parseOrigin(origin)?.year ?? 0
    const checkpoint = logs.get(year)?.trusted.checkpoint
    const name = bundleFiles.consistency(year, size)
    const bytes = files.read(name, maxCheckpointBytes)
    const claim = `${name} ${root}`
    if (!bytes || done.has(claim) || checkpoint?.origin !== origin) continue
    done.add(claim)
    const text = new TextDecoder().decode(bytes)
    const proof = text === '' ? [] : parseHashLines(text.replace(/\n$/, '').split('\n'))
    const oldRoot = parseBase64(root)
    const holds =
      proof !== undefined &&
      oldRoot !== undefined &&
      verifyConsistency(
        { oldSize: size, oldRoot, size: checkpoint.size, root: checkpoint.root, proof },
        sha256,
      )
    if (!holds)
      problems.add(
        'split_view',
        name,
        `a gateway has seen size ${size} with root ${root}, no beginning of this log`,
      )
  }
  return done.size
}
