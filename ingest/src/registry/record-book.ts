import { comparePositions } from '@hours/ledger'
import { checkSchema, type RecordKind, type RecordOf, recordSchemas } from '@hours/protocol'
import type { Position } from '../ports.ts'

/** A record of the log with the hash of its bytes and where it stands. */
export interface BookRecord<K extends RecordKind = RecordKind> {
  readonly kind: K
  readonly record: RecordOf<K>
  readonly hash: string
  readonly position: Position
}

/** All operator and service records, as logged and as they stand after corrections. */
export interface RecordBook {
  add(record: BookRecord): void
  /** What stands, in log order: voided records are gone, replaced ones have their new body. */
  standing<K extends RecordKind>(kind: K): readonly BookRecord<K>[]
  find(hash: string): BookRecord | undefined
  /** Changes with every record; what is derived from the book is good as long as it stays. */
  version(): number
}

export function createRecordBook(): RecordBook {
  const byKind = new Map<RecordKind, BookRecord[]>()
  const byHash = new Map<string, BookRecord>()
  const approvals = new Map<string, RecordOf<'approval'>[]>()
  const corrections = new Map<string, BookRecord<'correction'>[]>()
  const cache = new Map<RecordKind, readonly BookRecord[]>()
  let version = 0

  /** A correction counts only with an approval by another person (records.md, section 2). */
  const counts = (correction: BookRecord<'correction'>) =>
    (approvals.get(correction.hash) ?? []).some(({ by }) => by !== correction.record.actor)

  function corrected(original: BookRecord): BookRecord | undefined {
    let stands: BookRecord | undefined = original
    for (const correction of corrections.get(original.hash) ?? []) {
      if (!counts(correction)) continue
      const { replacement } = correction.record
      stands = correction.record.void === true ? undefined : replaced(original, replacement)
    }
    return stands
  }

  return {
    add(entry) {
      version += 1
      byHash.set(entry.hash, entry)
      listOf(byKind, entry.kind).push(entry)
      if (entry.kind === 'approval') {
        const approval = entry.record as RecordOf<'approval'>
        listOf(approvals, approval.of).push(approval)
        cache.clear()
      } else if (entry.kind === 'correction') {
        const correction = entry as BookRecord<'correction'>
        listOf(corrections, correction.record.of).push(correction)
        cache.clear()
      } else cache.delete(entry.kind)
    },
    standing<K extends RecordKind>(kind: K) {
      const known = cache.get(kind)
      if (known) return known as unknown as readonly BookRecord<K>[]
      const all = (byKind.get(kind) ?? []).flatMap((one) => corrected(one) ?? [])
      all.sort((a, b) => comparePositions(a.position, b.position))
      cache.set(kind, all)
      return all as unknown as readonly BookRecord<K>[]
    },
    find: (hash) => byHash.get(hash),
    version: () => version,
  }
}

/** The record with the body of its correction; a replacement that its schema refuses changes nothing. */
function replaced(original: BookRecord, replacement: unknown): BookRecord {
  if (typeof replacement !== 'object' || replacement === null) return original
  const before = original.record as Record<string, unknown>
  const numbers = Object.fromEntries(['v', 'stream', 'seq', 'prev'].map((key) => [key, before[key]]))
  const checked = checkSchema(recordSchemas[original.kind], { ...replacement, ...numbers })
  return checked.ok ? { ...original, record: checked.value } : original
}

function listOf<K, V>(lists: Map<K, V[]>, key: K): V[] {
  const known = lists.get(key)
  if (known) return known
  const fresh: V[] = []
  lists.set(key, fresh)
  return fresh
}
