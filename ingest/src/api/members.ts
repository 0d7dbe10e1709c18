import type { Names } from '@hours/protocol'
import type { InstrumentEntry } from '../ports.ts'
import type { ApiContext } from './context.ts'
import { subtree } from './fleet-routes.ts'

/** A scope one level below another one, with its instruments. */
export interface Member {
  readonly of: string
  readonly names: Names
  readonly entries: readonly InstrumentEntry[]
}

/**
 * One level below: of `all` the topmost organisations, of an organisation those right below it and the instruments that
 * it manages itself, of a channel its instruments. What has no instruments is left out.
 */
export function membersOf(context: ApiContext, scope: string, entries: readonly InstrumentEntry[]): Member[] {
  const instruments = (own: readonly InstrumentEntry[]) =>
    own.map((entry): Member => ({ of: entry.key, names: entry.enrolment.names, entries: [entry] }))
  if (scope.startsWith('channel:')) return instruments(entries)
  const parent = scope === 'all' ? null : scope.startsWith('org:') ? scope.slice('org:'.length) : undefined
  if (parent === undefined) return []
  const below = context.ingest.registry.organisations().filter((one) => one.parent === parent)
  const known = new Set<string>(context.ingest.registry.organisations().map(({ id }) => id))
  const organisations = below.flatMap(({ id, names }): Member[] => {
    const within = subtree(context, id)
    const own = entries.filter(({ enrolment }) => within.has(enrolment.unit))
    return own.length > 0 ? [{ of: `org:${id}`, names, entries: own }] : []
  })
  const rest = entries.filter(({ enrolment }) =>
    parent === null ? !known.has(enrolment.unit) : enrolment.unit === parent,
  )
  return [...organisations, ...instruments(rest)]
}
