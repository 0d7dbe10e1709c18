import type { InstrumentKey, Millis, RecordOf } from '@hours/protocol'
import type { InstrumentEntry, Registry } from '../ports.ts'

/** What the fleet routes ask for each row, made once for each state of the registry instead of once a request. */
export interface Standing {
  readonly entries: readonly InstrumentEntry[]
  readonly byKey: ReadonlyMap<InstrumentKey, InstrumentEntry>
  /** Lower-case text that `q` is looked for in. */
  readonly text: ReadonlyMap<InstrumentKey, string>
  /** Instruments by gateway. */
  readonly atGateway: ReadonlyMap<string, number>
  /** The session of an instrument that holds `now`, if any. */
  session(entry: InstrumentEntry, now: Millis): RecordOf<'session'> | undefined
}

type Fleet = Omit<Standing, 'session'>
type Sessions = readonly { readonly record: RecordOf<'session'> }[]

/**
 * The registry hands out the same lists of records until a record changes them: their identity is the cache's key. Of
 * the lists the first one, as callers of different rights have different ones (access/scoped-ingest.ts). Sessions come
 * all day; what they leave as it is, orders of the fleet among it, is not made again for them.
 */
export function createStanding(registry: Registry): () => Standing {
  const fleets = new WeakMap<object, { from: readonly unknown[]; fleet: Fleet }>()
  const open = new WeakMap<Sessions, Standing['session']>()

  function fleetNow(): Fleet {
    const enrolments = registry.records('enrolment')
    const from = [enrolments, registry.records('config'), registry.records('organisation')]
    const known = fleets.get(enrolments)
    if (known?.from.every((list, i) => list === from[i])) return known.fleet
    const fleet = fleetOf(registry)
    fleets.set(enrolments, { from, fleet })
    return fleet
  }

  function sessionNow(): Standing['session'] {
    const sessions = registry.records('session')
    const known = open.get(sessions)
    if (known) return known
    const made = sessionIn(sessions)
    open.set(sessions, made)
    return made
  }

  return () => ({ ...fleetNow(), session: sessionNow() })
}

/** A year has hundreds of thousands of sessions; of them only those that are not over are sorted by instrument. */
function sessionIn(sessions: Sessions): Standing['session'] {
  let since = Number.POSITIVE_INFINITY
  let byInstrument = new Map<string, RecordOf<'session'>[]>()
  return ({ key }, now) => {
    if (now < since) {
      since = now
      const left = sessions.filter(({ record }) => record.to > now).map(({ record }) => record)
      byInstrument = Map.groupBy(left, ({ stream, instrument }) => `${stream}/${instrument}`)
    }
    return byInstrument.get(key)?.find((one) => one.from <= now && one.to > now)
  }
}

function fleetOf(registry: Registry): Fleet {
  const entries = registry.instruments()
  const atGateway = new Map<string, number>()
  for (const { enrolment } of entries)
    atGateway.set(enrolment.gateway, (atGateway.get(enrolment.gateway) ?? 0) + 1)
  return {
    entries,
    byKey: new Map(entries.map((entry) => [entry.key, entry])),
    text: new Map(entries.map((entry) => [entry.key, textOf(registry, entry)])),
    atGateway,
  }
}

function textOf(registry: Registry, { key, enrolment }: InstrumentEntry): string {
  const { names, kind, unit } = enrolment
  const organisation = registry.organisation(unit)?.names
  return [key, names.en, names.zh, kind, unit, organisation?.en, organisation?.zh].join('\n').toLowerCase()
}
