import type { RecordOf } from '@hours/protocol'
import { type Ancestor, createAncestries, managedTime } from './ancestry.ts'
import type { Interval } from './calendar.ts'
import { intersect, union } from './intervals.ts'

/** An instrument as a scope looks at it: its key `site/instrument`, and by date the units that have managed it. */
export interface Scoped {
  readonly key: string
  readonly enrolments: readonly Pick<RecordOf<'enrolment'>, 'unit' | 'from'>[]
}

/** When an instrument was in the scope asked for: ascending, disjoint; without an end where none is known. */
export interface During {
  readonly during: readonly Interval[]
}

/** What scopes are made of: every record that stands, in log order. */
export interface ScopeRecords {
  readonly organisations: readonly RecordOf<'organisation'>[]
  readonly memberships: readonly Pick<
    RecordOf<'membership'>,
    'channel' | 'instrument' | 'organisation' | 'from' | 'to'
  >[]
}

/** The scopes of one state of the records; ingest and the verifier ask the same ones. */
export interface Scopes {
  /**
   * The instruments of a scope (records.md, section 10), each once and with the time for which it belongs there: `all`,
   * `org:ID` with all below it, `channel:ID`, or one `site/instrument`. An instrument that changes hands belongs to each of
   * its owners up to that instant and from it on (domain.md, section 4.6). Undefined = nobody knows the scope.
   */
  inScope<T extends Scoped>(scope: string, instruments: readonly T[]): readonly (T & During)[] | undefined
  /**
   * The same instruments by a name that is made of who stands above them, as far as each was there; without a name they
   * are left out. Where `nameOf` names everything, the parts make up the whole.
   */
  split<T extends Scoped & During>(
    instruments: readonly T[],
    nameOf: (above: readonly Ancestor[], instrument: T) => string | undefined,
  ): ReadonlyMap<string, readonly T[]>
  /** The unit that manages the instrument at `at`, then what stands above it. */
  aboveAt(instrument: Scoped, at: number): readonly Ancestor[]
  /** When any channel lists the instrument; undefined = no channel lists anything. */
  listed(instrument: Scoped): readonly Interval[] | undefined
}

const always: readonly Interval[] = [{ from: -Infinity, to: Infinity }]

export function createScopes({ organisations, memberships }: ScopeRecords): Scopes {
  const known = new Set<string>(organisations.map(({ id }) => id))
  const ancestries = createAncestries(organisations)
  const managed = ({ enrolments }: Scoped) => managedTime(enrolments, ancestries)
  const stand = standingMemberships(memberships)
  const byChannel = Map.groupBy(stand, ({ channel }): string => channel)
  const listings = new Map<string | undefined, Listing>()

  function listing(channel?: string): Listing {
    const made =
      listings.get(channel) ?? listingOf(channel === undefined ? stand : (byChannel.get(channel) ?? []))
    listings.set(channel, made)
    return made
  }

  const belowTime = (one: Scoped, root: string): Interval[] =>
    union(managed(one).filter(({ above }) => above.some(({ id }) => id === root)))

  const listedTime = (one: Scoped, { instruments, organisations: units }: Listing): Interval[] =>
    union([
      ...(instruments.get(one.key) ?? []),
      ...(units.size === 0
        ? []
        : managed(one).flatMap((part) =>
            part.above.flatMap(({ id }) => intersect(units.get(id) ?? [], [part])),
          )),
    ])

  const held = <T extends Scoped>(instruments: readonly T[], time: (one: T) => readonly Interval[]) =>
    instruments.flatMap((one) => {
      const during = time(one)
      return during.length > 0 ? [{ ...one, during }] : []
    })

  return {
    inScope(scope, instruments) {
      if (scope === 'all') return held(instruments, () => always)
      const [kind, id = ''] = cutOnce(scope, ':')
      if (kind === 'org') return known.has(id) ? held(instruments, (one) => belowTime(one, id)) : undefined
      if (kind === 'channel')
        return byChannel.has(id) ? held(instruments, (one) => listedTime(one, listing(id))) : undefined
      const one = instruments.find(({ key }) => key === scope)
      return one && [{ ...one, during: always }]
    },
    split(instruments, nameOf) {
      const groups = new Map<string, (typeof instruments)[number][]>()
      for (const one of instruments) {
        const named = new Map<string, Interval[]>()
        for (const part of managed(one)) {
          const name = nameOf(part.above, one)
          if (name !== undefined) named.set(name, [...(named.get(name) ?? []), part])
        }
        for (const [name, parts] of named) {
          const during = intersect(union(parts), one.during)
          if (during.length > 0) groups.set(name, [...(groups.get(name) ?? []), { ...one, during }])
        }
      }
      return groups
    },
    aboveAt: (instrument, at) =>
      managed(instrument).find(({ from, to }) => from <= at && at < to)?.above ?? [],
    listed: (instrument) => (stand.length === 0 ? undefined : listedTime(instrument, listing())),
  }
}

/** What one channel, or any, lists and when: by `site/instrument`, and by organisation with all below it. */
interface Listing {
  readonly instruments: ReadonlyMap<string, readonly Interval[]>
  readonly organisations: ReadonlyMap<string, readonly Interval[]>
}

type Membership = ScopeRecords['memberships'][number]

function listingOf(memberships: readonly Membership[]): Listing {
  const timesBy = (name: (one: Membership) => string | undefined) => {
    const times = new Map<string, Interval[]>()
    for (const one of memberships) {
      const id = name(one)
      if (id !== undefined)
        times.set(id, union([...(times.get(id) ?? []), { from: one.from, to: one.to ?? Infinity }]))
    }
    return times
  }
  return {
    instruments: timesBy(({ instrument }) => instrument),
    organisations: timesBy(({ organisation }) => organisation),
  }
}

/** One that says the same with the same beginning again, such as now with an end, stands in place of the earlier one. */
function standingMemberships(memberships: readonly Membership[]): readonly Membership[] {
  const name = ({ channel, instrument, organisation, from }: Membership) =>
    JSON.stringify([channel, instrument, organisation, from])
  return [...new Map(memberships.map((one) => [name(one), one])).values()]
}

function cutOnce(text: string, at: string): [string, string?] {
  const i = text.indexOf(at)
  return i < 0 ? [text] : [text.slice(0, i), text.slice(i + 1)]
}

/** An organisation and all below it, in one state of the tree. */
export function subtreeOf(
  organisations: readonly Pick<RecordOf<'organisation'>, 'id' | 'parent'>[],
  root: string,
): ReadonlySet<string> {
  const inside = new Set([root])
  for (let grown = true; grown; ) {
    grown = false
    for (const { id, parent } of organisations)
      if (parent !== null && inside.has(parent) && !inside.has(id)) {
        inside.add(id)
        grown = true
      }
  }
  return inside
}
