/** Who somebody is to this installation (issue "Doors"); a person has one role, over one organisation's subtree. */
export const roles = ['viewer', 'facility_manager', 'organisation_admin', 'regulator', 'operator'] as const
export type Role = (typeof roles)[number]

/**
 * What a route may ask for. `public` needs nobody; `read` is the figures of one's own subtree; `write` is sessions,
 * bookings, imports; `enrol` is the instruments, gateways, opening hours, units and listings of one's own subtree;
 * `admin` is accounts and keys of one's organisation; `evidence` is entry tiles of the log; `operate` is rule sets,
 * closing periods and whatever concerns the whole installation; `monitor` is its counts, for Prometheus.
 */
export const rights = ['public', 'read', 'write', 'enrol', 'admin', 'evidence', 'operate', 'monitor'] as const
export type Right = (typeof rights)[number]

const granted: Readonly<Record<Role, ReadonlySet<Right>>> = {
  viewer: new Set<Right>(['public', 'read']),
  facility_manager: new Set<Right>(['public', 'read', 'write']),
  organisation_admin: new Set<Right>(['public', 'read', 'write', 'enrol', 'admin']),
  // Read-only, across the organisations it supervises; sees the entries, so that it can check them.
  regulator: new Set<Right>(['public', 'read', 'evidence']),
  operator: new Set<Right>(rights),
}

export const mayRole = (role: Role, right: Right): boolean => granted[role].has(right)

/** Somebody signed in: by session, API key, or as the demo's manager. */
export interface Principal {
  readonly id: string
  /** What stands for it in signed records, which are for good: never an e-mail address (records.md, section 2). */
  readonly actor: string
  readonly name: string
  readonly role: Role
  /** The organisations whose subtrees this one sees; null = the whole installation. */
  readonly organisations: readonly string[] | null
  /** How it signed in; an API key carries no cookie and so needs no CSRF token. */
  readonly by: 'session' | 'key' | 'demo'
  /** An API key may be narrower than its owner's role. */
  readonly scopes: readonly Right[] | null
}

export const may = (principal: Principal | null, right: Right): boolean => {
  if (right === 'public') return true
  if (principal === null || !mayRole(principal.role, right)) return false
  const { scopes } = principal
  // Whoever runs the installation sets it up too.
  return scopes === null || scopes.includes(right) || (right === 'enrol' && scopes.includes('operate'))
}

/**
 * Whether `organisation` lies in the subtree of one that the principal sees; `parentOf` walks up the dated tree as it
 * stands now. A cycle in the tree ends the walk and sees nothing more.
 */
export function sees(
  principal: Principal | null,
  organisation: string,
  parentOf: (id: string) => string | null | undefined,
): boolean {
  if (principal === null) return false
  if (principal.organisations === null) return true
  const walked = new Set<string>()
  for (let at: string | null | undefined = organisation; at && !walked.has(at); at = parentOf(at)) {
    if (principal.organisations.includes(at)) return true
    walked.add(at)
  }
  return false
}
