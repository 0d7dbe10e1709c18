import { ChannelId, type InstrumentKey, Membership, type Millis, type RecordOf } from '@hours/protocol'
import { z } from 'zod'
import type { Reach } from '../access/reach.ts'
import { fault, type RowFault } from '../sessions/row-fault.ts'
import { iso } from './dates.ts'
import { isSame, type Judged, unless } from './judged.ts'
import { createListedBy } from './listed-by.ts'
import { recordItem } from '../write-records.ts'

const { instrument, organisation, from, to } = Membership.shape

export const MembershipGiven = z.strictObject({
  channel: ChannelId,
  instrument: instrument.describe('site/instrument'),
  organisation: organisation.describe('with all below it'),
  from: from.optional().describe('absent = now'),
  to,
})
export type MembershipGiven = z.infer<typeof MembershipGiven>

type Subject = Pick<RecordOf<'membership'>, 'channel' | 'instrument' | 'organisation'>
const subjectOf = ({ channel, instrument, organisation }: Subject) =>
  [channel, instrument, organisation].join(' ')
const ofSubject = createListedBy<{ readonly record: RecordOf<'membership'> }>(({ record }) =>
  subjectOf(record),
)

/** Judges that a channel lists an instrument or all of an organisation, for a time; an end alone ends what stands. */
export function judgeMembership(given: MembershipGiven, reach: Reach, now: Millis): Judged {
  const faults = subjectFaults(given, reach)
  const standing = new Map(
    ofSubject(reach.seen.records('membership'), subjectOf(given)).map(({ record }) => [record.from, record]),
  )
  const open = [...standing.values()].findLast(({ from, to }) => from <= now && (to ?? Infinity) > now)
  const from = given.from ?? open?.from ?? now
  if (given.to !== undefined && given.to <= from)
    faults.push(fault('to', iso(given.to), 'it ends before it begins', 'take an instant after `from`'))
  return unless(faults, () => {
    const known = standing.get(from)
    if (known && isSame(known.to, given.to)) return { ok: true, fate: 'same', items: [] }
    const body = { ...given, from, actor: reach.actor }
    return {
      ok: true,
      fate: known ? 'changed' : 'new',
      items: [recordItem('membership', 'installation', body)],
    }
  })
}

function subjectFaults({ instrument, organisation }: MembershipGiven, { seen, advise }: Reach): RowFault[] {
  if ((instrument === undefined) === (organisation === undefined))
    return [
      fault(
        'instrument',
        instrument ?? '',
        'one of instrument and organisation is wanted',
        'name one of them',
      ),
    ]
  if (instrument !== undefined) {
    if (seen.instrument(instrument as InstrumentKey)) return []
    const near = advise(instrument, () => seen.instruments().map(({ key }) => key))
    return [fault('instrument', instrument, 'no instrument of this id is enrolled', near || 'enrol it first')]
  }
  const id = organisation ?? ''
  if (seen.organisation(id, Number.MAX_SAFE_INTEGER)) return []
  const near = advise(id, () => seen.organisations().map((one) => one.id))
  return [fault('organisation', id, 'nobody knows this organisation', near || 'make it first')]
}
