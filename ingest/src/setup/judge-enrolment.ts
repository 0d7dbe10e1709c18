import {
  type Enrolment,
  type InstrumentKey,
  instrumentKey,
  type Millis,
  type RecordBody,
  type SiteId,
} from '@hours/protocol'
import type { z } from 'zod'
import type { Reach } from '../access/reach.ts'
import type { InstrumentEntry, Registry } from '../ports.ts'
import { fault, type RowFault } from '../sessions/row-fault.ts'
import { futureFaults, iso, pastFaults } from './dates.ts'
import type { EnrolmentChange, EnrolmentGiven } from './enrolment-input.ts'
import { conflicting, isSame, type Judged, refusedFor, unless } from './judged.ts'
import { recordItem } from '../write-records.ts'

/** A record's body before defaults are filled in. */
type Body = Omit<z.input<typeof Enrolment>, 'v' | 'stream' | 'seq' | 'prev'>

/** Judges an instrument that is told for the first time, or once more after it was retired. */
export function judgeEnrolment(given: EnrolmentGiven, reach: Reach, now: Millis): Judged {
  const { site, from = now, ...said } = given
  const key = instrumentKey(site, given.instrument)
  const known = reach.all.instrument(key)
  if (known && !reach.seen.instrument(key))
    return refusedFor(
      fault('instrument', given.instrument, 'this id is taken at this site', 'choose another id'),
    )
  if (known && (known.enrolment.to ?? Infinity) > from)
    return isSaid(said, known)
      ? { ok: true, fate: 'same', items: [] }
      : conflicting(
          fault(
            'instrument',
            key,
            `it is enrolled since ${iso(known.enrolment.from)}, with other values`,
            `PATCH /api/v1/instruments/${key} changes it from an instant on`,
          ),
        )
  const body = { ...said, from, actor: reach.actor }
  const faults = [
    ...futureFaults('from', from, now),
    ...placeFaults(site, body, reach),
    ...assetFaults(body, now),
  ]
  return unless(faults, () => ({ ok: true, fate: 'new', items: [recordItem('enrolment', site, body)] }))
}

const isSaid = (said: object, { enrolment }: InstrumentEntry): boolean =>
  Object.entries(said).every(
    ([field, value]) => value === undefined || isSame(value, enrolment[field as keyof typeof enrolment]),
  )

/** Judges what changes of an instrument from an instant on; the records before it stand. */
export function judgeChange(
  entry: InstrumentEntry,
  given: EnrolmentChange,
  reach: Reach,
  now: Millis,
): Judged {
  const { from = now, ...change } = given
  const { site, enrolment } = entry
  const changes = changedFields(entry, change)
  if (changes.length === 0) return { ok: true, fate: 'same', items: [] }
  const body = changedBody(entry, change, { from, actor: reach.actor })
  const faults = [
    ...futureFaults('from', from, now),
    ...pastFaults('from', from, reach, now),
    ...sinceFaults(enrolment, from),
    ...placeFaults(site, body, reach),
    ...assetFaults(body, now),
  ]
  return unless(faults, () => ({
    ok: true,
    fate: 'changed',
    items: [recordItem('enrolment', site, body)],
    changes,
  }))
}

/** Judges the end of an instrument at `to`; what it was before stands. */
export function judgeRetirement(entry: InstrumentEntry, to: Millis, reach: Reach, now: Millis): Judged {
  const { site, enrolment } = entry
  if (enrolment.to === to) return { ok: true, fate: 'same', items: [] }
  const faults: RowFault[] = []
  if (to <= enrolment.from)
    faults.push(fault('to', iso(to), `it is enrolled since ${iso(enrolment.from)}`, 'take a later date'))
  faults.push(...pastFaults('to', to, reach, now))
  const body = { ...changedBody(entry, {}, { from: enrolment.from, actor: reach.actor }), to }
  return unless(faults, () => ({
    ok: true,
    fate: 'changed',
    items: [recordItem('enrolment', site, body)],
    changes: ['to'],
  }))
}

const changedFields = ({ enrolment }: InstrumentEntry, change: EnrolmentChange): string[] =>
  Object.entries(change).flatMap(([field, value]) => {
    const stands = enrolment[field as keyof typeof enrolment]
    return value === undefined || isSame(value ?? undefined, stands) ? [] : [field]
  })

