import type { Ancestor } from '@hours/usage'
import { scopesOf } from '../registry/scopes.ts'
import type { ApiContext } from './context.ts'
import { notFound } from './problem.ts'
import { addingOf, type ScopedEntry } from './scope.ts'

/**
 * Whose rows: each instrument's; of the managing unit; of the entity, city or province above it; `below:1` = the
 * organisation right below the legal entity (a school), `below:2` the next (a college); `org:ID` = those right below ID.
 */
export const levelForm = /^(instrument|unit|entity|city|province|below:[1-9]|org:.{1,40})$/

/** An instrument under the name that its hours are summed for, for as long as it belongs there. */
export interface Named {
  readonly name: string
  readonly entry: ScopedEntry
}

/** The instruments at a level, by the tree as it stood at each instant; what is not below `org:ID` is left out. */
export function atLevel(
  context: Pick<ApiContext, 'ingest'>,
  entries: readonly ScopedEntry[],
  level: string,
): Named[] {
  const { registry } = context.ingest
  if (level === 'instrument') return entries.map((entry) => ({ name: entry.key, entry }))
  const root = level.startsWith('org:') ? level.slice('org:'.length) : undefined
  if (root !== undefined && !registry.organisation(root, Number.MAX_SAFE_INTEGER))
    throw notFound('organisation', root)
  const groups = scopesOf(registry).split(entries, (above, { key }) => {
    if (root === undefined) return nameOf(placeAt(above, level), above)
    const place = above.findIndex(({ id }) => id === root)
    // What an organisation manages itself stands beside those below it.
    return place === 0 ? key : place > 0 ? nameOf(place - 1, above) : undefined
  })
  return [...groups].flatMap(([name, own]) => addingOf(context, own).map((entry) => ({ name, entry })))
}

const nameOf = (place: number, above: readonly Ancestor[]) => `org:${above[place]?.id ?? ''}`

/** Where there is nothing at that level, the managing unit stands for itself. */
function placeAt(above: readonly Ancestor[], level: string): number {
  if (level === 'unit') return 0
  const [kind, depth] = level.split(':')
  const wanted = kind === 'below' ? 'entity' : kind
  const place = above.findIndex((one) => one.kind === wanted)
  return Math.max(0, place - Number(depth ?? 0))
}
