import { checkSchema, type RecordKind, type RecordOf, recordSchemas } from '@hours/protocol'
import type { Interval } from './calendar.ts'
import { intersect, total } from './intervals.ts'

/** A record of the log with the hash of its bytes. */
export interface LoggedRecord<K extends RecordKind = RecordKind> {
  readonly kind: K
  readonly hash: string
  readonly record: RecordOf<K>
}

/**
 * What stands of a log's records (records.md, section 2): a correction counts only with an approval by another person
 * than its actor, and the last one that counts decides; a replacement that its schema refuses changes nothing. Of
 * sessions that are confirmed duplicates (`same-as`) the one with the lowest id stands. `logged` in log order; a record
 * that comes twice counts once.
 */
export function standing(
  logged: readonly LoggedRecord[],
): <K extends RecordKind>(kind: K) => readonly RecordOf<K>[] {
  const once = [...new Map(logged.map((one) => [one.hash, one])).values()]
  const of = <K extends RecordKind>(kind: K) =>
    once.filter((one): one is LoggedRecord<K> => one.kind === kind)
  const approvals = of('approval')
  const approved = new Map<string, RecordOf<'correction'>>()
  for (const { hash, record } of of('correction'))
    if (approvals.some(({ record: { of: what, by } }) => what === hash && by !== record.actor))
      approved.set(record.of, record)
  const pairs = Map.groupBy(of('same-as'), ({ record }): string => record.stream)
  const duplicates = new Map(
    [...pairs].map(([site, list]) => [site, duplicatesOf(list.map(({ record }) => record.sessions))]),
  )
  const isDuplicate = ({ stream, id }: RecordOf<'session'>) => duplicates.get(stream)?.has(id) === true
  return <K extends RecordKind>(kind: K) =>
    of(kind).flatMap((one): RecordOf<K>[] => {
      const stands = corrected(one, approved.get(one.hash))
      if (!stands) return []
      return kind === 'session' && isDuplicate(stands as RecordOf<'session'>) ? [] : [stands]
    })
}

function corrected<K extends RecordKind>(
  { kind, record }: LoggedRecord<K>,
  correction: RecordOf<'correction'> | undefined,
): RecordOf<K> | undefined {
  if (!correction) return record
  if (correction.void === true) return undefined
  const { replacement } = correction
  if (typeof replacement !== 'object' || replacement === null) return record
  const before = record as Record<string, unknown>
  const numbers = Object.fromEntries(['v', 'stream', 'seq', 'prev'].map((key) => [key, before[key]]))
  const checked = checkSchema(recordSchemas[kind], { ...replacement, ...numbers })
  return checked.ok ? (checked.value as RecordOf<K>) : record
}

/** Ids that another id stands for: all but the lowest of each group of duplicates. */
export function duplicatesOf(pairs: readonly (readonly [string, string])[]): ReadonlySet<string> {
  const groups = new Map<string, Set<string>>()
  for (const pair of pairs) {
    const joined = new Set(pair.flatMap((id) => [id, ...(groups.get(id) ?? [])]))
    for (const id of joined) groups.set(id, joined)
  }
  const hidden = new Set<string>()
  for (const group of groups.values()) for (const id of [...group].sort().slice(1)) hidden.add(id)
  return hidden
}

type Session = Pick<RecordOf<'session'>, 'id' | 'instrument' | 'user' | 'externalIds'> & Interval

/**
 * Pairs of sessions that may be one seen by two channels (records.md, section 8): same instrument and user, no channel in
 * common, and at least 80 % of the longer one covered by the other. A proposal: only `same-as` confirms it.
 */
export function proposedDuplicates(sessions: readonly Session[]): (readonly [string, string])[] {
  const ordered = sessions.toSorted((a, b) => a.from - b.from || (a.id < b.id ? -1 : 1))
  const pairs: (readonly [string, string])[] = []
  for (const [i, one] of ordered.entries())
    for (let k = i + 1, other = ordered[k]; other && other.from < one.to; other = ordered[++k])
      if (alike(one, other)) pairs.push(one.id < other.id ? [one.id, other.id] : [other.id, one.id])
  return pairs
}

function alike(one: Session, other: Session): boolean {
  if (one.instrument !== other.instrument || one.user !== other.user || one.id === other.id) return false
  const channels = new Set<string>(one.externalIds.map(({ channel }) => channel))
  if (other.externalIds.some(({ channel }) => channels.has(channel))) return false
  const longer = Math.max(one.to - one.from, other.to - other.from)
  return 10 * total(intersect([one], [other])) >= 8 * longer
}
