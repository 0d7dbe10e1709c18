import { inScope } from '@hours/usage'
import type { InstrumentEntry } from '../ports.ts'
import type { ApiContext } from './context.ts'
import { notFound } from './problem.ts'
import type { Standing } from './standing.ts'

/** The instruments of a scope (records.md, section 10); each once, however many channels list it. */
export function entriesOf(
  context: Pick<ApiContext, 'ingest'>,
  { entries }: Pick<Standing, 'entries'>,
  scope: string,
): readonly InstrumentEntry[] {
  const { registry } = context.ingest
  const scoped = entries.map((entry) => ({ key: entry.key, unit: entry.enrolment.unit, entry }))
  const found = inScope(scope, scoped, {
    organisations: registry.organisations(),
    memberships: registry.records('membership').map(({ record }) => record),
  })
  if (found) return found.length === entries.length ? entries : found.map(({ entry }) => entry)
  const [kind = '', ...id] = scope.split(':')
  if (kind === 'org') throw notFound('organisation', id.join(':'))
  throw kind === 'channel' ? notFound('channel', id.join(':')) : notFound('scope', scope)
}
