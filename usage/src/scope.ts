import type { RecordOf } from '@hours/protocol'

/** An instrument as a scope looks at it: its key `site/instrument`, and the unit that manages it. */
export interface Scoped {
  readonly key: string
  readonly unit: string
}

/** What scopes are made of: organisations as they stand, and memberships of channels. */
export interface ScopeRecords {
  readonly organisations: readonly Pick<RecordOf<'organisation'>, 'id' | 'parent'>[]
  readonly memberships: readonly Pick<RecordOf<'membership'>, 'channel' | 'instrument' | 'organisation'>[]
}

/**
 * The instruments of a scope (records.md, section 10): `all`, `org:ID` with all below it, `channel:ID`, or one
 * `site/instrument`; each once, however many channels list it. Undefined = nobody knows the scope.
 */
export function inScope<T extends Scoped>(
  scope: string,
  instruments: readonly T[],
  { organisations, memberships }: ScopeRecords,
): readonly T[] | undefined {
  if (scope === 'all') return instruments
  if (scope.startsWith('org:')) {
    const id = scope.slice('org:'.length)
    if (!organisations.some((one) => one.id === id)) return undefined
    const within = subtreeOf(organisations, id)
    return instruments.filter(({ unit }) => within.has(unit))
  }
  if (scope.startsWith('channel:')) {
    const id = scope.slice('channel:'.length)
    const members = memberships.filter(({ channel }) => channel === id)
    const keys = new Set<string>(members.flatMap(({ instrument }) => instrument ?? []))
    const units = new Set(
      members.flatMap(({ organisation }) =>
        organisation === undefined ? [] : [...subtreeOf(organisations, organisation)],
      ),
    )
    if (members.length === 0) return undefined
    return instruments.filter(({ key, unit }) => keys.has(key) || units.has(unit))
  }
  const one = instruments.find(({ key }) => key === scope)
  return one && [one]
}

/** An organisation and all below it. */
export function subtreeOf(organisations: ScopeRecords['organisations'], root: string): ReadonlySet<string> {
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

/** Where nobody has said otherwise (domain.md, section 4.1). */
const defaultZone = 'Asia/Shanghai'

/**
 * The zone that a site's civil days are counted in: its own, or that of the nearest organisation above, or above the unit
 * of its first instrument. `newest` = an organisation's last record.
 */
export function siteZone(
  site: string,
  unit: string | undefined,
  newest: (id: string) => Pick<RecordOf<'organisation'>, 'zone' | 'parent'> | undefined,
): string {
  return zoneAbove(site, newest) ?? zoneAbove(unit ?? null, newest) ?? defaultZone
}

function zoneAbove(id: string | null, newest: Parameters<typeof siteZone>[2]): string | undefined {
  // A tree that bites its tail ends here too.
  for (let depth = 0; id !== null && depth < 16; depth++) {
    const one = newest(id)
    if (!one) return undefined
    if (one.zone !== undefined && isZone(one.zone)) return one.zone
    id = one.parent
  }
  return undefined
}

function isZone(zone: string): boolean {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: zone }).resolvedOptions().timeZone !== ''
  } catch {
    return false
  }
}
