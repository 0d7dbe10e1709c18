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

/** The registry hands out the same lists of records until a record changes them: their identity is the cache's key. */
export function createStanding(registry: Registry): () => Standing {
  // By the first list, as callers of different rights have different ones (access/scoped-ingest.ts).
  const made = new WeakMap<object, { from: readonly unknown[]; standing: Standing }>()
  return () => {
    const sessions = registry.records('session')
    const enrolments = registry.records('enrolment')
    const from = [enrolments, registry.records('config'), registry.records('organisation'), sessions]
    const known = made.get(enrolments)
    if (known?.from.every((list, i) => list === from[i])) return known.standing
    const standing = derive(registry, sessions)
    made.set(enrolments, { from, standing })
    return standing
  }
}

function derive(registry: Registry, sessions: readonly { readonly record: RecordOf<'session'> }[]): Standing {
  const entries = registry.instruments()
  const open = new Map<string, RecordOf<'session'>[]>()
  for (const { record } of sessions) {
    const key = `${record.stream}/${record.instrument}`
    const list = open.get(key)
    if (list) list.push(record)
    else open.set(key, [record])
  }
  const atGateway = new Map<string, number>()
  for (const { enrolment } of entries)
    atGateway.set(enrolment.gateway, (atGateway.get(enrolment.gateway) ?? 0) + 1)
  return {
    entries,
    byKey: new Map(entries.map((entry) => [entry.key, entry])),
    text: new Map(entries.map((entry) => [entry.key, textOf(registry, entry)])),
    atGateway,
    session: ({ key }, now) => open.get(key)?.find((one) => one.from <= now && one.to > now),
  }
}

function textOf(registry: Registry, { key, enrolment }: InstrumentEntry): string {
  const { names, kind, unit } = enrolment
  const organisation = registry.organisation(unit)?.names
  return [key, names.en, names.zh, kind, unit, organisation?.en, organisation?.zh].join('\n').toLowerCase()
}
