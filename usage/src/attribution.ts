import { firstPlace } from '@hours/protocol'
import type { Interval } from './calendar.ts'

export type Relation = 'own_unit' | 'same_entity' | 'external'
export type Purpose = 'research' | 'teaching' | 'service'

/** A stretch of use by somebody; accepted when it has a beneficiary and a purpose and is not void. */
export interface UseSession extends Interval {
  readonly id: string
  readonly beneficiary: string
  readonly relation: Relation
  readonly purpose: Purpose
  readonly user: string
  readonly samples?: number
  /** Users operate the instrument themselves: `open_use_h` (domain.md, section 1.2). */
  readonly openUse?: boolean
  readonly sme?: boolean
  readonly hkMacaoForeign?: boolean
  readonly project?: string
}

/** A stretch of effective time and who shares it, in the order of ids; nobody = unattributed. */
export interface Attributed extends Interval {
  readonly sessions: readonly UseSession[]
}

/**
 * So many sessions share an instant at most. More at once are a flood and no use of an instrument: such an instant is
 * unattributed, and handing in what would be one more is refused. It bounds what one figure can cost.
 */
export const mostAtOnce = 200

/** How much effective time belongs to each session, ms. */
export interface Attribution {
  readonly bySession: ReadonlyMap<string, number>
  /** Effective time that no session covers. */
  readonly unattributed: number
  /** Stretches that several sessions cover; a finding on an instrument that one user has alone. */
  readonly overlaps: readonly (Interval & { readonly sessions: readonly string[] })[]
}

/**
 * Cuts effective time (ascending, disjoint) where the sessions that cover it change; a repeated session counts once. One
 * stretch after the other: kept all together, those of thousands of sessions at once would fill the memory.
 */
export function* attributed(
  effectiveTime: readonly Interval[],
  sessions: readonly UseSession[],
): Generator<Attributed> {
  const held = heldTime(distinct(sessions))
  let part = next(held)
  for (const { from, to } of effectiveTime) {
    let at = from
    while (part && part.to <= from) part = next(held)
    while (part && part.from < to) {
      if (part.from > at) yield { from: at, to: part.from, sessions: [] }
      const end = Math.min(part.to, to)
      yield { from: Math.max(part.from, at), to: end, sessions: part.sessions }
      at = end
      if (part.to > to) break
      part = next(held)
    }
    if (at < to) yield { from: at, to, sessions: [] }
  }
}

function next<T>(source: Iterator<T, void>): T | undefined {
  const { done, value } = source.next()
  return done === true ? undefined : value
}

/**
 * The part of [from, to) that belongs to the session numbered `j` of `k` (records.md, section 8): an instant belongs to
 * session number (Unix ms mod k) in the order of ids. In closed form, so any cut of the period gives the same totals.
 */
export function countModulo(from: number, to: number, k: number, j: number): number {
  const below = (n: number) => Math.ceil((n - j) / k)
  return below(to) - below(from)
}

/** Splits effective time among sessions, each instant equally. */
export function attribute(effectiveTime: readonly Interval[], sessions: readonly UseSession[]): Attribution {
  const bySession = new Map(sessions.map(({ id }) => [id, 0]))
  const overlaps: (Interval & { sessions: readonly string[] })[] = []
  let unattributed = 0
  for (const { from, to, sessions: active } of attributed(effectiveTime, sessions)) {
    const k = active.length
    if (k === 0) unattributed += to - from
    if (k > 1) overlaps.push({ from, to, sessions: active.map(({ id }) => id) })
    for (const [j, { id }] of active.entries())
      bySession.set(id, (bySession.get(id) ?? 0) + countModulo(from, to, k, j))
  }
  return { bySession, unattributed, overlaps }
}

/** In the order of ids, each once; sessions of no length are none. */
function distinct(sessions: readonly UseSession[]): UseSession[] {
  const ordered = sessions.filter(({ from, to }) => to > from).toSorted(order)
  return ordered.filter((one, i) => {
    const before = ordered[i - 1]
    return before === undefined || order(before, one) !== 0
  })
}

const compare = (a: string | number, b: string | number) => (a < b ? -1 : a > b ? 1 : 0)

/** By id; what follows only keeps the order of two records of one id from depending on their delivery. */
const order = (a: UseSession, b: UseSession) =>
  compare(a.id, b.id) ||
  a.from - b.from ||
  a.to - b.to ||
  compare(a.beneficiary, b.beneficiary) ||
  compare(a.user, b.user) ||
  compare(a.purpose, b.purpose) ||
  compare(a.relation, b.relation)

/** Between two neighbouring session borders the same sessions are there; where none is, there is no stretch. */
function* heldTime(ordered: readonly UseSession[]): Generator<Attributed, void> {
  const ranks = ordered.map((_, rank) => rank)
  const edge = (side: 'from' | 'to', rank: number | undefined) =>
    rank === undefined ? Infinity : (ordered[rank]?.[side] ?? Infinity)
  const begins = ranks.toSorted((a, b) => edge('from', a) - edge('from', b))
  const ends = ranks.toSorted((a, b) => edge('to', a) - edge('to', b))
  const present = createPresence(ordered)
  let [begun, ended] = [0, 0]
  for (let at = edge('from', begins[0]); at < Infinity; ) {
    for (; edge('to', ends[ended]) <= at; ended++) present.leave(ends[ended] ?? 0)
    for (; edge('from', begins[begun]) <= at; begun++) present.enter(begins[begun] ?? 0)
    const to = Math.min(edge('to', ends[ended]), edge('from', begins[begun]))
    if (present.count() > 0) yield { from: at, to, sessions: present.sharing() }
    at = to
  }
}

/** Who is there, by rank; in order as long as they are few enough to share the time. */
function createPresence(ordered: readonly UseSession[]) {
  const all = new Set<number>()
  let listed: number[] | undefined = []
  return {
    enter(rank: number): void {
      all.add(rank)
      if (all.size > mostAtOnce) listed = undefined
      else listed?.splice(placeOf(listed, rank), 0, rank)
    },
    leave(rank: number): void {
      all.delete(rank)
      if (listed) listed.splice(placeOf(listed, rank), 1)
      else if (all.size <= mostAtOnce) listed = [...all].sort((a, b) => a - b)
    },
    count: () => all.size,
    sharing: (): UseSession[] => (listed ?? []).flatMap((rank) => ordered[rank] ?? []),
  }
}

/** How many of the ranks, ascending, are below `rank`. */
const placeOf = (ranks: readonly number[], rank: number): number =>
  firstPlace(ranks.length, (i) => (ranks[i] ?? 0) >= rank)
