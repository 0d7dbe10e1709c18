import { createHash } from 'node:crypto'
import { type ChannelId, checkSchema, recordSchemas, type SiteId } from '@hours/protocol'
import type { InstrumentEntry } from '../ports.ts'
import { type DraftBody, type Drafted, type DraftKind, draftTimes } from './drafted.ts'
import type { Lookup } from './lookup.ts'
import type { PeopleDraft } from './people.ts'
import { readFields } from './read-fields.ts'
import { fault, type RowFault, type RowWarning } from './row-fault.ts'
import { readTime } from './site-time.ts'

/** What a draft is made with; one for each batch. */
export interface DraftContext {
  readonly lookup: Lookup
  readonly people: PeopleDraft
  /** Who hands it in: the id of an account, never a name. */
  readonly actor: string
  /** Where an instrument without a site is looked for. */
  readonly site?: SiteId
  /** The instrument, where the input does not say. */
  readonly instrument?: string
  /** The channel of an `externalId` that comes without one. */
  readonly channel?: ChannelId
  /** Who benefits, where the input does not say. */
  readonly beneficiary?: string
  readonly purpose?: string
  /** Whether the caller may write for this instrument. */
  readonly mayWrite?: (entry: InstrumentEntry) => boolean
}

type Input = Readonly<Record<string, unknown>>
const filled = (value: unknown) => value !== undefined && value !== null && value !== ''
const text = (value: unknown) =>
  typeof value === 'string' || typeof value === 'number' ? String(value).trim() : ''

/**
 * Makes a record's body out of JSON or of a row of a file: names become ids and pseudonyms, local times become instants.
 * Tells every fault at once, each with field, value, reason and fix; never throws.
 */
export function draftRecord(kind: DraftKind, given: Input, context: DraftContext): Drafted {
  const input = filled(given['purpose']) ? given : { ...given, purpose: context.purpose }
  const faults: RowFault[] = []
  const entry = instrumentFor(input, context)
  if ('reason' in entry) return { ok: false, faults: [entry] }
  const dated = datesOf(kind, input, entry, faults)
  const start = dated.from ?? dated.at
  const fields = readFields(kind, input, faults)
  if (start === undefined) return { ok: false, faults }
  const warnings = enrolmentOf(kind, dated, entry, faults)
  const body = {
    ...fields,
    ...dated,
    ...organisationsOf(kind, { ...fields, ...input }, start, context, faults),
    ...personOf(kind, input, context, faults),
    ...approvalOf(input, entry.zone, context, faults),
    ...channelsOf(kind, input, context, faults),
    instrument: entry.enrolment.instrument,
    actor: context.actor,
  }
  const whole = { ...body, id: text(input['id']) || idOf(kind, entry.key, body) }
  if (faults.length > 0) return { ok: false, faults }
  const checked = checkSchema(recordSchemas[kind], { v: 1, stream: entry.site, seq: 0, prev: null, ...whole })
  if (!checked.ok) return { ok: false, faults: checked.error.message.split('; ').map(schemaFault) }
  const { v: _v, stream: _stream, seq: _seq, prev: _prev, ...clean } = checked.value
  return { ok: true, item: { kind, stream: entry.site, body: clean as unknown as DraftBody }, warnings }
}

function instrumentFor(input: Input, context: DraftContext): InstrumentEntry | RowFault {
  const wanted = text(input['instrument']) || (context.instrument ?? '')
  if (wanted === '')
    return fault(
      'instrument',
      '',
      'the instrument is not named',
      'write site/instrument, such as gz-gibh/sem-01',
    )
  const entry = context.lookup.instrument(wanted, context.site)
  if ('reason' in entry || (context.mayWrite?.(entry) ?? true)) return entry
  return fault('instrument', wanted, 'this instrument is not in your organisations', 'ask who manages it')
}

interface Dates {
  readonly from?: number
  readonly to?: number
  readonly at?: number
}

function datesOf(kind: DraftKind, input: Input, entry: InstrumentEntry, faults: RowFault[]): Dates {
  const fold = text(input['fold'])
  const read = (field: string): number | undefined => {
    const value = input[field]
    if (!filled(value)) {
      faults.push(
        fault(field, '', 'the time is missing', 'write 2026-03-01 08:00, or the time with its offset'),
      )
      return undefined
    }
    const time = readTime(value, entry.zone, fold === '0' ? 0 : fold === '1' ? 1 : undefined)
    if (time.ok) return time.value
    faults.push(fault(field, value, time.error.message, fixes[time.error.code]))
    return undefined
  }
  if (draftTimes[kind] === 'at') {
    const at = read('at')
    return at === undefined ? {} : { at }
  }
  const from = read('from')
  const to = read('to')
  if (from === undefined || to === undefined) return {}
  if (to < from)
    faults.push(
      fault('to', input['to'], 'the end is before the beginning', 'swap from and to, or correct one'),
    )
  if (to === from)
    faults.push(fault('to', input['to'], 'it has no length', 'write when it ended, or leave the row out'))
  return { from, to }
}

