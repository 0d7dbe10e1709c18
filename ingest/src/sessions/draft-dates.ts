import { DAY, HOUR } from '@hours/protocol'
import type { InstrumentEntry } from '../ports.ts'
import { type DraftKind, draftTimes } from './drafted.ts'
import { fault, type RowFault, type RowWarning } from './row-fault.ts'
import { readTime } from './site-time.ts'
import { valueOf } from './vocabulary.ts'

type Input = Readonly<Record<string, unknown>>
const filled = (value: unknown) => value !== undefined && value !== null && value !== ''
const text = (value: unknown) =>
  typeof value === 'string' || typeof value === 'number' ? String(value).trim() : ''

const longest = 366 * DAY

/** What of time a draft has. */
export interface Dates {
  readonly from?: number
  readonly to?: number
  readonly at?: number
  readonly receivedAt?: number
  readonly reportedAt?: number
}

/** When it was, as instants; local times are of the instrument's zone. What cannot be read is added to `faults`. */
export function datesOf(kind: DraftKind, input: Input, entry: InstrumentEntry, faults: RowFault[]): Dates {
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
  // A work order without clock times has samples and income, but no hours (domain.md, 4.5): the shortest interval.
  if (isOrder(kind, input)) {
    const at = read('at')
    return at === undefined ? {} : { from: at, to: at + 1, ...handedOf(kind, input, read, faults) }
  }
  const length = lengthOf(input, faults)
  const began = filled(input['from']) || length === undefined ? read('from') : undefined
  const ended = filled(input['to']) || length === undefined ? read('to') : undefined
  const from = began ?? (ended === undefined || length === undefined ? undefined : ended - length)
  const to = ended ?? (began === undefined || length === undefined ? undefined : began + length)
  if (from === undefined || to === undefined) return {}
  if ((kind === 'session' || kind === 'booking') && to - from > longest)
    faults.push(fault('to', input['to'], 'longer than 366 days', 'correct the year, or split the row'))
  if (to < from)
    faults.push(
      fault('to', input['to'], 'the end is before the beginning', 'swap from and to, or correct one'),
    )
  if (to === from)
    faults.push(fault('to', input['to'], 'it has no length', 'write when it ended, or leave the row out'))
  return { from, to, ...handedOf(kind, input, read, faults) }
}

const fixes = {
  bad_time: 'write 2026-03-01T08:00+08:00, or 2026-03-01 08:00 in the time of the site',
  clock_gap: 'check the time, or give it with its offset',
  clock_overlap: 'give the time with its offset, or fold 0 (first) or 1 (second)',
} as const

/** Use is refused where the instrument was not enrolled; what is merely stated about such time is taken and marked. */
export function enrolmentOf(
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

/** Hours beside one of the two ends, where the source has no more; ms. Both ends given, they decide. */
function lengthOf(input: Input, faults: RowFault[]): number | undefined {
  const given = text(input['hours'])
  if (given === '' || (filled(input['from']) && filled(input['to']))) return undefined
  const hours = Number(given)
  if (hours > 0 && hours <= 8_784) return Math.round(hours * HOUR)
  faults.push(fault('hours', given, 'not a length in hours', 'write a number such as 2.5, at most 8784'))
  return undefined
}

const isOrder = (kind: DraftKind, input: Input) =>
  kind === 'session' &&
  !filled(input['from']) &&
  !filled(input['to']) &&
  filled(input['at']) &&
  ['entrusted', 'operated'].includes(valueOf('way', text(input['way'])))

/** Samples in, results out: what the turnaround is made of. */
function handedOf(
  kind: DraftKind,
  input: Input,
  read: (field: string) => number | undefined,
  faults: RowFault[],
): Pick<Dates, 'receivedAt' | 'reportedAt'> {
  if (kind !== 'session') return {}
  const receivedAt = filled(input['receivedAt']) ? read('receivedAt') : undefined
  const reportedAt = filled(input['reportedAt']) ? read('reportedAt') : undefined
  if (receivedAt !== undefined && reportedAt !== undefined && reportedAt < receivedAt)
    faults.push(
      fault('reportedAt', input['reportedAt'], 'results before the samples came', 'swap or correct them'),
    )
  return {
    ...(receivedAt === undefined ? {} : { receivedAt }),
    ...(reportedAt === undefined ? {} : { reportedAt }),
  }
}

/** Use that is said to have ended later than now is a plan: it is taken, and marked. */
export const futureOf = (kind: DraftKind, { to }: Dates, now: number): RowWarning[] =>
  kind === 'session' && to !== undefined && to > now
    ? [{ code: 'future', reason: `it ends ${iso(to)}, which is still to come; was it a booking?`, ids: [] }]
    : []
