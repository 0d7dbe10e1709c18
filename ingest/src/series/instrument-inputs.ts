import type { InstrumentKey, RecordKind, RecordOf } from '@hours/protocol'
import {
  createOrganisationTree,
  inputFromRecords,
  type InstrumentInput,
  type Interval,
  type OrganisationTree,
  setSessions,
  type StandingRecords,
} from '@hours/usage'
import type { InstrumentEntry, Registry } from '../ports.ts'
import { countedSessions } from '../registry/counted.ts'
import { setsOf } from '../registry/sets.ts'
import { partsOf } from './embedded-series.ts'

type Listed<K extends RecordKind> =
  ReturnType<Registry['records']> extends readonly unknown[]
    ? readonly { readonly record: RecordOf<K> }[]
    : never

/** The inputs of `dailyRows` for one instrument after the other, from the records as they stand. */
export interface InstrumentInputs {
  /** With the sessions of its parts (`setSessions`). Those that do not touch the period are left out: there may be years of them. */
  of(entry: InstrumentEntry, period: Interval, spans: InstrumentInput['spans']): InstrumentInput
}

interface Lists {
  organisations: Listed<'organisation'>
  enrolment: Listed<'enrolment'>
  session: Listed<'session'>
  maintenance: Listed<'maintenance'>
  schedule: Listed<'schedule'>
  booking: Listed<'booking'>
}

const perInstrument = ['enrolment', 'session', 'maintenance', 'schedule', 'booking'] as const

export function createInstrumentInputs(registry: Registry): InstrumentInputs {
  let grouped:
    | { from: readonly unknown[]; byKey: Map<string, StandingRecords>; tree: OrganisationTree }
    | undefined

  function standing() {
    const lists: Lists = {
      organisations: registry.records('organisation'),
      enrolment: registry.records('enrolment'),
      session: countedSessions(registry),
      maintenance: registry.records('maintenance'),
      schedule: registry.records('schedule'),
      booking: registry.records('booking'),
    }
    const from: unknown[] = Object.values<unknown>({ ...lists })
    if (grouped?.from.every((list, i) => list === from[i])) return grouped
    const organisations = lists.organisations.map(({ record }) => record)
    const groups = Object.fromEntries(
      perInstrument.map((kind) => [kind, groupByKey(lists[kind])]),
    ) as unknown as { [K in (typeof perInstrument)[number]]: Map<string, RecordOf<K>[]> }
    const keys = new Set(perInstrument.flatMap((kind) => [...groups[kind].keys()]))
    const byKey = new Map<string, StandingRecords>()
    for (const key of keys) {
      const [site] = partsOf(key as InstrumentKey)
      byKey.set(key, {
        organisations,
        enrolments: groups.enrolment.get(key) ?? [],
        sessions: groups.session.get(key) ?? [],
        maintenance: groups.maintenance.get(key) ?? [],
        bookings: groups.booking.get(key) ?? [],
        schedules: [...(groups.schedule.get(key) ?? []), ...(groups.schedule.get(`${site}/*`) ?? [])],
      })
    }
    grouped = { from, byKey, tree: createOrganisationTree(organisations) }
    return grouped
  }

  return {
    of({ key, zone }, period, spans) {
      const { byKey, tree } = standing()
      const [site, instrument] = partsOf(key)
      const all = byKey.get(key) ?? emptyRecords
      const near = ({ from, to }: Interval) => from < period.to && to > period.from
      const sessions = setSessions(key, setsOf(registry), (one) => byKey.get(one)?.sessions ?? [])
      const bookings = setSessions(key, setsOf(registry), (one) => byKey.get(one)?.bookings ?? [])
      const records = { ...all, sessions: sessions.filter(near), bookings: bookings.filter(near) }
      return inputFromRecords({ site, instrument, zone, period, spans, records, tree })
    },
  }
}

const emptyRecords: StandingRecords = {
  organisations: [],
  enrolments: [],
  sessions: [],
  maintenance: [],
  schedules: [],
}

function groupByKey<K extends (typeof perInstrument)[number]>(list: Listed<K>): Map<string, RecordOf<K>[]> {
  const groups = new Map<string, RecordOf<K>[]>()
  for (const { record } of list) {
    const key = `${record.stream}/${record.instrument}`
    const group = groups.get(key)
    if (group) group.push(record)
    else groups.set(key, [record])
  }
  return groups
}
