import {
  type InstrumentKey,
  instrumentKey,
  InstrumentId,
  type Millis,
  parseInstrumentKey,
  type SiteId,
} from '@hours/protocol'
import type { InstrumentEntry, Registry } from '../ports.ts'
import { nearIds, suggestion } from './near-ids.ts'
import { fault, type RowFault } from './row-fault.ts'

/** Finds instruments and organisations by what people call them; good for one state of the registry. */
export interface Lookup {
  /** `site/instrument`, an id that is unique (or of `site`), or a name that is unique. */
  instrument(text: string, site?: SiteId): InstrumentEntry | RowFault
  /** Id or exact name of an organisation that stands at `at`. */
  organisation(field: string, text: string, at: Millis): string | RowFault
}

/** Suggestions are a help, not a service: after this many unknown ids in one batch no more are looked for. */
const maxSuggestions = 20

const cache = new WeakMap<object, ReadonlyMap<string, readonly InstrumentEntry[]>>()

/**
 * `seen` is what the caller may know of. Whoever uses an instrument is often of another house, so organisations are
 * found in `all`, but only exactly: suggestions are made of what the caller sees.
 */
export function createLookup(seen: Registry, all: Registry = seen): Lookup {
  const names = instrumentNames(seen)
  let organisationNames: Map<string, string> | undefined
  const advice = new Map<string, string>()

  function advise(text: string, known: () => Iterable<string>): string {
    const made = advice.get(text)
    if (made !== undefined) return made
    if (advice.size >= maxSuggestions) return ''
    const found = suggestion(nearIds(text, known()))
    advice.set(text, found)
    return found
  }

  return {
    instrument(text, site) {
      const wanted = text.trim()
      const parsed = parseInstrumentKey(wanted)
      const id = InstrumentId.safeParse(wanted)
      const direct =
        parsed.ok || (site !== undefined && id.success)
          ? seen.instrument(
              parsed.ok ? (wanted as InstrumentKey) : instrumentKey(site as SiteId, wanted as InstrumentId),
            )
          : undefined
      if (direct) return direct
      const found = (names.get(wanted.toLowerCase()) ?? []).filter(
        (one) => site === undefined || one.site === site,
      )
      if (found.length === 1 && found[0]) return found[0]
      if (found.length > 1)
        return fault(
          'instrument',
          wanted,
          'several instruments are called so',
          `write one of ${found
            .slice(0, 5)
            .map(({ key }) => key)
            .join(', ')}`,
        )
      const near = advise(wanted, () => seen.instruments().map(({ key }) => key))
      return fault(
        'instrument',
        wanted,
        'no instrument of this id is enrolled',
        near || 'write site/instrument as GET /api/v1/instruments lists it',
      )
    },
    organisation(field, text, at) {
      const wanted = text.trim()
      if (all.organisation(wanted, at)) return wanted
      organisationNames ??= namesOf(all)
      const named = organisationNames.get(wanted.toLowerCase())
      if (named !== undefined && all.organisation(named, at)) return named
      if (all.organisation(named ?? wanted, Number.MAX_SAFE_INTEGER))
        return fault(
          field,
          wanted,
          `this organisation is in the tree only from a later date than ${new Date(at).toISOString()}`,
          'correct the time, or have the operator record the organisation from an earlier date',
        )
      const near = advise(wanted, () => seen.organisations().map(({ id }) => id))
      return fault(
        field,
        wanted,
        'nobody knows this organisation',
        near || 'write an id of GET /api/v1/organisations, or have the operator add it',
      )
    },
  }
}

/** Lists of instruments by id and by name; the registry's list of enrolments is the same object until it changes. */
function instrumentNames(registry: Registry): ReadonlyMap<string, readonly InstrumentEntry[]> {
  const from = registry.records('enrolment')
  const known = cache.get(from)
  if (known) return known
  const names = new Map<string, InstrumentEntry[]>()
  for (const entry of registry.instruments()) {
    const { instrument, names: called } = entry.enrolment
    for (const name of new Set([instrument, called.en, called.zh].map((one) => one?.toLowerCase())))
      if (name !== undefined) names.set(name, [...(names.get(name) ?? []), entry])
  }
  cache.set(from, names)
  return names
}

function namesOf(registry: Registry): Map<string, string> {
  const names = new Map<string, string>()
  for (const { id, names: called } of registry.organisations())
    for (const name of [called.en, called.zh]) if (name !== undefined) names.set(name.toLowerCase(), id)
  return names
}
