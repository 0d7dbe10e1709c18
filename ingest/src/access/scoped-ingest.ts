import type { InstrumentKey, RecordKind } from '@hours/protocol'
import type { RunningIngest } from '../running-ingest.ts'
import type { Index, Ingest, InstrumentEntry, Live, Quarantine, Registry } from '../ports.ts'
import { notFound } from '../api/problem.ts'
import { type Find, seesRecord, shownOrganisation } from './seen-record.ts'
import type { View } from './view.ts'

/** The view of who asks just now; undefined = all of it (operators, and the service itself outside of requests). */
export type CurrentView = () => View | undefined

/**
 * Ingest as somebody bound to organisations may know it. Routes read and write through this and need no checks of
 * their own: what is foreign is not there, in lists, figures and errors alike (issue "Doors").
 */
export function scopeIngest(ingest: RunningIngest, current: CurrentView): RunningIngest {
  const registry = scopeRegistry(ingest.registry, current)
  const find: Find = (hash) => ingest.registry.find(hash)
  const mayWrite = (item: { kind: RecordKind; stream: string; body: object }) => {
    const view = current()
    if (view && !mayWriteTo(view, ingest.registry, item, find))
      throw notFound(item.kind, aboutOf(item.body, item.stream))
  }
  const record: Ingest['record'] = (kind, stream, body) => {
    mayWrite({ kind, stream, body })
    return ingest.record(kind, stream, body)
  }
  const recordAll: Ingest['recordAll'] = (items) => {
    for (const item of items) mayWrite(item)
    return ingest.recordAll(items)
  }
  return {
    ...ingest,
    registry,
    live: scopeLive(ingest.live, current),
    quarantine: scopeQuarantine(ingest.quarantine, current),
    index: scopeIndex(ingest.index, current),
    power: {
      put: (...given) => ingest.power.put(...given),
      read: (key, ...rest) => (hides(current(), key) ? [] : ingest.power.read(key, ...rest)),
    },
    counters: {
      sum: (key, from, to) => ingest.counters.sum(key, from, hides(current(), key) ? from : to),
    },
    record,
    recordAll,
    // Reasons name gateways: who is bound to organisations learns only that something is the matter.
    health() {
      const { ok, reasons } = ingest.health()
      return { ok, reasons: current() && reasons.length > 0 ? ['ask the operator'] : reasons }
    },
  }
}

/** What may be seen may be written, but what is of a whole site, and organisations that are new or move. */
function mayWriteTo(
  view: View,
  all: Registry,
  { kind, stream, body }: { kind: RecordKind; stream: string; body: object },
  find: Find,
): boolean {
  const { id, parent, instrument } = body as Partial<Record<string, string>>
  if (kind === 'schedule' && instrument === '*') return view.ownSites.has(stream)
  if (kind === 'organisation') {
    const known = all.organisation(id ?? '', Number.MAX_SAFE_INTEGER)
    return (!known || view.organisations.has(known.id)) && view.organisations.has(parent ?? '')
  }
  return seesRecord(view, kind, { ...body, stream }, find)
}

const aboutOf = (body: object, stream: string) =>
  'instrument' in body ? `${stream}/${String(body.instrument)}` : stream

