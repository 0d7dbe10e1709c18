import {
  type GatewayId,
  type InstrumentSettings,
  type Millis,
  MINUTE,
  type RecordOf,
  type SiteId,
} from '@hours/protocol'
import type { Reach } from '../access/reach.ts'
import type { InstrumentEntry, Registry } from '../ports.ts'
import { fault, type RowFault } from '../sessions/row-fault.ts'
import { conflicting, isSame, type Judged, refusedFor, unless } from './judged.ts'
import { recordItem } from '../write-records.ts'

type Config = RecordOf<'config'>

/** Of settings in one record, so that it stays within `maxRecordBytes` with what stands around them. */
const maxBytes = 44 * 1024
/** How far before now a date may lie: a form that was filled in a while ago, or clocks that differ. */
const slackMs = 10 * MINUTE

function configsOf(registry: Registry, site: SiteId, gateway: string): Config[] {
  return registry
    .records('config', site)
    .map(({ record }) => record)
    .filter((one) => one.gateway === gateway)
    .toSorted((a, b) => a.revision - b.revision)
}

/** The newest configuration of a gateway: in force, or waiting for its date; undefined while only its own file says. */
export const configOf = (registry: Registry, site: SiteId, gateway: string): Config | undefined =>
  configsOf(registry, site, gateway).at(-1)

/** The newest configuration whose date has come. */
export const configInForce = (
  registry: Registry,
  site: SiteId,
  gateway: string,
  now: Millis,
): Config | undefined => configsOf(registry, site, gateway).findLast(({ from = 0 }) => from <= now)

/** Instruments whose newest enrolment, still in force at `now`, is at this gateway. */
export const enrolledAt = (registry: Registry, gateway: string, now: Millis): InstrumentEntry[] =>
  registry
    .instruments()
    .filter(({ enrolment }) => enrolment.gateway === gateway && (enrolment.to ?? Infinity) > now)

/** What a gateway is to measure, from `from` on (Unix ms, now or later; default now). */
interface Wish {
  readonly revision: number
  readonly instruments: readonly InstrumentSettings[]
  readonly from?: Millis | undefined
  /** The one instrument it is about; absent where the whole gateway is meant. */
  readonly about?: string | undefined
}

/** Judges what a gateway is to measure and how: all of it, under the next revision. */
export function judgeConfig(
  { site, gateway }: { readonly site: SiteId; readonly gateway: GatewayId },
  wish: Wish,
  reach: Reach,
  now: Millis,
): Judged {
  const { revision, instruments, from = now, about } = wish
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
  if (from < now - slackMs)
    return refusedFor(
      fault(
        'from',
        from,
        'what was measured stays as it was measured',
        'a date from now on; hours replay shows what other levels would have made of the past',
      ),
    )
  const inForce = configInForce(reach.seen, site, gateway, now)
  const waits = standing !== undefined && standing !== inForce
  const isDated = !waits || standing.from === from
  if (standing && isDated && isSame(standing.instruments, instruments))
    return { ok: true, fate: 'same', items: [] }
  if (!isDated && carriesOthers(standing, inForce, about))
    return conflicting(
      fault(
        'from',
        from,
        'a change of another instrument of this gateway waits for its date',
        `from ${standing.from ?? now}, the date of revision ${standing.revision}; or wait for it`,
      ),
    )
  const before = standing?.instruments ?? []
  // What stood before may stay: it counts for nothing, and no page is refused for it.
  const faults = instrumentFaults(instruments, enrolledAt(reach.seen, gateway, now), reach.advise).filter(
    ({ field, value }) => !field.endsWith('.id') || before.every(({ id }) => id !== value),
  )
  return unless(faults, () => ({
    ok: true,
    fate: standing ? 'changed' : 'new',
    items: [configItem({ site, gateway, revision: revision + 1, instruments }, reach, Math.max(from, now))],
  }))
}

/**
 * Whether a change that waits, of an instrument other than the one this is about, would come into force at another date:
 * a revision is the whole gateway's, and only the newest one waits.
 */
const carriesOthers = (waiting: Config, inForce: Config | undefined, about: string | undefined): boolean => {
  const others = (config: Config | undefined) => config?.instruments.filter(({ id }) => id !== about)
  return about !== undefined && !isSame(others(waiting), others(inForce))
}

function instrumentFaults(
  instruments: readonly InstrumentSettings[],
  enrolled: readonly InstrumentEntry[],
  advise: Reach['advise'],
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
          advise(id, () => ids) || 'enrol it first: POST /api/v1/instruments',
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
  return [
    configItem({ site, gateway, revision: config.revision + 1, instruments }, reach, dateBehind(config, now)),
  ]
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
    dateBehind(config, now),
  )
}

/** What follows from an enrolment comes with a change that waits, so that it brings none into force early. */
const dateBehind = (config: Config | undefined, now: Millis): Millis => Math.max(now, config?.from ?? 0)

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
) => recordItem('config', site, { ...body, from, actor })