function changedBody(
  { enrolment }: InstrumentEntry,
  change: Omit<EnrolmentChange, 'from'>,
  { from, actor }: { from: Millis; actor: string },
): Body {
  const { v: _v, stream: _stream, seq: _seq, prev: _prev, ...stands } = enrolment
  const told = Object.entries(change).filter(([, value]) => value !== undefined)
  const body: [string, unknown][] = Object.entries({ ...stands, ...Object.fromEntries(told), from, actor })
  return Object.fromEntries(body.filter(([, value]) => value !== null)) as unknown as Body
}

/** Enrolments follow each other: what stands later is not taken back by the way. */
function sinceFaults({ from: since, to }: RecordBody<'enrolment'>, from: Millis): RowFault[] {
  if (from < since)
    return [
      fault('from', iso(from), `what stands now began at ${iso(since)}`, 'take that instant or a later one'),
    ]
  if (to !== undefined && from >= to)
    return [
      fault('from', iso(from), `it was retired at ${iso(to)}`, 'enrol it anew: POST /api/v1/instruments'),
    ]
  return []
}

/** Site, gateway, unit and station: whose they are, and whether they are there. */
function placeFaults(site: SiteId, body: Body, reach: Reach): RowFault[] {
  const { gateway, unit, partOf, from } = body
  const faults: RowFault[] = []
  if (!reach.mayUseSite(site))
    faults.push(
      fault(
        'site',
        site,
        'this site is of others',
        'choose another id, or ask the operator of the installation',
      ),
    )
  const standsAt = reach.siteOf(gateway)
  if (!reach.ownsGateway(gateway))
    faults.push(
      fault('gateway', gateway, 'this gateway is of others', 'choose another id for a gateway of your own'),
    )
  else if (standsAt !== undefined && standsAt !== site)
    faults.push(
      fault(
        'gateway',
        gateway,
        `this gateway stands at site ${standsAt}, and a gateway serves one site`,
        'correct the site or the gateway',
      ),
    )
  if (!reach.seen.organisation(unit, from)) faults.push(unitFault(reach, unit, from))
  if (partOf !== undefined) faults.push(...stationFaults(site, body, partOf, reach.seen))
  return faults
}

function unitFault({ seen, advise }: Reach, unit: string, from: Millis): RowFault {
  const later = seen.organisation(unit, Number.MAX_SAFE_INTEGER)
  if (later)
    return fault(
      'unit',
      unit,
      `this organisation is in the tree only from ${iso(later.from)} on, and it would be its from ${iso(from)} on`,
      'take a later `from`, or record the organisation from an earlier date',
    )
  const near = advise(unit, () => seen.organisations().map(({ id }) => id))
  const fix = near || 'make it first: POST /api/v1/organisations'
  return fault('unit', unit, 'nobody knows this organisation', fix)
}

/** A station hangs on an instrument of its site, over a few steps at most, and never on itself. */
function stationFaults(site: SiteId, { instrument }: Body, partOf: string, seen: Registry): RowFault[] {
  for (let at: string | undefined = partOf, steps = 0; at !== undefined; steps++) {
    if (at === instrument || steps > 8)
      return [
        fault('partOf', partOf, `"${instrument}" would be a part of itself`, 'name what it is a part of'),
      ]
    const above: InstrumentEntry | undefined = seen.instrument(`${site}/${at}` as InstrumentKey)
    if (!above)
      return [fault('partOf', at, `no instrument of this id at ${site}`, 'enrol the whole before its parts')]
    at = above.enrolment.partOf
  }
  return []
}

function assetFaults({ names, from, to, inService, purchased }: Body, now: Millis): RowFault[] {
  const faults: RowFault[] = []
  if (!names.en?.trim() && !names.zh?.trim())
    faults.push(fault('names', names, 'it has no name', 'write {"en": ...} or {"zh": ...}'))
  if (to !== undefined && to <= from)
    faults.push(fault('to', iso(to), 'it ends before it begins', 'take an instant after `from`'))
  const tomorrow = iso(now + 86_400_000).slice(0, 10)
  for (const [field, date] of Object.entries({ inService, purchased }))
    if (date !== undefined && date > tomorrow)
      faults.push(fault(field, date, 'it is still to come', 'write the civil date, such as 2019-05-01'))
  return faults
}
