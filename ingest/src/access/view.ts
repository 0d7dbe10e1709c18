import type { Clock } from '@hours/protocol'
import type { Registry } from '../ports.ts'

/** What somebody who is bound to organisations may know of: their subtrees as they stand now, and nothing else. */
export interface View {
  readonly organisations: ReadonlySet<string>
  /** Keys of the instruments whose managing organisation is among them. */
  readonly keys: ReadonlySet<string>
  /** Gateways of at least one of these instruments. */
  readonly gateways: ReadonlySet<string>
  /** Sites with at least one of them. */
  readonly sites: ReadonlySet<string>
  /** Gateways and sites of none but these instruments, past ones counted too. */
  readonly ownGateways: ReadonlySet<string>
  readonly ownSites: ReadonlySet<string>
}

/** Who is not signed in knows of nothing. */
export const noView: View = {
  organisations: new Set(),
  keys: new Set(),
  gateways: new Set(),
  sites: new Set(),
  ownGateways: new Set(),
  ownSites: new Set(),
}

const maxViews = 500

/** Views by their organisations, made anew when the tree or the fleet changes; records may begin at any minute. */
export function createViews(registry: Registry, clock: Clock): (organisations: readonly string[]) => View {
  let from: readonly unknown[] = []
  let made = new Map<string, View>()
  return (organisations) => {
    const now = [
      registry.records('organisation'),
      registry.records('enrolment'),
      registry.records('config'),
      Math.floor(clock.wall() / 60_000),
    ]
    if (now.some((part, i) => part !== from[i]) || made.size > maxViews) made = new Map()
    from = now
    const name = organisations.toSorted().join(' ')
    const known = made.get(name)
    if (known) return known
    const view = viewOf(registry, organisations)
    made.set(name, view)
    return view
  }
}

function viewOf(registry: Registry, roots: readonly string[]): View {
  const organisations = subtreesOf(registry, roots)
  const keys = new Set<string>()
  const gateways = new Set<string>()
  const foreignGateways = new Set<string>()
  const foreignSites = new Set<string>()
  const sites = new Set<string>()
  for (const { key, site, enrolment, enrolments } of registry.instruments()) {
    const own = organisations.has(enrolment.unit)
    if (own) {
      keys.add(key)
      gateways.add(enrolment.gateway)
      sites.add(site)
    } else foreignSites.add(site)
    for (const one of enrolments) if (!own || !organisations.has(one.unit)) foreignGateways.add(one.gateway)
  }
  return {
    organisations,
    keys,
    gateways,
    ownGateways: gateways.difference(foreignGateways),
    sites,
    ownSites: sites.difference(foreignSites),
  }
}

/** The organisations and all below them; a tree that bites its tail ends the walk. */
function subtreesOf(registry: Registry, roots: readonly string[]): ReadonlySet<string> {
  const children = Map.groupBy(registry.organisations(), ({ parent }): string => parent ?? '')
  const inside = new Set(roots)
  for (const id of inside) for (const child of children.get(id) ?? []) inside.add(child.id)
  return inside
}
