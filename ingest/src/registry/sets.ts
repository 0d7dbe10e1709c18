import { createSets, type Sets } from '@hours/usage'
import type { Registry } from '../ports.ts'

const made = new WeakMap<object, Sets>()

/** Which instruments are one set, by the enrolments as they stand; the registry hands out the same list until one changes. */
export function setsOf(registry: Pick<Registry, 'records' | 'instruments'>): Sets {
  const enrolments = registry.records('enrolment')
  const known = made.get(enrolments)
  if (known) return known
  const isSet = enrolments.some(({ record }) => record.partOf !== undefined)
  const sets = createSets(isSet ? registry.instruments() : [])
  made.set(enrolments, sets)
  return sets
}
