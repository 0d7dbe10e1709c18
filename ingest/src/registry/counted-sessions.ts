import type { RecordOf } from '@hours/protocol'
import { duplicateSessions } from '@hours/usage'
import type { Registry } from '../ports.ts'

type Sessions = readonly { readonly record: RecordOf<'session'> }[]

const made = new WeakMap<object, { readonly pairs: unknown; readonly sessions: Sessions }>()

/**
 * The sessions that figures are made of: of confirmed duplicates the one with the lowest id stands (records.md, section
 * 8). The same list until a record changes it.
 */
export function countedSessions(registry: Registry): Sessions {
  const all = registry.records('session')
  const pairs = registry.records('same-as')
  if (pairs.length === 0) return all
  const known = made.get(all)
  if (known?.pairs === pairs) return known.sessions
  const isDuplicate = duplicateSessions(pairs.map(({ record }) => record))
  const sessions = all.filter(({ record }) => !isDuplicate(record))
  made.set(all, { pairs, sessions })
  return sessions
}
