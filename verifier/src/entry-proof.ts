import {
  formatTlogProof,
  inclusionInSubset,
  parseRecord,
  type Policy,
  type Position,
  verifyTlogProof,
  type VKey,
} from '@hours/ledger'
import { nodeCrypto } from '@hours/ledger/node'
import { accept, bundleFiles, type Decoded, decodePage, refuse } from '@hours/protocol'
import { placeEntries, type ShownEntry } from './bundle-entries.ts'
import { type BundleFiles, openBundle } from './bundle-files.ts'
import { createPlacing, openLogs, ownPolicy, proofOf, type ShownLog } from './bundle-logs.ts'
import { createProblems } from './problem.ts'
import { readStatement } from './statement.ts'

/** The entry wanted: a page of a gateway, or a place in the log. */
export type WantedEntry =
  | { readonly gateway: string; readonly epoch: number; readonly seq: number }
  | Position

/** One entry of a log with all that anybody needs to see that it stands there. */
export interface EntryProof {
  readonly position: Position
  /** The signed record or page, byte for byte (JWS, RFC 7515). */
  readonly entry: Uint8Array
  /** C2SP tlog-proof@v1: the inclusion proof and the cosigned checkpoint. */
  readonly proof: string
  /** The log's key under the name of the entry's year, as tools that know no years of a log want it. */
  readonly log: VKey
}

/**
 * Takes one entry out of a report with a proof of its own, which tools of others can check (C2SP tlog-proof). It is
 * checked against the policy before it is handed out; refused as `not_included` when the entry is not shown, and as
 * what is wrong when it does not stand in the log. Nothing else of the report is checked.
 */
export function proveEntry(dir: string, wanted: WantedEntry, policy?: Policy): Decoded<EntryProof, string> {
  const files = openBundle(dir)
  if (!files.ok) return files
  try {
    return proveEntryIn(files.value, wanted, policy)
  } finally {
    files.value.close()
  }
}

/** As `proveEntry`, for files that are open already. */
export function proveEntryIn(
  files: BundleFiles,
  wanted: WantedEntry,
  own?: Policy,
): Decoded<EntryProof, string> {
  const read = readStatement(files)
  if (!read.ok) return read
  const problems = createProblems()
  const policy = own ?? ownPolicy(files, problems)
  const { logs: stated } = read.value.statement.predicate
  const logs = policy
    ? openLogs(files, stated, { policy, problems, crypto: nodeCrypto })
    : new Map<number, ShownLog>()
  const placing = createPlacing(logs, problems)
  let found: ShownEntry | undefined
  for (const entry of placeEntries(files, problems).entries()) {
    placing.take(entry)
    if (!entry.hidden && isWanted(entry, wanted)) found = entry
  }
  const log = found && logs.get(found.position.year)
  if (!policy || !found || !log) {
    const [problem] = problems.list()
    if (problem) return refuse(problem.code, `${problem.where}: ${problem.message}`)
    return refuse('not_included', 'the report does not show this entry. Fix: one that a .jwsl file of it has')
  }
  const { checkpoint } = log.trusted
  const { position, bytes: entry } = found
  const proofs = proofOf(files, log.year)
  const all = proofs && { shown: log.leaves.leaves(), size: checkpoint.size, proof: proofs }
  const hashes = all && inclusionInSubset(position.index, all, nodeCrypto.sha256)
  if (!hashes)
    return refuse('proof', `${bundleFiles.proof(log.year)}: it proves nothing of the entries shown`)
  const proof = formatTlogProof({ index: position.index, hashes, checkpoint: log.note })
  const checked = verifyTlogProof(proof, entry, policy, nodeCrypto)
  return checked.ok ? accept({ position, entry, proof, log: log.trusted.log }) : checked
}

function isWanted({ position, bytes }: ShownEntry, wanted: WantedEntry): boolean {
  if ('year' in wanted) return position.year === wanted.year && position.index === wanted.index
  const record = parseRecord(bytes)
  const page = record.ok && record.value.kind === 'page' ? decodePage(record.value.payload) : undefined
  if (page?.ok !== true) return false
  const { gateway, epoch, seq } = page.value
  return gateway === wanted.gateway && epoch === wanted.epoch && seq === wanted.seq
}
