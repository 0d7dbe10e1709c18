import type { Interval } from './calendar.ts'
import { total } from './intervals.ts'

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

/** How much effective time belongs to each session, ms. */
export interface Attribution {
  readonly bySession: ReadonlyMap<string, number>
  /** Effective time that no session covers. */
  readonly unattributed: number
  /** Stretches that several sessions cover; a finding on an instrument that one user has alone. */
  readonly overlaps: readonly (Interval & { readonly sessions: readonly string[] })[]
}

/** Cuts effective time (ascending, disjoint) where the sessions that cover it change; a repeated session counts once. */
export function attributed(
  effectiveTime: readonly Interval[],
  sessions: readonly UseSession[],
): Attributed[] {
  const parts = segments(distinct(sessions))
  const out: Attributed[] = []
  let k = 0
  for (const { from, to } of effectiveTime) {
    let at = from
    while ((parts[k]?.to ?? Infinity) <= from) k += 1
    for (let i = k, part = parts[i]; part && part.from < to; part = parts[++i]) {
      if (part.from > at) out.push({ from: at, to: part.from, sessions: [] })
      const end = Math.min(part.to, to)
      out.push({ from: Math.max(part.from, at), to: end, sessions: part.sessions })
      at = end
    }
    if (at < to) out.push({ from: at, to, sessions: [] })
  }
  return out
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

/** Between two neighbouring session borders the same sessions are active. */
function segments(ordered: readonly UseSession[]): Attributed[] {
  const place = new Map(ordered.map((session, i) => [session, i]))
  const rank = (session: UseSession) => place.get(session) ?? 0
  const byStart = ordered.toSorted((a, b) => a.from - b.from)
  const edges = [...new Set(ordered.flatMap(({ from, to }) => [from, to]))].sort((a, b) => a - b)
  const out: Attributed[] = []
  let active: UseSession[] = []
  let next = 0
  for (let i = 0; i + 1 < edges.length; i++) {
    const from = edges[i] ?? 0
    active = active.filter(({ to }) => to > from)
    for (let one = byStart[next]; one && one.from <= from; one = byStart[++next]) active.push(one)
    active.sort((a, b) => rank(a) - rank(b))
    if (active.length > 0) out.push({ from, to: edges[i + 1] ?? from, sessions: [...active] })
  }
  return out
}

/** Stretches where several sessions hold an instrument that one user has alone; whether it ran or not. */
export const sessionOverlaps = (sessions: readonly UseSession[]): Attributed[] =>
  segments(distinct(sessions)).filter((part) => part.sessions.length > 1)

/** Sum of effective time that somebody is named for, ms. */
export const attributedMs = (parts: readonly Attributed[]): number =>
  total(parts.filter(({ sessions }) => sessions.length > 0))
