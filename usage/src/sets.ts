import type { RecordOf } from '@hours/protocol'
import type { Interval } from './calendar.ts'
import { clip, intersect, isIn, subtract, union } from './intervals.ts'
import type { CountedRecords } from './record-sums.ts'
import type { During } from './scope.ts'

/** An instrument as far as it may be a part of another one, such as a station of a source: its key `site/instrument`. */
export interface Enrolled {
  readonly key: string
  /** Ascending and disjoint (`withEnrolment`). */
  readonly enrolments: readonly Pick<RecordOf<'enrolment'>, 'from' | 'to' | 'partOf'>[]
}

/** Another instrument of the same set, and when it belonged together with the one asked about. */
export interface SetMember extends During {
  readonly key: string
}

/**
 * Which instruments are one set (`partOf`): a whole with its parts, at any depth. A part belongs to its whole while that is
 * enrolled; before and after it stands for itself.
 */
export interface Sets {
  /** What the instrument is a part of: nearest first. */
  wholes(key: string): readonly SetMember[]
  /** What is a part of the instrument. */
  parts(key: string): readonly SetMember[]
}

const deepest = 32
const none: readonly SetMember[] = []

export function createSets(instruments: readonly Enrolled[]): Sets {
  const isSet = instruments.some(({ enrolments }) => enrolments.some(({ partOf }) => partOf !== undefined))
  if (!isSet) return { wholes: () => none, parts: () => none }
  const byKey = new Map(instruments.map((one) => [one.key, one]))
  const wholes = new Map(instruments.map(({ key }) => [key, wholesOf(key, byKey)]))
  const parts = new Map<string, SetMember[]>()
  for (const [key, found] of wholes)
    for (const whole of found) {
      const known = parts.get(whole.key) ?? []
      parts.set(whole.key, [...known, { key, during: whole.during }])
    }
  return { wholes: (key) => wholes.get(key) ?? none, parts: (key) => parts.get(key) ?? none }
}

function wholesOf(key: string, byKey: ReadonlyMap<string, Enrolled>): SetMember[] {
  const found = new Map<string, Interval[]>()
  const walk = (from: string, time: readonly Interval[], passed: readonly string[]) => {
    for (const [above, named] of namedBy(byKey.get(from))) {
      const whole = byKey.get(above)
      const during = intersect(intersect(named, enrolledTime(whole)), time)
      // Whoever is said to be a part of itself, over whatever steps, is none there.
      if (during.length === 0 || passed.includes(above) || passed.length > deepest) continue
      found.set(above, union([...(found.get(above) ?? []), ...during]))
      walk(above, during, [...passed, above])
    }
  }
  walk(key, [{ from: -Infinity, to: Infinity }], [key])
  return [...found].map(([above, during]) => ({ key: above, during }))
}

/** What an instrument's enrolments call its whole, each until the next one begins; the first from ever on. */
function namedBy(one: Enrolled | undefined): Map<string, Interval[]> {
  const named = new Map<string, Interval[]>()
  const [site = ''] = one?.key.split('/', 1) ?? []
  for (const [i, { from, partOf }] of (one?.enrolments ?? []).entries()) {
    if (partOf === undefined) continue
    const key = `${site}/${partOf}`
    const part = { from: i === 0 ? -Infinity : from, to: one?.enrolments[i + 1]?.from ?? Infinity }
    named.set(key, [...(named.get(key) ?? []), part])
  }
  return named
}

const enrolledTime = (one: Enrolled | undefined): Interval[] =>
  union((one?.enrolments ?? []).map(({ from, to = Infinity }) => ({ from, to })))

/** An instrument as it adds to the totals of a scope. */
export interface InSet {
  /** Key of the instrument that it counts as one set with: itself, or what it is a part of. */
  readonly set: string
}

/**
 * Of the instruments of a scope what adds up to its totals: a part whose whole is in the scope too adds nothing then, as the
 * whole has the use of its parts (`setSessions`). Where it adds in another part of the time, it is no set of its own.
 */
