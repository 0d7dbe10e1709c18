import {
  type Crypto,
  equalBytes,
  formatBase64,
  fromUtf8,
  hashBytes,
  type HashList,
  openWithPolicy,
  parseOrigin,
  parsePolicy,
  type Policy,
  rootOfSubset,
  type TrustedCheckpoint,
} from '@hours/ledger'
import { nodeCrypto } from '@hours/ledger/node'
import { bundleFiles, type ReportStatement } from '@hours/protocol'
import type { ShownEntry } from './bundle-entries.ts'
import type { BundleFiles } from './bundle-files.ts'
import { createLeafList, type LeafList } from './leaf-list.ts'
import type { Problems } from './problem.ts'

type StatedLog = ReportStatement['predicate']['logs'][number]

/** The log of a year as a bundle shows it: the checkpoint under the policy, and the leaves that must stand in it. */
export interface ShownLog {
  readonly year: number
  /** The signed note, verbatim. */
  readonly note: string
  readonly trusted: TrustedCheckpoint
  readonly leaves: LeafList
}

const { sha256 } = nodeCrypto
const maxCheckpointBytes = 64 * 1024

/** Opens the checkpoint of every log that the statement names; each must be the one it names. */
export function openLogs(
  files: BundleFiles,
  stated: readonly StatedLog[],
  {
    policy,
    problems,
    crypto,
  }: { readonly policy: Policy; readonly problems: Problems; readonly crypto: Crypto },
): Map<number, ShownLog> {
  const logs = new Map<number, ShownLog>()
  for (const { origin, size, root } of stated) {
    const year = parseOrigin(origin)?.year
    if (year === undefined || logs.has(year)) {
      problems.add('statement', `logs: ${origin}`, 'no origin of a log of one year, or a year named twice')
      continue
    }
    const name = bundleFiles.checkpoint(year)
    const bytes = files.read(name, maxCheckpointBytes)
    const note = bytes && fromUtf8(bytes)
    const trusted = note === undefined ? undefined : openWithPolicy(note, policy, crypto)
    if (note === undefined || trusted?.ok !== true) {
      const error = trusted?.ok === false ? trusted.error : undefined
      const code = error?.code === 'no_quorum' ? 'no_quorum' : 'checkpoint'
      problems.add(code, name, error?.message ?? 'it is not there, or no text')
      continue
    }
    const { checkpoint } = trusted.value
    if (checkpoint.origin !== origin || checkpoint.size !== size || formatBase64(checkpoint.root) !== root)
      problems.add(
        'checkpoint',
        name,
        `it is of ${checkpoint.origin} at ${checkpoint.size}; the statement names another`,
      )
    logs.set(year, { year, note, trusted: trusted.value, leaves: createLeafList() })
  }
  return logs
}

/** Takes entries to the leaves of their logs; what no trusted log can prove is a problem, told once a year. */
export function createPlacing(
  logs: ReadonlyMap<number, ShownLog>,
  problems: Problems,
): { take(entry: Pick<ShownEntry, 'position' | 'bytes' | 'hidden'>): void } {
  const told = new Set<number>()
  return {
    take({ position: { year, index }, bytes, hidden }) {
      const log = logs.get(year)
      // An index behind the end of the log spoils the proof of those that are shown; the others have none.
      if (log && !hidden) log.leaves.add(index, bytes)
      else if ((log?.trusted.checkpoint.size ?? 0) <= index && !told.has(year)) {
        told.add(year)
        const place = log
          ? `the log of ${year} ends before ${index}`
          : `no log of ${year} can be trusted here`
        problems.add('proof', `${year}`, `${place}; nothing shows that what stands there was logged`)
      }
    },
  }
}

/** All entries shown of one year stand where they are said to: one proof, one root. */
export function checkProof(
  files: BundleFiles,
  { year, trusted, leaves }: ShownLog,
  problems: Problems,
): void {
  const name = bundleFiles.proof(year)
  const proof = proofOf(files, year)
  if (!proof) {
    problems.add('proof', name, 'it is not there, or no list of hashes')
    return
  }
  const { size, root } = trusted.checkpoint
  const shown = leaves.leaves()
  const made = rootOfSubset(shown, size, proof, sha256)
  if (!made || !equalBytes(made, root)) {
    const what = `the ${shown.indices.length} entries shown do not stand in the log of ${size}`
    problems.add('proof', name, `${what}: one was changed, moved, added or left out`)
  }
}

/** The hashes beside the entries of a year; undefined when they are none. */
export function proofOf(files: BundleFiles, year: number): HashList | undefined {
  const name = bundleFiles.proof(year)
  const length = files.size(name)
  if (length === undefined || length % hashBytes !== 0) return undefined
  return { length: length / hashBytes, at: (i) => files.part(name, i * hashBytes, hashBytes) }
}

/** The policy that a report brings along; undefined and a problem when it cannot be read. */
export function ownPolicy(files: BundleFiles, problems: Problems): Policy | undefined {
  const bytes = files.read(bundleFiles.policy, 1 << 20)
  const text = bytes && fromUtf8(bytes)
  const policy = text === undefined ? undefined : parsePolicy(text, sha256)
  if (policy?.ok === true) return policy.value
  const why = policy ? policy.error.message : 'it is not there, or no text'
  problems.add('checkpoint', bundleFiles.policy, why)
  return undefined
}
