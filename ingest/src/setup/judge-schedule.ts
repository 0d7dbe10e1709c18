import {
  type InstrumentKey,
  type Millis,
  parseInstrumentKey,
  type RecordOf,
  Schedule,
  type SiteId,
} from '@hours/protocol'
import { z } from 'zod'
import type { Reach } from '../access/reach.ts'
import { fault, type RowFault } from '../sessions/row-fault.ts'
import { pastFaults } from './dates.ts'
import { isSame, type Judged, refusedFor, unless } from './judged.ts'
import { createListedBy } from './listed-by.ts'
import { recordItem } from '../write-records.ts'

const { weekly, exceptions, from } = Schedule.shape

export const ScheduleGiven = z.strictObject({
  instrument: z.string().max(90).describe('site/instrument, or site/* for all that have none of their own'),
  weekly: weekly.describe(
    'ISO weekday (1 = Monday) to opening hours in the time of the site; absent = closed',
  ),
  exceptions: exceptions.optional().describe('civil date to its opening hours; [] = closed'),
  from: from.optional().describe('from when on, Unix ms; absent = now'),
})
export type ScheduleGiven = z.infer<typeof ScheduleGiven>

type Hours = readonly (readonly [string, string])[]

const maxWindows = 12
/** A record holds at most 45 KiB. */
const maxExceptions = 800

const ofPlace = createListedBy<{ readonly record: RecordOf<'schedule'> }>(
  ({ record }) => `${record.stream}/${record.instrument}`,
)

/** Judges opening hours: of an instrument, or of a whole site. They stand instead of those before, exceptions included. */
export function judgeSchedule(given: ScheduleGiven, reach: Reach, now: Millis): Judged {
  const { from = now, weekly, exceptions = {} } = given
  const place = placeOf(given.instrument, reach)
  if ('reason' in place) return refusedFor(place)
  const { site, instrument } = place
  const standing = ofPlace(reach.seen.records('schedule'), `${site}/${instrument}`)
    .map(({ record }) => record)
    .toSorted((a, b) => a.from - b.from)
    .at(-1)
  if (standing && isSame([standing.weekly, standing.exceptions], [weekly, exceptions]))
    return { ok: true, fate: 'same', items: [] }
  const faults = hoursFaults(weekly, exceptions)
  // The first ones say what there was; later ones change it.
  if (standing) faults.push(...pastFaults('from', from, reach, now))
  const body = { instrument, weekly, exceptions, from, actor: reach.actor }
  return unless(faults, () => ({
    ok: true,
    fate: standing ? 'changed' : 'new',
    items: [recordItem('schedule', site, body)],
  }))
}

function placeOf(text: string, reach: Reach): { site: SiteId; instrument: string } | RowFault {
  const [site = '', id] = text.split('/')
  if (id === '*') {
    if (!reach.knowsSite(site) || !reach.mayUseSite(site))
      return fault('instrument', text, 'no instrument is enrolled at this site', 'enrol one first')
    if (!reach.ownsSite(site))
      return fault(
        'instrument',
        text,
        'others have instruments at this site too',
        'give each of yours its own hours, or ask the operator of the installation',
      )
    return { site: site as SiteId, instrument: '*' }
  }
  const key = parseInstrumentKey(text)
  if (key.ok && reach.seen.instrument(text as InstrumentKey)) return key.value
  const near = reach.advise(text, () => reach.seen.instruments().map((one) => one.key))
  const fix = near || 'write site/instrument as GET /api/v1/instruments lists it, or site/*'
  return fault('instrument', text, 'no instrument of this id is enrolled', fix)
}

function hoursFaults(
  weekly: Readonly<Record<string, Hours | undefined>>,
  exceptions: Readonly<Record<string, Hours>>,
): RowFault[] {
  const faults: RowFault[] = []
  for (const [day, hours] of Object.entries(weekly)) faults.push(...dayFaults(`weekly.${day}`, hours ?? []))
  const dates = Object.entries(exceptions)
  for (const [date, hours] of dates) faults.push(...dayFaults(`exceptions.${date}`, hours))
  if (dates.length > maxExceptions)
    faults.push(
      fault('exceptions', dates.length, `more than ${maxExceptions} dates`, 'leave out those of years ago'),
    )
  return faults
}

/** Hours of one day: each ends after it begins or on the next day (22:00-06:00), and none overlaps another. */
function dayFaults(field: string, hours: Hours): RowFault[] {
  if (hours.length > maxWindows)
    return [fault(field, hours.length, `more than ${maxWindows} times a day`, 'join some of them')]
  const windows = hours.map(([begin, end]) => ({
    begin: minutes(begin),
    end: minutes(end),
    text: `${begin}-${end}`,
  }))
  const faults = windows
    .filter(({ begin, end }) => begin === end || begin === 1_440)
    .map(({ text }) => fault(field, text, 'no time at all', 'write 00:00-24:00 for the whole day'))
  const long = windows
    .map((one) => ({ ...one, end: one.end < one.begin ? one.end + 1_440 : one.end }))
    .toSorted((a, b) => a.begin - b.begin)
  for (const [i, one] of long.entries()) {
    const before = long[i - 1]
    if (before && one.begin < before.end)
      faults.push(fault(field, one.text, `it overlaps ${before.text}`, 'join them or correct one'))
  }
  return faults
}

const minutes = (time: string) => Number(time.slice(0, 2)) * 60 + Number(time.slice(3))