export function setTime<T extends During & { readonly key: string }>(
  held: readonly T[],
  sets: Sets,
): readonly (T & InSet)[] {
  const byKey = new Map(held.map((one) => [one.key, one]))
  return held.flatMap((one) => {
    const above = sets.wholes(one.key).flatMap(({ key, during }) => {
      const time = intersect(intersect(during, byKey.get(key)?.during ?? []), one.during)
      return time.length > 0 ? [{ key, time }] : []
    })
    if (above.length === 0) return [{ ...one, set: one.key }]
    const during = subtract(one.during, union(above.flatMap(({ time }) => time)))
    return during.length > 0 ? [{ ...one, during, set: above.at(-1)?.key ?? one.key }] : []
  })
}

/** How many sets there are among those that count; `set` as in `InSet`, by default each its own. */
export const countSets = <T extends { readonly id: string } & Partial<InSet>>(
  all: readonly T[],
  counts: (one: T) => boolean,
): number => new Set(all.filter(counts).map(({ id, set = id }) => set)).size

type Use = RecordOf<'session'> | RecordOf<'booking'>

/**
 * Sessions or bookings of an instrument and of its parts as its own, as far as these belonged to it: whoever uses a station
 * uses the source. `of` = those of one instrument that stand.
 */
export function setSessions<T extends Use>(
  key: string,
  sets: Sets,
  of: (key: string) => readonly T[],
): readonly T[] {
  const parts = sets.parts(key)
  if (parts.length === 0) return of(key)
  const [, instrument = ''] = key.split('/')
  const theirs = usedThrough(parts, of).map((one) => ({ ...one, instrument: instrument as T['instrument'] }))
  return [...of(key), ...theirs]
}

/** What people did at the parts of a whole, cut to the time that each belonged to it. */
export const usedThrough = <T extends Interval & { readonly id: string }>(
  parts: readonly SetMember[],
  of: (key: string) => readonly T[],
): T[] =>
  parts.flatMap((part) =>
    of(part.key).flatMap((one) =>
      clip(part.during, one).map(({ from, to }, i) => ({
        ...one,
        ...{ from, to },
        // In its place in the order of ids; samples are counted apart (`setRecords`).
        id: i === 0 ? one.id : `${one.id}\u0000${i}`,
      })),
    ),
  )

/** Samples, money and the like of an instrument and of its parts, each by the instant that it is counted at. */
export function setRecords(key: string, sets: Sets, of: (key: string) => CountedRecords): CountedRecords {
  const parts = sets.parts(key)
  const own = of(key)
  if (parts.length === 0) return own
  const all = parts.map((part) => ({ records: of(part.key), during: part.during }))
  const begun = <T extends { readonly from: number }>(pick: (records: CountedRecords) => readonly T[]) =>
    all.flatMap(({ records, during }) => pick(records).filter(({ from }) => isIn(during, from)))
  const dated = <T extends { readonly at: number }>(pick: (records: CountedRecords) => readonly T[]) =>
    all.flatMap(({ records, during }) => pick(records).filter(({ at }) => isIn(during, at)))
  return {
    sessions: [...own.sessions, ...begun(({ sessions }) => sessions)],
    charges: [...own.charges, ...dated(({ charges }) => charges)],
    vouchers: [...own.vouchers, ...dated(({ vouchers }) => vouchers)],
    subsidies: [...own.subsidies, ...dated(({ subsidies }) => subsidies)],
    compute: [...own.compute, ...begun(({ compute }) => compute)],
    trainings: [...own.trainings, ...dated(({ trainings }) => trainings)],
    achievements: [...own.achievements, ...dated(({ achievements }) => achievements)],
    ratings: [...own.ratings, ...dated(({ ratings }) => ratings)],
    // What is claimed of a part is no claim about its whole.
    claims: own.claims,
  }
}