function scopeRegistry(base: Registry, current: CurrentView): Registry {
  const find: Find = (hash) => base.find(hash)
  // The same list for the same view, as routes keep what they made from one by its identity.
  const kept = new WeakMap<object, WeakMap<View, readonly unknown[]>>()
  function filtered<T>(list: readonly T[], view: View, make: () => readonly T[]): readonly T[] {
    const of = kept.get(list) ?? new WeakMap<View, readonly unknown[]>()
    kept.set(list, of)
    const known = of.get(view) as readonly T[] | undefined
    if (known) return known
    const made = make()
    of.set(view, made)
    return made
  }
  const seen = (view: View, { key }: InstrumentEntry) => view.keys.has(key)

  return {
    instruments() {
      const view = current()
      return view ? base.instruments().filter((entry) => seen(view, entry)) : base.instruments()
    },
    instrument(key) {
      const view = current()
      return view && !view.keys.has(key) ? undefined : base.instrument(key)
    },
    gateways() {
      const view = current()
      return view ? base.gateways().filter(({ gateway }) => view.gateways.has(gateway)) : base.gateways()
    },
    organisations() {
      const view = current()
      if (!view) return base.organisations()
      return base
        .organisations()
        .filter(({ id }) => view.organisations.has(id))
        .map((one) => shownOrganisation(view, one))
    },
    organisation(id, at) {
      const view = current()
      if (!view) return base.organisation(id, at)
      const found = view.organisations.has(id) ? base.organisation(id, at) : undefined
      return found && shownOrganisation(view, found)
    },
    records(kind, site) {
      const view = current()
      if (!view) return base.records(kind, site)
      const all = base.records(kind)
      const mine = filtered(all, view, () => all.filter(({ record }) => seesRecord(view, kind, record, find)))
      if (site === undefined) return mine
      return mine.filter(({ record }) => 'stream' in record && record.stream === site)
    },
    find(hash) {
      const view = current()
      const found = base.find(hash)
      return found && view && !seesRecord(view, found.kind, found.record, find) ? undefined : found
    },
    zone: (site) => base.zone(site),
  }
}

const hides = (view: View | undefined, key: string) => view !== undefined && !view.keys.has(key)

/** A second line: routes ask the registry first, and what they forgot to ask about has no hours here. */
function scopeIndex(base: Index, current: CurrentView): Index {
  const known = (key: InstrumentKey) => {
    if (hides(current(), key)) throw notFound('instrument', key)
    return key
  }
  return {
    spans: (key, from, to) => base.spans(known(key), from, to),
    days: (keys, from, to) => base.days(keys.map(known), from, to),
    pages: (key, from, to) => base.pages(known(key), from, to),
    recoveries: (key, from, to) => base.recoveries(known(key), from, to),
    accounted: (key, from, to) => base.accounted(known(key), from, to),
    reported: (key, from, to) => base.reported(known(key), from, to),
    isReported: (key) => base.isReported(known(key)),
    gatewayCounts: (gateway) => base.gatewayCounts(gateway),
    position: () => base.position(),
  }
}

function scopeLive(base: Live, current: CurrentView): Live {
  return {
    onChange: (listener) => base.onChange(listener),
    instrument(key: InstrumentKey) {
      const view = current()
      const state = base.instrument(key)
      return view && !view.keys.has(key) ? { state: 'unknown', since: null, at: state.at, mw: null } : state
    },
    stateOf: (key) => (hides(current(), key) ? 'unknown' : base.stateOf(key)),
    gateway(site, gateway) {
      const view = current()
      const found = base.gateway(site, gateway)
      if (!view || view.ownGateways.has(gateway)) return found
      if (!view.gateways.has(gateway)) return { online: false, lastHeard: null, status: undefined }
      // Alarms and settings of a gateway that others share name their instruments.
      const { settings: _settings, ...status } = found.status ?? {}
      return { ...found, status: found.status && { ...(status as typeof found.status), alarms: [] } }
    },
  }
}

/** Refused bytes are of whole gateways: only who sees all of a gateway sees what was refused of it. */
function scopeQuarantine(base: Quarantine, current: CurrentView): Quarantine {
  const chunk = 500
  function list(view: View, limit: number, before?: number): ReturnType<Quarantine['list']> {
    const mine: ReturnType<Quarantine['list']>[number][] = []
    for (let at = before; mine.length < limit; ) {
      const part = base.list(chunk, at)
      mine.push(...part.filter(({ gateway }) => gateway !== null && view.ownGateways.has(gateway)))
      if (part.length < chunk) break
      at = part.at(-1)?.id
    }
    return mine.slice(0, limit)
  }
  return {
    put: (item) => base.put(item),
    list(limit, before) {
      const view = current()
      return view ? list(view, limit, before) : base.list(limit, before)
    },
    bytes(id) {
      const view = current()
      if (!view) return base.bytes(id)
      return list(view, 1, id + 1)[0]?.id === id ? base.bytes(id) : undefined
    },
    count() {
      const view = current()
      return view ? list(view, Number.POSITIVE_INFINITY).length : base.count()
    },
  }
}
