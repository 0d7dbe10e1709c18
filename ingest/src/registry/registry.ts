import {
  createEnrolments,
  createKeyRegistry,
  emptyStream,
  type Enrolments,
  extendStream,
  type KeyRegistry,
  type StreamState,
} from '@hours/ledger'
import {
  type Clock,
  type GatewayId,
  type InstrumentKey,
  instrumentKey,
  type RecordKind,
  type RecordOf,
  type SiteId,
} from '@hours/protocol'
import { withEnrolment } from '@hours/usage'
import type { InstrumentEntry, Registry } from '../ports.ts'
import { type BookRecord, createRecordBook } from './record-book.ts'
import { createZones } from './zones.ts'

/** The registry with what only the projection may do. */
export interface RegistryWriter extends Registry {
  /** Takes in a record of the log, in log order; signatures were checked before. */
  apply(entry: BookRecord): void
  readonly keys: KeyRegistry
  readonly isEnrolled: Enrolments['isEnrolled']
  readonly mayName: Enrolments['mayName']
  isOpen(gateway: string, epoch: number): boolean
  /** The end of a stream of operator and service records. */
  stream(name: string): StreamState
  /** The newest configuration of a gateway, and the hash of its bytes. */
  config(gateway: string): BookRecord<'config'> | undefined
  site(gateway: string): SiteId | undefined
  /** Records of a kind that were taken back, as they were logged; the same list until that changes. */
  voided<K extends RecordKind>(kind: K): readonly BookRecord<K>[]
  /** Changes with every record. */
  version(): number
}

/** What operator and service records say; a projection of the log, kept in memory, made again at every start. */
export function createRegistry(clock: Clock): RegistryWriter {
  const book = createRecordBook()
  const keys = createKeyRegistry()
  const streams = new Map<string, StreamState>()
  const epochs = new Map<string, Set<number>>()
  let derived: Derived | undefined

  function derive(): Derived {
    const enrolments = book.standing('enrolment')
    const configs = book.standing('config')
    if (derived?.from[0] === enrolments && derived.from[1] === configs) return derived
    derived = { from: [enrolments, configs], ...deriveInstruments(enrolments, configs) }
    return derived
  }

  const zones = createZones(
    (kind) => book.standing(kind),
    () => derive().instruments,
  )
  const siteOf = (gateway: string) => derive().sites.get(gateway)

  return {
    apply(entry) {
      const { kind, record, position } = entry
      if (kind === 'opening') keys.open(record as RecordOf<'opening'>, position)
      if (kind === 'key') keys.apply(record as RecordOf<'key'>, position)
      if (kind === 'epoch') {
        const { gateway, epoch } = record as RecordOf<'epoch'>
        epochs.set(gateway, (epochs.get(gateway) ?? new Set()).add(epoch))
      }
      if ('stream' in record) {
        const { stream, seq, prev } = record
        const next = extendStream(streams.get(stream) ?? emptyStream, { seq, prev, digest: entry.hash })
        if (next.ok) streams.set(stream, next.value)
      }
      book.add(entry)
    },
    keys,
    isEnrolled: (page, instrument) => derive().enrolments.isEnrolled(page, instrument),
    mayName: (page, instrument) => derive().enrolments.mayName(page, instrument),
    isOpen: (gateway, epoch) => epochs.get(gateway)?.has(epoch) ?? false,
    stream: (name) => streams.get(name) ?? emptyStream,
    config: (gateway) => derive().configs.get(gateway),
    site: siteOf,
    voided: (kind) => book.voided(kind),
    version: () => book.version(),
    instruments: () => [...derive().instruments.values()].map((one) => entryOf(one, derive(), zones.zone)),
    instrument(key) {
      const found = derive().instruments.get(key)
      return found && entryOf(found, derive(), zones.zone)
    },
    gateways: () =>
      [...derive().sites].map(([gateway, site]) => ({
        site,
        gateway: gateway as GatewayId,
        epoch: Math.max(-1, ...(epochs.get(gateway) ?? [])),
        configRevision: derive().configs.get(gateway)?.record.revision ?? 0,
      })),
    organisations: () => zones.organisations(clock.wall()),
    organisation: (id, at = clock.wall()) => zones.organisation(id, at),
    records: <K extends RecordKind>(kind: K, site?: SiteId) =>
      site === undefined
        ? book.standing(kind)
        : book.standing(kind).filter(({ record }) => 'stream' in record && record.stream === site),
    find: (hash) => book.find(hash),
    zone: zones.zone,
  }
}

interface Enrolled {
  readonly key: InstrumentKey
  readonly site: SiteId
  /** Oldest first, disjoint. */
  enrolments: RecordOf<'enrolment'>[]
}

interface Derived {
  /** The lists it was made from; others make it stale. */
  readonly from: readonly [readonly BookRecord<'enrolment'>[], readonly BookRecord<'config'>[]]
  readonly enrolments: Enrolments
  readonly instruments: Map<InstrumentKey, Enrolled>
  readonly configs: Map<string, BookRecord<'config'>>
  /** Gateway -> site, by its enrolments and configurations. */
  readonly sites: Map<string, SiteId>
}

function deriveInstruments(
  enrolled: Derived['from'][0],
  configured: Derived['from'][1],
): Omit<Derived, 'from'> {
  const enrolments = createEnrolments()
  const instruments = new Map<InstrumentKey, Enrolled>()
  const sites = new Map<string, SiteId>()
  for (const { record } of enrolled) {
    enrolments.add(record)
    const site = record.stream as SiteId
    const key = instrumentKey(site, record.instrument)
    const known = instruments.get(key) ?? { key, site, enrolments: [] }
    known.enrolments = withEnrolment(known.enrolments, record)
    instruments.set(key, known)
    sites.set(record.gateway, site)
  }
  const configs = new Map<string, BookRecord<'config'>>()
  for (const entry of configured) {
    configs.set(entry.record.gateway, entry)
    if (!sites.has(entry.record.gateway)) sites.set(entry.record.gateway, entry.record.stream as SiteId)
  }
  return { enrolments, instruments, configs, sites }
}

function entryOf(enrolled: Enrolled, derived: Derived, zone: (site: SiteId) => string): InstrumentEntry {
  const { key, site, enrolments } = enrolled
  const enrolment = enrolments.at(-1)
  if (!enrolment) throw new TypeError(`instrument ${key} without an enrolment`)
  const config = derived.configs.get(enrolment.gateway)
  const settings = config?.record.instruments.find(({ id }) => id === enrolment.instrument)
  return { key, site, enrolment, enrolments, settings, zone: zone(site) }
}
