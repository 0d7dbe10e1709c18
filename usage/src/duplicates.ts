import { nobody, type RecordOf } from '@hours/protocol'
import type { Interval } from './calendar.ts'
import { intersect, total } from './intervals.ts'

/**
 * Tells the session that stands for another one (records.md, section 8): of those that `same-as` records of their site join,
 * the one with the lowest id; itself where there is no other. `pairs` that stand.
 */
export function duplicateGroups(
  pairs: readonly RecordOf<'same-as'>[],
): (stream: string, session: string) => string {
  const bySite = Map.groupBy(pairs, ({ stream }) => stream)
  const kept = new Map(
    [...bySite].map(([site, list]) => [site, lowestOf(list.map(({ sessions }) => sessions))]),
  )
  return (stream, session) => kept.get(stream)?.get(session) ?? session
}

/** Tells the sessions that another one stands for. */
export function duplicateSessions(
  pairs: readonly RecordOf<'same-as'>[],
): (session: Pick<RecordOf<'session'>, 'stream' | 'id'>) => boolean {
  const kept = duplicateGroups(pairs)
  return ({ stream, id }) => kept(stream, id) !== id
}

/** Of each id in a group of duplicates the lowest of the group. */
function lowestOf(pairs: readonly (readonly [string, string])[]): ReadonlyMap<string, string> {
  const groups = new Map<string, Set<string>>()
  for (const pair of pairs) {
    const joined = new Set(pair.flatMap((id) => [id, ...(groups.get(id) ?? [])]))
    for (const id of joined) groups.set(id, joined)
  }
  return new Map([...groups].map(([id, group]) => [id, [...group].sort()[0] ?? id]))
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
  // Two whom nobody knows are not one person.
  if (one.user === nobody) return false
  const channels = new Set<string>(one.externalIds.map(({ channel }) => channel))
  if (other.externalIds.some(({ channel }) => channels.has(channel))) return false
  const longer = Math.max(one.to - one.from, other.to - other.from)
  return 10 * total(intersect([one], [other])) >= 8 * longer
}
