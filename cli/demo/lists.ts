import type { Fleet } from '@hours/firmware-sim'
import { type RecordItem, recordItem, type RunningIngest } from '@hours/ingest'
import { hourlyYuan, outsideFactor } from './use-plan.ts'

/** The booking platform that the demo's reservations and sessions come from; it lists most of the fleet. */
export const channel = 'gz-net'
/** The province's network, which lists everything and tells of some sessions too. */
export const provincialChannel = 'gd-net'
/** The network whose page is dead, as the survey found one: "the current page is invalid". */
export const deadChannel = 'gz-old'

interface Lists {
  readonly fleet: Fleet
  readonly from: number
}

/** Tariffs, and what the networks list; at a first start only. */
export async function writeLists({ ingest, ...lists }: Lists & { ingest: RunningIngest }): Promise<void> {
  const { registry } = ingest
  const listed = registry.records('membership').some(({ record }) => record.channel === channel)
  const items = [
    ...(registry.records('tariff').length === 0 ? tariffs(lists) : []),
    ...(listed ? [] : memberships(lists)),
  ]
  if (items.length > 0) await ingest.recordAll(items)
}

/** Three networks list the fleet, one of them all of it: in totals each instrument counts once. */
const memberships = ({ fleet, from }: Lists): RecordItem[] => [
  ...['gibh', 'sysu'].map((organisation) =>
    recordItem('membership', 'installation', { channel: provincialChannel, organisation, from }),
  ),
  recordItem('membership', 'installation', { channel: deadChannel, organisation: 'sysu', from }),
  ...fleet.instruments
    .filter(({ unit }) => unit !== 'sysu-chem')
    .map((instrument) =>
      recordItem('membership', 'installation', {
        channel,
        instrument: `${instrument.site}/${instrument.id}`,
        from,
      }),
    ),
]

/** What an hour costs whom; of computing, a core-hour. */
const tariffs = ({ fleet, from }: Lists): RecordItem[] =>
  fleet.instruments.flatMap((instrument) =>
    relations.map(([relation, factor]) =>
      recordItem('tariff', instrument.site, {
        id: `${instrument.id}-${relation}`,
        instrument: instrument.id,
        relation,
        unit: instrument.kind.id === 'compute' ? 'core_hour' : 'hour',
        fen: Math.round(100 * hourlyYuan(instrument) * factor),
        from,
      }),
    ),
  )

const relations = [
  ['own_unit', 0.5],
  ['same_entity', 1],
  ['external', outsideFactor],
] as const
