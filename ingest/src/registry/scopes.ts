import { createScopes, type Scopes } from '@hours/usage'
import type { Registry } from '../ports.ts'

const made = new WeakMap<object, { readonly memberships: unknown; readonly scopes: Scopes }>()

/** The scopes of the records as they stand; the registry hands out the same lists until a record changes them. */
export function scopesOf(registry: Pick<Registry, 'records'>): Scopes {
  const organisations = registry.records('organisation')
  const memberships = registry.records('membership')
  const known = made.get(organisations)
  if (known?.memberships === memberships) return known.scopes
  const scopes = createScopes({
    organisations: organisations.map(({ record }) => record),
    memberships: memberships.map(({ record }) => record),
  })
  made.set(organisations, { memberships, scopes })
  return scopes
}
