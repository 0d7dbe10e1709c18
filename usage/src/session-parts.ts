import type { RecordKind, RecordOf } from '@hours/protocol'
import { duplicateGroups } from './duplicates.ts'

/** Kinds of records that belong to a session and count with it: what it cost and what its user thought of it. */
const kinds = ['charge', 'voucher', 'subsidy', 'rating'] as const
export type SessionPartKind = (typeof kinds)[number]
export const isSessionPart = (kind: RecordKind): kind is SessionPartKind => kinds.some((one) => one === kind)

type Session = Pick<RecordOf<'session'>, 'stream' | 'instrument' | 'id'>
type SessionPart = Pick<RecordOf<SessionPartKind>, 'stream' | 'instrument' | 'session'>

/** What decides whether a session's money counts; each list as it stands. */
export interface SessionsOfParts {
  readonly sessions: readonly Session[]
  /** Sessions that were taken back, as they were logged. */
  readonly voided: readonly Session[]
  readonly pairs: readonly RecordOf<'same-as'>[]
}

/**
 * Those of one kind that count (records.md, section 8): none of a session that was voided, and of confirmed duplicates, told
 * by two channels, only the parts of one: the lowest id that has any. They are given under the id of the session that stands
 * for all of them. What names no session, or one that was never logged, is of its own.
 */
export function countedParts<T extends SessionPart>(
  parts: readonly T[],
  { sessions, voided, pairs }: SessionsOfParts,
): readonly T[] {
  if (voided.length === 0 && pairs.length === 0) return parts
  const standing = new Set(sessions.map((one) => nameOf(one, one.id)))
  const gone = new Set(voided.map((one) => nameOf(one, one.id)).filter((name) => !standing.has(name)))
  const kept = duplicateGroups(pairs)
  const ownerOf = (part: T, id: string) => nameOf(part, kept(part.stream, id))
  const counting = parts.filter((part) => {
    const { session: id } = part
    return id === undefined || !(gone.has(nameOf(part, id)) || gone.has(ownerOf(part, id)))
  })
  const lowest = new Map<string, string>()
  for (const part of counting) {
    const { session: id } = part
    if (id === undefined) continue
    const known = lowest.get(ownerOf(part, id))
    if (known === undefined || id < known) lowest.set(ownerOf(part, id), id)
  }
  return counting.flatMap((part): T[] => {
    const { session: id } = part
    if (id === undefined) return [part]
    if (lowest.get(ownerOf(part, id)) !== id) return []
    const owner = kept(part.stream, id)
    return owner === id ? [part] : [{ ...part, session: owner }]
  })
}

/** With its instrument: whoever is shown one instrument's records has all that this is decided by. */
const nameOf = ({ stream, instrument }: Pick<Session, 'stream' | 'instrument'>, id: string) =>
  `${stream}/${instrument} ${id}`
