import type { RunningIngest } from '@hours/ingest'
import { HOUR, type RecordOf } from '@hours/protocol'
import {
  createOrganisationTree,
  type FleetFigures,
  fleetFigures,
  inputFromRecords,
  instrumentFigures,
  type Interval,
  type OrganisationTree,
  reachMs,
} from '@hours/usage'
import type { SimInstrument } from '@hours/firmware-sim'

/** A line of the table: a channel's cohort over the period, out of log and records alone. */
export interface ChannelResult {
  readonly id: string
  readonly name: string
  readonly quoted: string
  readonly figures: FleetFigures
  readonly coreHours: number
  readonly samples: number
}

type Standing = ReturnType<typeof standingRecords>

/** The records that stand, grouped by instrument once for all channels. */
export function standingRecords(ingest: RunningIngest) {
  const list = <K extends 'organisation' | 'enrolment' | 'schedule' | 'session' | 'maintenance' | 'compute'>(
    kind: K,
  ) => ingest.registry.records(kind).map(({ record }) => record)
  const organisations = list('organisation')
  const byKey = <T extends { readonly stream: string; readonly instrument: string }>(records: readonly T[]) =>
    Map.groupBy(records, ({ stream, instrument }) => `${stream}/${instrument}`)
  return {
    organisations,
    tree: createOrganisationTree(organisations),
    enrolments: byKey(list('enrolment')),
    sessions: byKey(list('session')),
    schedules: list('schedule'),
    compute: byKey(list('compute')),
  }
}

/** Figures of the instruments named, each counted once however many channels list it. */
export function cohortFigures(
  ingest: RunningIngest,
  standing: Standing,
  instruments: readonly SimInstrument[],
  period: Interval,
): Pick<ChannelResult, 'figures' | 'coreHours' | 'samples'> {
  const results = instruments.map((one) => {
    const entry = ingest.registry.instrument(`${one.site}/${one.id}` as never)
    if (!entry) throw new Error(`${one.site}/${one.id} is not enrolled`)
    const spans = ingest.index.spans(entry.key, period.from - reachMs, period.to + reachMs)
    const input = inputFromRecords({
      site: one.site,
      instrument: one.id,
      zone: entry.zone,
      period,
      spans,
      tree: standing.tree satisfies OrganisationTree,
      records: {
        organisations: standing.organisations,
        enrolments: standing.enrolments.get(entry.key) ?? [],
        schedules: standing.schedules,
        sessions: standing.sessions.get(entry.key) ?? [],
        maintenance: [],
      },
    })
    return instrumentFigures(input, period)
  })
  const keys = [...new Set(instruments.map((one) => `${one.site}/${one.id}`))]
  const compute = keys.flatMap((key): readonly RecordOf<'compute'>[] => standing.compute.get(key) ?? [])
  const sessions = keys.flatMap((key) => standing.sessions.get(key) ?? [])
  return {
    figures: fleetFigures(results),
    coreHours: compute.reduce((sum, { coreMs }) => sum + coreMs, 0) / HOUR,
    samples: sessions.reduce((sum, { samples = 0 }) => sum + samples, 0),
  }
}
