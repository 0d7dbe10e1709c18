import { type InstrumentKey, InstrumentSettings, type Millis, type SiteId } from '@hours/protocol'
import { siteZone } from '@hours/usage'
import type { z } from 'zod'
import type { Reach } from '../access/reach.ts'
import type { InstrumentEntry } from '../ports.ts'
import { fault, type RowFault } from '../sessions/row-fault.ts'
import { EnrolmentChange, EnrolmentGiven } from './enrolment-input.ts'
import { judgeChange, judgeEnrolment, judgeRetirement } from './judge-enrolment.ts'
import { judgeMembership, MembershipGiven } from './judge-membership.ts'
import { judgeOrganisation, OrganisationGiven } from './judge-organisation.ts'
import { judgeSchedule, ScheduleGiven } from './judge-schedule.ts'
import { type Judged, refusedFor } from './judged.ts'
import type { RegistryKind } from './registry-columns.ts'
import { type RegistryRow, toldBy } from './read-registry.ts'

/** What a row says, judged; an instrument's with how it is sensed, where the row says so. */
export interface JudgedRow {
  readonly judged: Judged
  /** What the row is about: an id, `site/instrument`, a channel with what it lists. */
  readonly about: string
  readonly settings?: {
    readonly site: SiteId
    readonly gateway: string
    readonly settings: InstrumentSettings
  }
}

/** Judges one row of a register against what stands and what the rows before have said. */
export function judgeRow(kind: RegistryKind, row: RegistryRow, reach: Reach, now: Millis): JudgedRow {
  if (row.fault) return { about: '', judged: refusedFor(row.fault) }
  const faults: RowFault[] = []
  const told = toldBy(row, zoneOf(row, reach), faults)
  if (kind === 'instrument') return judgeInstrument(told, faults, reach, now)
  const about = [told['id'], told['channel'], told['instrument'], told['organisation']]
    .filter((one) => typeof one === 'string')
    .join(' ')
  const judged =
    kind === 'organisation'
      ? read(OrganisationGiven, { parent: null, ...told }, faults, (given) =>
          judgeOrganisation(given, reach, now),
        )
      : kind === 'schedule'
        ? read(ScheduleGiven, { weekly: {}, ...told }, faults, (given) => judgeSchedule(given, reach, now))
        : read(MembershipGiven, told, faults, (given) => judgeMembership(given, reach, now))
  return { about, judged }
}

function judgeInstrument(
  { settings: sensed, ...said }: ReturnType<typeof toldBy>,
  faults: RowFault[],
  reach: Reach,
  now: Millis,
): JudgedRow {
  const told = withSite(said)
  const { site, instrument, gateway } = told as Record<string, string>
  const about = `${site ?? ''}/${instrument ?? ''}`
  const settings = sensed && settingsOf(instrument ?? '', sensed, faults)
  const known = reach.seen.instrument(about as InstrumentKey)
  const stands = known && (known.enrolment.to ?? Infinity) > now
  const judged = stands
    ? changeOf(told, faults, (change, to) => changedOrEnded(known, change, to, reach, now))
    : read(EnrolmentGiven, told, faults, (given) => judgeEnrolment(given, reach, now))
  if (!settings || !judged.ok) return { about, judged }
  return { about, judged, settings: { site: site as SiteId, gateway: gateway ?? '', settings } }
}

/** A file is what a house knows today: what began when it was enrolled is no reason to write that anew. */
function changedOrEnded(
  known: InstrumentEntry,
  { from, names, ...change }: EnrolmentChange,
  to: Millis | undefined,
  reach: Reach,
  now: Millis,
): Judged {
  const { enrolment } = known
  const changed = judgeChange(
    known,
    {
      ...change,
      // A name in one language takes nothing from the other.
      ...(names ? { names: { ...enrolment.names, ...names } } : {}),
      ...(from !== undefined && from > enrolment.from ? { from } : {}),
    },
    reach,
    now,
  )
  if (to === undefined || to === enrolment.to || !changed.ok) return changed
  if (changed.fate === 'same') return judgeRetirement(known, to, reach, now)
  return refusedFor(
    fault(
      'to',
      new Date(to).toISOString(),
      'it changes and ends in one row',
      'send the change first, then the end',
    ),
  )
}

function changeOf(
  told: Record<string, unknown>,
  faults: RowFault[],
  judge: (change: EnrolmentChange, to: Millis | undefined) => Judged,
): Judged {
  const { site: _site, instrument: _instrument, to, ...change } = told
  return read(EnrolmentChange, change, faults, (given) => judge(given, to as Millis | undefined))
}

/** `site/instrument` in one cell is the same as in two. */
function withSite(told: Record<string, unknown>): Record<string, unknown> {
  const named = told['instrument']
  const [site, instrument, ...rest] = typeof named === 'string' ? named.split('/') : []
  if (instrument === undefined || rest.length > 0) return told
  return { ...told, site: told['site'] ?? site, instrument }
}

function settingsOf(
  id: string,
  sensed: Record<string, unknown>,
  faults: RowFault[],
): InstrumentSettings | undefined {
  const parsed = InstrumentSettings.safeParse({ id, ...sensed })
  if (parsed.success) return parsed.data
  // The id is the row's own, and is told there.
  for (const one of issuesOf(parsed.error, sensed))
    if (one.field !== 'id') faults.push({ ...one, field: `settings.${one.field}` })
  return undefined
}

/** By the schema of the API, then by what stands; all faults together. */
function read<T>(
  schema: z.ZodType<T>,
  told: Record<string, unknown>,
  faults: readonly RowFault[],
  judge: (given: T) => Judged,
): Judged {
  const parsed = schema.safeParse(told)
  const wrong = parsed.success ? [] : issuesOf(parsed.error, told)
  // What could not be read is missing too: it is told once.
  const fresh = wrong.filter(({ field }) =>
    faults.every((one) => one.field !== field && !one.field.startsWith(`${field}.`)),
  )
  if (!parsed.success || faults.length > 0) return { ok: false, faults: [...faults, ...fresh] }
  return judge(parsed.data)
}

const issuesOf = (error: z.ZodError, told: Record<string, unknown>): RowFault[] =>
  error.issues.map(({ path, message }) => {
    const value = path.reduce<unknown>(
      (at, name) =>
        typeof at === 'object' && at !== null ? (at as Record<PropertyKey, unknown>)[name] : undefined,
      told,
    )
    return value === undefined
      ? fault(path.join('.'), '', 'it is missing', 'fill it in')
      : fault(path.join('.'), value, 'not valid', message)
  })

/** Whose local times a row has: its site's, or of a new one that of the unit that manages it. */
function zoneOf({ cells }: RegistryRow, { all, knowsSite }: Reach): string {
  const cell = (path: string) => [...cells].find(([column]) => column.path === path)?.[1]
  const [inKey] = (cell('instrument') ?? '').split('/')
  const site = cell('site') ?? inKey ?? ''
  const unit = cell('unit') ?? cell('parent') ?? cell('id')
  if (knowsSite(site)) return all.zone(site as SiteId)
  return siteZone(site, unit, (id) => all.organisation(id, Number.MAX_SAFE_INTEGER))
}
