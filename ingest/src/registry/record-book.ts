import { comparePositions } from '@hours/ledger'
import type { RecordKind } from '@hours/protocol'
import {
  corrected,
  type DecidingCorrections,
  decidingCorrections,
  type LoggedRecord,
  voided,
} from '@hours/usage'
import type { Position } from '../ports.ts'

/** A record of the log with the hash of its bytes and where it stands. */
export interface BookRecord<K extends RecordKind = RecordKind> extends LoggedRecord<K> {
  readonly position: Position
}

/** All operator and service records, as logged and as they stand after corrections. */
export interface RecordBook {
  add(record: BookRecord): void
  /** What stands, in log order: voided records are gone, replaced ones have their new body. */
  standing<K extends RecordKind>(kind: K): readonly BookRecord<K>[]
  /** What was taken back, as it was logged. */
  voided<K extends RecordKind>(kind: K): readonly BookRecord<K>[]
  find(hash: string): BookRecord | undefined
  /** Changes with every record; what is derived from the book is good as long as it stays. */
  version(): number
}

export function createRecordBook(): RecordBook {
  const byKind = new Map<RecordKind, BookRecord[]>()
  const byHash = new Map<string, BookRecord>()
  const cache = new Map<RecordKind, readonly BookRecord[]>()
  const gone = new Map<RecordKind, readonly BookRecord[]>()
  /**
   * What came after the cached list and changes nothing that is in it: hundreds of thousands of sessions are not sorted
   * and corrected anew for each one that comes.
   */
  const since = new Map<RecordKind, BookRecord[]>()
  const replaced = new Set<unknown>()
  let deciding: DecidingCorrections | undefined
  let version = 0

  const logged = <K extends RecordKind>(kind: K) => (byKind.get(kind) ?? []) as unknown as BookRecord<K>[]
  const decided = () => (deciding ??= decidingCorrections(logged('correction'), logged('approval')))
  const changesNoOther = ({ hash, record }: BookRecord) =>
    !('replaces' in record) && !replaced.has(hash) && !decided().has(hash)

  return {
    add(entry) {
      version += 1
      const isPlain = cache.has(entry.kind) && !byHash.has(entry.hash) && changesNoOther(entry)
      byHash.set(entry.hash, entry)
      if ('replaces' in entry.record) replaced.add(entry.record.replaces)
      listOf(byKind, entry.kind).push(entry)
      if (entry.kind === 'approval' || entry.kind === 'correction') {
        deciding = undefined
        cache.clear()
        gone.clear()
        since.clear()
      } else if (isPlain) listOf(since, entry.kind).push(entry)
      else {
        cache.delete(entry.kind)
        since.delete(entry.kind)
        gone.delete(entry.kind)
      }
    },
    standing<K extends RecordKind>(kind: K) {
      const known = cache.get(kind)
      const added = since.get(kind) ?? []
      if (known && added.length === 0) return known as unknown as readonly BookRecord<K>[]
      const all = known ? inLogOrder(known, added) : corrected(logged(kind), decided()).toSorted(inLog)
      cache.set(kind, all)
      since.delete(kind)
      return all as unknown as readonly BookRecord<K>[]
    },
    voided<K extends RecordKind>(kind: K) {
      const known = gone.get(kind) ?? voided(logged(kind), decided())
      gone.set(kind, known)
      return known as unknown as readonly BookRecord<K>[]
    },
    find: (hash) => byHash.get(hash),
    version: () => version,
  }
}

const inLog = (a: BookRecord, b: BookRecord) => comparePositions(a.position, b.position)

function inLogOrder(known: readonly BookRecord[], added: readonly BookRecord[]): readonly BookRecord[] {
  const tail = added.toSorted(inLog)
  const [last, first] = [known.at(-1), tail[0]]
  const all = known.concat(tail)
  return last && first && inLog(last, first) > 0 ? all.sort(inLog) : all
}

function listOf<K, V>(lists: Map<K, V[]>, key: K): V[] {
  const known = lists.get(key)
  if (known) return known
  const fresh: V[] = []
  lists.set(key, fresh)
  return fresh
}
