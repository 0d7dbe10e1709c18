import { createHash } from 'node:crypto'
import { type ChannelId, checkSchema, nobody, recordSchemas, type SiteId } from '@hours/protocol'
import type { InstrumentEntry } from '../ports.ts'
import { datesOf, enrolmentOf, futureOf } from './draft-dates.ts'
import type { DraftBody, Drafted, DraftKind } from './drafted.ts'
import type { Lookup } from './lookup.ts'
import type { PeopleDraft } from './people.ts'
import { readFields } from './read-fields.ts'
import { fault, type RowFault } from './row-fault.ts'
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
  /** The present; what claims to have been later than that is marked. */
  readonly now: number
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
  const warnings = [...enrolmentOf(kind, dated, entry, faults), ...futureOf(kind, dated, context.now)]
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
  return context.lookup.instrument(wanted, context.site)
}

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
  faults.push(
    fault(
      'user',
      '',
      'nobody is named who used it',
      `write a name, a number or a pseudonym; ${nobody} when nobody knows`,
    ),
  )
  return {}
}

/** The stamp of a unit on a request (domain.md, section 3, row 15): who is a person, so a pseudonym too. */
function approvalOf(input: Input, zone: string, { people }: DraftContext, faults: RowFault[]) {
  const columns = { by: input['approvedBy'], at: input['approvedAt'], sha256: input['documentSha256'] }
  const given = input['approval'] ?? (Object.values(columns).some(filled) ? columns : undefined)
  if (given === undefined) return {}
  const { by, at, sha256 } = (typeof given === 'object' ? given : {}) as Input
  const who = people.pseudonym(text(by))
  const when = readTime(at, zone)
  const hash = text(sha256)
  if (who === undefined || !when.ok) {
    faults.push(fault('approval', given, 'an approval has who and when', 'write {by, at, sha256}'))
    return {}
  }
  if (hash !== '' && !/^[0-9a-f]{64}$|^[A-Za-z0-9_-]{43}$/.test(hash)) {
    const fix = 'write the SHA-256 of the document: 64 hex digits in lower case, or 43 of base64url'
    faults.push(fault('documentSha256', hash, 'not a SHA-256', fix))
  }
  return { approval: { by: who, at: when.value, ...(hash === '' ? {} : { sha256: hash }) } }
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
