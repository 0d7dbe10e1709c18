import type { Interval } from './calendar.ts'
import { clip, intersect, total } from './intervals.ts'

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
}

/** How much effective time belongs to each session, ms. */
export interface Attribution {
  readonly bySession: ReadonlyMap<string, number>
  /** Effective time that no session covers. */
  readonly unattributed: number
  /** Stretches that several sessions cover; a finding on an instrument that one user has alone. */
  readonly overlaps: readonly (Interval & { readonly sessions: readonly string[] })[]
}

/**
 * Splits effective time among sessions (records.md, section 8): an instant covered by k sessions belongs to session
 * number (Unix ms mod k) in the order of ids. In closed form, so any cut of the period gives the same totals.
 */
export function attribute(effectiveTime: readonly Interval[], sessions: readonly UseSession[]): Attribution {
  const ordered = sessions.filter(({ from, to }) => to > from).toSorted((a, b) => compare(a.id, b.id))
  const bySession = new Map(ordered.map(({ id }) => [id, 0]))
  const overlaps: (Interval & { sessions: readonly string[] })[] = []
  let covered = 0
  for (const { from, to, active } of segments(ordered)) {
    const pieces = clip(effectiveTime, { from, to })
    const k = active.length
    if (pieces.length === 0) continue
    covered += total(pieces)
    if (k > 1) overlaps.push({ from, to, sessions: active })
    for (const [j, id] of active.entries()) {
      const share = pieces.reduce((sum, piece) => sum + countModulo(piece.from, piece.to, k, j), 0)
      bySession.set(id, (bySession.get(id) ?? 0) + share)
    }
  }
  return { bySession, unattributed: total(effectiveTime) - covered, overlaps }
}

/** How many integers t of [from, to) have t mod k = j. */
export function countModulo(from: number, to: number, k: number, j: number): number {
  const below = (n: number) => Math.ceil((n - j) / k)
  return below(to) - below(from)
}

/** Between two neighbouring session borders the same sessions are active; ids ascending. */
function segments(ordered: readonly UseSession[]): { from: number; to: number; active: string[] }[] {
  const edges = [...new Set(ordered.flatMap(({ from, to }) => [from, to]))].sort((a, b) => a - b)
  return edges.slice(0, -1).flatMap((from, i) => {
    const to = edges[i + 1] ?? from
    const active = ordered.filter((one) => one.from <= from && one.to >= to).map(({ id }) => id)
    return active.length > 0 ? [{ from, to, active }] : []
  })
}

const compare = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0)

/** Effective time inside the schedule, ms. */
export const within = (effectiveTime: readonly Interval[], schedule: readonly Interval[]): number =>
  total(intersect(effectiveTime, schedule))
