import type { RecordKind, RecordOf } from '@hours/protocol'
import type { View } from './view.ts'

/** A record by its hash: what corrections and approvals are about. */
export type Find = (hash: string) => { readonly kind: RecordKind; readonly record: object } | undefined

/** Kinds that are the same for everybody in the installation. */
const forAll = new Set<RecordKind>(['opening', 'time', 'ruleset', 'probe'])

/**
 * Whether a record lies inside a view: by the instrument, organisation, gateway, scope or record it is about. What is
 * about none of these, or about a whole site, is seen by who sees the whole site: a kind nobody thought of is hidden.
 */
export function seesRecord(view: View, kind: RecordKind, record: object, find: Find, depth = 0): boolean {
  const one = record as Partial<Record<string, unknown>>
  const { stream, instrument, organisation, gateway, holder, of, scope } = one
  if (forAll.has(kind)) return true
  if (kind === 'organisation') return has(view.organisations, one['id'])
  if (kind === 'enrolment') return has(view.organisations, one['unit'])
  if (kind === 'membership')
    return instrument === undefined ? has(view.organisations, organisation) : has(view.keys, instrument)
  if (kind === 'config') return has(view.ownGateways, gateway)
  if (kind === 'epoch') return has(view.gateways, gateway)
  if (kind === 'key') return has(view.gateways, holder) || isHouse(holder)
  // Opening hours of a site are for everybody with an instrument there: the same figures for all.
  if (kind === 'schedule' && instrument === '*') return has(view.sites, stream)
  if (kind === 'close' || kind === 'report') return typeof scope === 'string' && seesScope(view, scope)
  if (typeof of === 'string') {
    const about = depth < 4 ? find(of) : undefined
    return about !== undefined && seesRecord(view, about.kind, about.record, find, depth + 1)
  }
  if (typeof instrument === 'string' && instrument !== '*')
    return has(view.keys, `${String(stream)}/${instrument}`)
  return has(view.ownSites, stream)
}

/** Whether a scope as people type it (records.md, section 10) lies inside a view. */
export const seesScope = (view: View, scope: string): boolean =>
  scope.startsWith('org:') ? view.organisations.has(scope.slice('org:'.length)) : view.keys.has(scope)

const has = (set: ReadonlySet<string>, id: unknown) => typeof id === 'string' && set.has(id)
const isHouse = (holder: unknown) => ['service', 'operator', 'report', 'log'].includes(String(holder))

/** An organisation as it may be shown: the parent of a view's root is somebody else. */
export const shownOrganisation = (view: View, one: RecordOf<'organisation'>): RecordOf<'organisation'> =>
  one.parent === null || view.organisations.has(one.parent) ? one : { ...one, parent: null }
