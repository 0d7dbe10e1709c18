import type { Names } from '@hours/protocol'
import { scopesOf } from '../registry/scopes.ts'
import type { ApiContext } from './context.ts'
import type { ScopedEntry } from './scope.ts'

/** A scope one level below another one, with its instruments as far as they were in both. */
export interface Member {
  readonly of: string
  readonly names: Names
  readonly entries: readonly ScopedEntry[]
}

/**
 * One level below: of `all` the topmost organisations, of an organisation those right below it and the instruments that
 * it manages itself, of a channel its instruments. What has no instruments is left out; the members make up the scope.
 */
export function membersOf(
  { ingest }: Pick<ApiContext, 'ingest'>,
  scope: string,
  entries: readonly ScopedEntry[],
): Member[] {
  const { registry } = ingest
  const [kind, id] = scope.startsWith('org:') ? ['org', scope.slice('org:'.length)] : [scope.split(':')[0]]
  if (kind === 'channel') return entries.map((entry) => instrumentMember(entry))
  if (kind !== 'org' && scope !== 'all') return []
  const groups = scopesOf(registry).split(entries, (above, { key }) => {
    const place = id === undefined ? above.length : above.findIndex((one) => one.id === id)
    const below = above[place - 1]
    return below?.kind === undefined ? key : `org:${below.id}`
  })
  const organisations = registry.organisations().flatMap((one): Member[] => {
    const own = groups.get(`org:${one.id}`)
    return own ? [{ of: `org:${one.id}`, names: one.names, entries: own }] : []
  })
  const rest = entries.flatMap(({ key }) => groups.get(key) ?? [])
  return [...organisations, ...rest.map(instrumentMember)]
}

const instrumentMember = (entry: ScopedEntry): Member => ({
  of: entry.key,
  names: entry.enrolment.names,
  entries: [entry],
})
