import type { RecordOf } from '@hours/protocol'
import type { Interval } from './calendar.ts'

type Organisation = RecordOf<'organisation'>

/** An organisation in a line of ancestors; without a kind it is one that nobody knows. */
export interface Ancestor {
  readonly id: string
  readonly kind?: Organisation['kind']
}

/** A stretch of time through which the same organisations stand above a unit; the first and the last have no end. */
export interface Ancestry extends Interval {
  /** The unit itself first, then what stands above it. */
  readonly above: readonly Ancestor[]
}

/** Who stands above a unit, and when: all of time, ascending, without a hole. */
export type Ancestries = (unit: string) => readonly Ancestry[]

const deepest = 32

/**
 * The dated tree read upwards. Before its first record an organisation stands where that one puts it: whoever records a
 * unit late has not founded it then, and its instruments were somebody's before.
 */
export function createAncestries(organisations: readonly Organisation[]): Ancestries {
  const byId = Map.groupBy(organisations, ({ id }): string => id)
  for (const list of byId.values()) list.sort((a, b) => a.from - b.from)
  const made = new Map<string, readonly Ancestry[]>()

  /** Of two records of one date the later in the log stands. */
  function find(id: string, at: number): Organisation | undefined {
    const list = byId.get(id) ?? []
    const first = list[0]?.from ?? at
    return list.findLast(({ from }) => from <= Math.max(at, first))
  }

  function line(unit: string, at: number): Ancestor[] {
    const walked: Ancestor[] = []
    for (let id: string | null = unit; id !== null && walked.length < deepest; ) {
      const one = find(id, at)
      // A tree that bites its tail ends here.
      if (!one || walked.some((before) => before.id === id)) break
      walked.push({ id, kind: one.kind })
      id = one.parent
    }
    return walked.length > 0 ? walked : [{ id: unit }]
  }

  /** When something above the unit may change: later records of whatever has ever stood there. */
  function changes(unit: string): number[] {
    const reached = new Set([unit])
    const dates = new Set<number>()
    for (const id of reached)
      for (const [i, { from, parent }] of (byId.get(id) ?? []).entries()) {
        if (i > 0) dates.add(from)
        if (parent !== null) reached.add(parent)
      }
    return [...dates].sort((a, b) => a - b)
  }

  return (unit) => {
    const known = made.get(unit)
    if (known) return known
    const edges = [-Infinity, ...changes(unit), Infinity]
    const found = edges
      .slice(0, -1)
      .map((from, i) => ({ from, to: edges[i + 1] ?? Infinity, above: line(unit, from) }))
    made.set(unit, found)
    return found
  }
}

/**
 * Who managed an instrument, and who stood above that unit: each enrolment until the next one begins, so that what is
 * dated before the first or after the last is somebody's too. `enrolments` ascending and disjoint (`withEnrolment`).
 */
export function managedTime(
  enrolments: readonly Pick<RecordOf<'enrolment'>, 'unit' | 'from'>[],
  ancestries: Ancestries,
): Ancestry[] {
  return enrolments.flatMap(({ unit, from }, i) => {
    const begin = i === 0 ? -Infinity : from
    const end = enrolments[i + 1]?.from ?? Infinity
    return ancestries(unit).flatMap((one) => {
      const part = { from: Math.max(one.from, begin), to: Math.min(one.to, end), above: one.above }
      return part.from < part.to ? [part] : []
    })
  })
}