const fixes = {
  bad_time: 'write 2026-03-01T08:00+08:00, or 2026-03-01 08:00 in the time of the site',
  clock_gap: 'check the time, or give it with its offset',
  clock_overlap: 'give the time with its offset, or fold 0 (first) or 1 (second)',
} as const

/** Use is refused where the instrument was not enrolled; what is merely stated about such time is taken and marked. */
function enrolmentOf(
  kind: DraftKind,
  { from, to, at }: Dates,
  { key, enrolments }: InstrumentEntry,
  faults: RowFault[],
): RowWarning[] {
  const begin = from ?? at ?? 0
  const end = to ?? begin + 1
  let covered = begin
  for (const one of enrolments.toSorted((a, b) => a.from - b.from))
    if (one.from <= covered) covered = Math.max(covered, one.to ?? end)
  if (covered >= end) return []
  const known = enrolments.map((one) => `${iso(one.from)} to ${one.to === undefined ? 'now' : iso(one.to)}`)
  const reason = `${key} is enrolled ${known.join(', ')} only`
  if (kind !== 'session' && kind !== 'booking' && kind !== 'compute')
    return [{ code: 'outside_enrolment', reason, ids: [] }]
  const field = covered === begin ? 'from' : 'to'
  const value = iso(covered === begin ? begin : end)
  faults.push(fault(field, value, reason, 'correct the time or the instrument, or split the row'))
  return []
}

const iso = (ms: number) => new Date(ms).toISOString()

function organisationsOf(
  kind: DraftKind,
  input: Input,
  at: number,
  context: DraftContext,
  faults: RowFault[],
) {
  const field = kind === 'charge' || kind === 'voucher' || kind === 'subsidy' ? 'payer' : 'beneficiary'
  const needed = kind === 'session' || kind === 'compute'
  if (!needed && kind !== 'booking' && field !== 'payer') return {}
  const wanted = text(input[field]) || (context.beneficiary ?? '')
  if (wanted === '') {
    if (needed)
      faults.push(
        fault(field, '', 'nobody is named who benefits', 'write an id of GET /api/v1/organisations'),
      )
    return {}
  }
  const found = context.lookup.organisation(field, wanted, at)
  if (typeof found === 'string') return { [field]: found }
  faults.push(found)
  return {}
}

function personOf(kind: DraftKind, input: Input, { people }: DraftContext, faults: RowFault[]) {
  if (kind !== 'session' && kind !== 'booking' && kind !== 'compute') return {}
  const user = people.pseudonym(text(input['user']).slice(0, 200))
  if (user !== undefined) return { user }
  faults.push(fault('user', '', 'nobody is named who used it', 'write a name, a number or a pseudonym'))
  return {}
}

/** The stamp of a unit on a request (domain.md, section 3, row 15): who is a person, so a pseudonym too. */
function approvalOf(input: Input, zone: string, { people }: DraftContext, faults: RowFault[]) {
  const given = input['approval']
  if (typeof given !== 'object' || given === null) return {}
  const { by, at, sha256 } = given as Input
  const who = people.pseudonym(text(by))
  const when = readTime(at, zone)
  if (who === undefined || !when.ok) {
    faults.push(fault('approval', given, 'an approval has who and when', 'write {by, at, sha256}'))
    return {}
  }
  return { approval: { by: who, at: when.value, ...(filled(sha256) ? { sha256 } : {}) } }
}

function channelsOf(kind: DraftKind, input: Input, context: DraftContext, faults: RowFault[]) {
  if (kind !== 'session' && kind !== 'booking') return {}
  if (Array.isArray(input['externalIds'])) return { externalIds: input['externalIds'] as unknown[] }
  const id = text(input['externalId'])
  if (id === '') return {}
  const channel = text(input['channel']) || context.channel
  if (channel !== undefined && channel !== '') return { externalIds: [{ channel, id }] }
  faults.push(
    fault('channel', '', 'an external id without its channel', 'name the channel that the id is of'),
  )
  return {}
}

/** A row that names no id has the one of its content, so that the same row again is the same record. */
function idOf(kind: DraftKind, key: string, body: Input): string {
  const [external] = (body['externalIds'] ?? []) as { channel?: unknown; id?: unknown }[]
  const named = external ? `${text(external.channel)}:${text(external.id)}` : ''
  if (named.length > 1 && named.length <= 120) return named
  const same = named || JSON.stringify(identity.map((field) => body[field] ?? null))
  const hash = createHash('sha256').update(`${kind} ${key} ${same}`).digest('base64url')
  return `${kind}-${hash.slice(0, 22)}`
}
const identity = [
  'from',
  'to',
  'at',
  'user',
  'beneficiary',
  'payer',
  'session',
  'group',
  'level',
  'kind',
  'source',
  'fen',
]

function schemaFault(message: string): RowFault {
  const [field = '', value = '', ...rest] = message.split(': ')
  const reason = rest.join(': ') || value
  return fault(field, value === 'absent' ? '' : value, reason, 'see /docs for what the field may hold')
}
