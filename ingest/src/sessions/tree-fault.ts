import type { RecordBody } from '@hours/protocol'
import type { Registry } from '../ports.ts'
import { fault, type RowFault } from './row-fault.ts'

/** Each level may hold itself or a lower one: a unit holds no entity, and a city no province. */
const ranks = ['province', 'city', 'entity', 'unit'] as const
const maxDepth = 15

/** Why an organisation cannot stand in the tree like this, or undefined; `advise` finds what a parent may have meant. */
export function treeFault(
  registry: Registry,
  made: Pick<RecordBody<'organisation'>, 'id' | 'parent' | 'kind' | 'zone' | 'from' | 'names'>,
  advise: (text: string, known: () => Iterable<string>) => string,
): RowFault | undefined {
  const { id, parent, kind, zone, from, names } = made
  if (zone !== undefined && !isZone(zone))
    return fault('zone', zone, 'no IANA time zone of this name', 'write one such as Asia/Shanghai')
  if (names.en === undefined && names.zh === undefined)
    return fault('names', names, 'it has no name', 'write {"en": ...} or {"zh": ...}')
  if (parent === null) {
    if (kind !== 'unit') return undefined
    return fault('parent', parent, 'a unit belongs to somebody', 'name its entity')
  }
  const above = registry.organisation(parent, from)
  if (!above) {
    const near = advise(parent, () => registry.organisations().map((one) => one.id))
    return fault('parent', parent, 'nobody knows this organisation at that time', near || 'make it first')
  }
  if (ranks.indexOf(above.kind) > ranks.indexOf(kind))
    return fault(
      'kind',
      kind,
      `"${parent}" is of kind ${above.kind}, which holds no ${kind}`,
      'correct the kind or the parent',
    )
  let depth = 0
  for (let at: string | null | undefined = parent; at; at = registry.organisation(at, from)?.parent) {
    depth += 1
    if (at === id) return fault('parent', parent, `"${id}" would stand above itself`, 'name another parent')
    if (depth > maxDepth)
      return fault('parent', parent, `deeper than ${maxDepth} levels`, 'name a higher parent')
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
