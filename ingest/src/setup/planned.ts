import { type InstrumentKey, instrumentKey, type RecordOf, recordSchemas } from '@hours/protocol'
import type { Reach } from '../access/reach.ts'
import type { InstrumentEntry, Registry } from '../ports.ts'
import type { RecordItem } from '../write-records.ts'

/** What a caller may set up, with what the rows before have said though nothing of it is written yet. */
export interface PlannedReach extends Reach {
  /** Takes in a record that is to be. */
  plan(item: RecordItem): void
}

export function planned(reach: Reach): PlannedReach {
  const organisations = new Map<string, RecordOf<'organisation'>>()
  const instruments = new Map<InstrumentKey, InstrumentEntry>()
  const gateways = new Map<string, string>()

  const over = (base: Registry): Registry => ({
    ...base,
    organisations: () => [
      ...base.organisations().filter(({ id }) => !organisations.has(id)),
      ...organisations.values(),
    ],
    organisation(id, at = Number.MAX_SAFE_INTEGER) {
      const one = organisations.get(id)
      return one && one.from <= at ? one : base.organisation(id, at)
    },
    instruments: () => [
      ...base.instruments().filter(({ key }) => !instruments.has(key)),
      ...instruments.values(),
    ],
    instrument: (key) => instruments.get(key) ?? base.instrument(key),
  })

  return {
    ...reach,
    seen: over(reach.seen),
    all: over(reach.all),
    siteOf: (gateway) => gateways.get(gateway) ?? reach.siteOf(gateway),
    plan({ kind, stream, body }) {
      if (kind !== 'organisation' && kind !== 'enrolment') return
      const record: unknown = recordSchemas[kind].parse({ v: 1, stream, seq: 0, prev: null, ...body })
      if (kind === 'organisation') {
        const one = record as RecordOf<'organisation'>
        organisations.set(one.id, one)
        return
      }
      const enrolment = record as RecordOf<'enrolment'>
      const site = stream as InstrumentEntry['site']
      const key = instrumentKey(site, enrolment.instrument)
      gateways.set(enrolment.gateway, site)
      const enrolments = [...(reach.all.instrument(key)?.enrolments ?? []), enrolment]
      instruments.set(key, {
        key,
        site,
        enrolment,
        enrolments,
        settings: undefined,
        zone: reach.all.zone(site),
      })
    },
  }
}
