import type { InstrumentKey } from '@hours/protocol'
import type { InstrumentEntry } from '../ports.ts'
import type { ApiContext } from './context.ts'
import { subtree } from './fleet-routes.ts'
import { notFound } from './problem.ts'
import type { Standing } from './standing.ts'

/** The instruments of a scope (records.md, section 10); each once, however many channels list it. */
export function entriesOf(
  context: ApiContext,
  { entries, byKey }: Standing,
  scope: string,
): readonly InstrumentEntry[] {
  const { registry } = context.ingest
  if (scope === 'all') return entries
  if (scope.startsWith('org:')) {
    const id = scope.slice('org:'.length)
    if (!registry.organisation(id)) throw notFound('organisation', id)
    const within = subtree(context, id)
    return entries.filter(({ enrolment }) => within.has(enrolment.unit))
  }
  if (scope.startsWith('channel:')) return ofChannel(context, entries, scope.slice('channel:'.length))
  const entry = byKey.get(scope as InstrumentKey)
  if (!entry) throw notFound('scope', scope)
  return [entry]
}

function ofChannel(
  context: ApiContext,
  entries: readonly InstrumentEntry[],
  id: string,
): readonly InstrumentEntry[] {
  const members = context.ingest.registry.records('membership').filter(({ record }) => record.channel === id)
  if (members.length === 0) throw notFound('channel', id)
  const keys = new Set<string>()
  const units = new Set<string>()
  for (const { record } of members) {
    if (record.instrument !== undefined) keys.add(record.instrument)
    if (record.organisation !== undefined)
      for (const unit of subtree(context, record.organisation)) units.add(unit)
  }
  return entries.filter(({ key, enrolment }) => keys.has(key) || units.has(enrolment.unit))
}
