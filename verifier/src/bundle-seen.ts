import {
  type Checkpoint,
  createSeenTrail,
  fromUtf8,
  isSeenBefore,
  parseBase64,
  parseHashLines,
  parseOrigin,
  type ReplayedPage,
  verifyConsistency,
} from '@hours/ledger'
import { nodeCrypto } from '@hours/ledger/node'
import { bundleFiles, type Seen } from '@hours/protocol'
import type { BundleFiles } from './bundle-files.ts'
import type { Problems } from './problem.ts'

/** What gateways have signed that they had seen of the log: each the beginning of the log shown here, or two logs (R8). */
export interface SeenBook {
  add(page: Pick<ReplayedPage, 'page' | 'at'>): void
  /** Holds every claim that the bundle has a proof for against it; returns how many sizes that were. */
  check(): number
}

const maxProofBytes = 64 * 1024

/**
 * What every chain had seen last needs a proof, or a split view would vanish with the file that shows it. `logs` by
 * origin: those of the statement, undefined where the checkpoint cannot be trusted.
 */
export function createSeenBook(
  files: BundleFiles,
  logs: ReadonlyMap<string, Checkpoint | undefined>,
  problems: Problems,
): SeenBook {
  const proofs = new Set(files.names.filter((name) => name.includes('/consistency/')))
  /** Roots claimed, by the file that must show them. */
  const claims = new Map<string, Map<string, Seen>>()
  const trail = createSeenTrail()

  function add({ page, at }: Pick<ReplayedPage, 'page' | 'at'>): void {
    const { seen, gateway, epoch } = page
    if (!seen || seen.size === 0) return
    if (!logs.has(seen.origin) || !isSeenBefore(seen, at)) {
      const what = `${gateway} had seen size ${seen.size} of ${seen.origin}, which did not stand before its page`
      problems.add('split_view', `${at.year}/${at.index}`, what)
      return
    }
    trail.add(`${gateway}/${epoch}`, seen)
    const name = fileOf(seen)
    if (!proofs.has(name)) return
    const roots = claims.get(name) ?? new Map<string, Seen>()
    claims.set(name, roots.set(seen.root, seen))
  }

  function holds(seen: Seen, proof: readonly Uint8Array[] | undefined): boolean {
    const log = logs.get(seen.origin)
    const oldRoot = parseBase64(seen.root)
    if (!log || !oldRoot || !proof) return false
    const { size, root } = log
    return verifyConsistency({ oldSize: seen.size, oldRoot, size, root, proof }, nodeCrypto.sha256)
  }

  return {
    add,
    check() {
      for (const seen of trail.ends())
        if (!proofs.has(fileOf(seen)) && logs.get(seen.origin))
          problems.add(
            'incomplete',
            fileOf(seen),
            'nothing shows that what a gateway had seen last is this log',
          )
      for (const [name, roots] of claims) {
        const proof = readProof(files, name)
        for (const seen of roots.values())
          if (logs.get(seen.origin) && !holds(seen, proof)) {
            const what = `a gateway has seen size ${seen.size} with root ${seen.root}, no beginning of this log`
            problems.add('split_view', name, what)
          }
      }
      return claims.size
    },
  }
}

const fileOf = ({ origin, size }: Seen): string =>
  bundleFiles.consistency(parseOrigin(origin)?.year ?? 0, size)

/** Undefined when it cannot be read; a log that has not grown needs no hash. */
function readProof(files: BundleFiles, name: string): Uint8Array[] | undefined {
  const bytes = files.read(name, maxProofBytes)
  const text = bytes && fromUtf8(bytes)
  if (text === undefined || text === '') return text === '' ? [] : undefined
  return parseHashLines(text.replace(/\n$/, '').split('\n'))
}
