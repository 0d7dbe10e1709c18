import { ChannelId, type InstrumentKey, Membership, type Millis, type RecordOf } from '@hours/protocol'
import { z } from 'zod'
import type { Reach } from '../access/reach.ts'
import { nearIds, suggestion } from '../sessions/near-ids.ts'
import { fault, type RowFault } from '../sessions/row-fault.ts'
import { iso } from './dates.ts'
import { isSame, item, type Judged, unless } from './judged.ts'
import { createListedBy } from './listed-by.ts'

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

/** Judges that a channel lists an instrument or all of an organisation, for a time. */
export function judgeMembership(given: MembershipGiven, reach: Reach, now: Millis): Judged {
  const { from = now } = given
  const body = { ...given, from }
  const faults = [...subjectFaults(given, reach)]
  if (given.to !== undefined && given.to <= from)
    faults.push(fault('to', iso(given.to), 'it ends before it begins', 'take an instant after `from`'))
  return unless(faults, () => {
    const stands = ofSubject(reach.seen.records('membership'), subjectOf(given)).some(
      ({ record: { from, to } }) =>
        isSame(to, given.to) && (given.from === undefined ? from <= now : from === given.from),
    )
    if (stands) return { ok: true, fate: 'same', items: [] }
    return {
      ok: true,
      fate: 'new',
      items: [item('membership', 'installation', { ...body, actor: reach.actor })],
    }
  })
}

function subjectFaults({ instrument, organisation }: MembershipGiven, { seen }: Reach): RowFault[] {
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
    const keys = seen.instruments().map(({ key }) => key)
    const near = suggestion(nearIds(instrument, keys))
    return [fault('instrument', instrument, 'no instrument of this id is enrolled', near || 'enrol it first')]
  }
  const id = organisation ?? ''
  if (seen.organisation(id, Number.MAX_SAFE_INTEGER)) return []
  const ids = seen.organisations().map((one) => one.id)
  const near = suggestion(nearIds(id, ids))
  return [fault('organisation', id, 'nobody knows this organisation', near || 'make it first')]
}
