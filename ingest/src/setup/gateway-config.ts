import type { GatewayId, InstrumentSettings, Millis, RecordOf, SiteId } from '@hours/protocol'
import type { Reach } from '../access/reach.ts'
import type { InstrumentEntry, Registry } from '../ports.ts'
import { nearIds, suggestion } from '../sessions/near-ids.ts'
import { fault, type RowFault } from '../sessions/row-fault.ts'
import { conflicting, isSame, item, type Judged, refusedFor, unless } from './judged.ts'

type Config = RecordOf<'config'>

/** Of settings in one record, so that it stays within `maxRecordBytes` with what stands around them. */
const maxBytes = 44 * 1024

/** The configuration of a gateway that is in force: the highest revision; undefined while only its own file says. */
export function configOf(registry: Registry, site: SiteId, gateway: string): Config | undefined {
  return registry
    .records('config', site)
    .map(({ record }) => record)
    .filter((one) => one.gateway === gateway)
    .toSorted((a, b) => a.revision - b.revision)
    .at(-1)
}

/** Instruments whose newest enrolment, still in force at `now`, is at this gateway. */
export const enrolledAt = (registry: Registry, gateway: string, now: Millis): InstrumentEntry[] =>
  registry
    .instruments()
    .filter(({ enrolment }) => enrolment.gateway === gateway && (enrolment.to ?? Infinity) > now)

/** Judges what a gateway is to measure and how: all of it, under the next revision. */
export function judgeConfig(
  { site, gateway }: { readonly site: SiteId; readonly gateway: GatewayId },
  {
    revision,
    instruments,
  }: { readonly revision: number; readonly instruments: readonly InstrumentSettings[] },
  reach: Reach,
  now: Millis,
): Judged {
  if (!reach.ownsGateway(gateway))
    return refusedFor(
      fault(
        'gateway',
        gateway,
        'others have instruments at this gateway',
        'ask the operator of the installation',
      ),
    )
  const standing = configOf(reach.seen, site, gateway)
  if (revision !== (standing?.revision ?? 0))
    return conflicting(
      fault(
        'revision',
        revision,
        'the configuration has changed meanwhile',
        `look at revision ${standing?.revision ?? 0} and send the change again`,
      ),
    )
  if (standing && isSame(standing.instruments, instruments)) return { ok: true, fate: 'same', items: [] }
  const before = standing?.instruments ?? []
  // What stood before may stay: it counts for nothing, and no page is refused for it.
  const faults = instrumentFaults(instruments, enrolledAt(reach.seen, gateway, now)).filter(
    ({ field, value }) => !field.endsWith('.id') || before.every(({ id }) => id !== value),
  )
  return unless(faults, () => ({
    ok: true,
    fate: standing ? 'changed' : 'new',
    items: [configItem({ site, gateway, revision: revision + 1, instruments }, reach, now)],
  }))
}

function instrumentFaults(
  instruments: readonly InstrumentSettings[],
  enrolled: readonly InstrumentEntry[],
): RowFault[] {
  const ids = enrolled.map(({ enrolment }): string => enrolment.instrument)
  const faults: RowFault[] = []
  const bytes = Buffer.byteLength(JSON.stringify(instruments))
  if (bytes > maxBytes)
    faults.push(
      fault('instruments', `${bytes} bytes`, `a record holds ${maxBytes} bytes`, 'take a second gateway'),
    )
  if (instruments.length === 0)
    faults.push(fault('instruments', '', 'a gateway measures something', 'name at least one instrument'))
  for (const [i, { id }] of instruments.entries()) {
    if (instruments.findIndex((one) => one.id === id) !== i)
      faults.push(fault(`instruments.${i}.id`, id, 'it stands twice', 'one entry an instrument'))
    if (!ids.includes(id))
      faults.push(
        fault(
          `instruments.${i}.id`,
          id,
          'it is not enrolled at this gateway; its pages would be refused',
          suggestion(nearIds(id, ids)) || 'enrol it first: POST /api/v1/instruments',
        ),
      )
  }
  return faults
}

/** The next configuration without an instrument that has gone from the gateway; nothing where it was not in it. */
export function withoutInstrument(
  registry: Registry,
  { site, gateway, instrument }: { site: SiteId; gateway: GatewayId; instrument: string },
  reach: Reach,
  now: Millis,
) {
  const config = configOf(registry, site, gateway)
  const instruments = config?.instruments.filter(({ id }) => id !== instrument) ?? []
  // A gateway takes no empty configuration; what it goes on measuring counts for nothing.
  if (!config || instruments.length === config.instruments.length || instruments.length === 0) return []
  return [configItem({ site, gateway, revision: config.revision + 1, instruments }, reach, now)]
}

/** The next configuration with an instrument in it, new or with other settings. */
export function withInstrument(
  registry: Registry,
  { site, gateway, settings }: { site: SiteId; gateway: GatewayId; settings: readonly InstrumentSettings[] },
  reach: Reach,
  now: Millis,
) {
  const config = configOf(registry, site, gateway)
  return configItem(
    {
      ...{ site, gateway, revision: (config?.revision ?? 0) + 1 },
      instruments: mergedSettings(config?.instruments ?? [], settings),
    },
    reach,
    now,
  )
}

/** Settings with others in their place, and new ones at the end. */
export const mergedSettings = (
  stands: readonly InstrumentSettings[],
  settings: readonly InstrumentSettings[],
): InstrumentSettings[] => [
  ...stands.map((one) => settings.find(({ id }) => id === one.id) ?? one),
  ...settings.filter(({ id }) => stands.every((one) => one.id !== id)),
]

const configItem = (
  {
    site,
    ...body
  }: { site: SiteId; gateway: GatewayId; revision: number; instruments: readonly InstrumentSettings[] },
  { actor }: Reach,
  from: Millis,
) => item('config', site, { ...body, from, actor })
