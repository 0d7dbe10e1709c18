import { type During, type InSet, setTime } from '@hours/usage'
import type { InstrumentEntry } from '../ports.ts'
import { scopesOf } from '../registry/scopes.ts'
import { setsOf } from '../registry/sets.ts'
import type { ApiContext } from './context.ts'
import { notFound } from './problem.ts'
import type { Standing } from './standing.ts'

/** An instrument of a scope and the time for which it belongs there. */
export type ScopedEntry = InstrumentEntry & During & Partial<InSet>

/**
 * Of the instruments of a scope those that its totals are made of, as far as they are (`setTime`): the very same list
 * where none is a part of another.
 */
export function addingOf(
  { ingest }: Pick<ApiContext, 'ingest'>,
  entries: readonly ScopedEntry[],
): readonly ScopedEntry[] {
  const adding = setTime(entries, setsOf(ingest.registry))
  const isAll =
    adding.length === entries.length && adding.every(({ during }, i) => during === entries[i]?.during)
  return isAll ? entries : adding
}

/**
 * The instruments of a scope (records.md, section 10) whenever they were in it; each once, however many channels list it.
 * Who asks for a period leaves out those that were not there then (`clip`).
 */
export function entriesOf(
  { ingest }: Pick<ApiContext, 'ingest'>,
  { entries }: Pick<Standing, 'entries'>,
  scope: string,
): readonly ScopedEntry[] {
  const found = scopesOf(ingest.registry).inScope(scope, entries)
  if (found) return found
  const [kind = '', ...id] = scope.split(':')
  if (kind === 'org') throw notFound('organisation', id.join(':'))
  throw kind === 'channel' ? notFound('channel', id.join(':')) : notFound('scope', scope)
}
