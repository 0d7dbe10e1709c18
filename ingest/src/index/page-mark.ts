import type { Claim, PageClass, UnknownReason } from '@hours/ledger'
import type { KnownState, Millis, Page, PageSpan } from '@hours/protocol'

/** What the rules said of a page, as one number in a row. */
export interface Mark {
  readonly void: boolean
  readonly class: PageClass
  readonly unknown?: 'time' | 'clock'
}

const bits = { void: 1, late: 2, time: 4, clock: 8 } as const
/** Of one instrument's row, not of the page: its states are of the lower grade of evidence (`evidence` in the page). */
export const reportedBit = 64

export const encodeMark = (mark: Mark): number =>
  (mark.void ? bits.void : 0) +
  (mark.class === 'late' ? bits.late : 0) +
  (mark.unknown === undefined ? 0 : bits[mark.unknown])

export const isVoid = (mark: number): boolean => (mark & bits.void) !== 0
export const isLate = (mark: number): boolean => (mark & bits.late) !== 0
/** Whether the page's times can be believed and it is not void. */
export const isSure = (mark: number): boolean => (mark & ~bits.late) === 0

function reasonOf(mark: number): UnknownReason | undefined {
  if (mark & bits.void) return 'void'
  if (mark & bits.time) return 'time'
  return mark & bits.clock ? 'clock' : undefined
}

const knownStates: readonly KnownState[] = ['off', 'standby', 'run', 'fault']

/** A row of `accounts`, as much as claims are made of. */
export interface AccountRow {
  readonly start: Millis
  readonly stop: Millis
  readonly mark: number
  readonly state: number
  readonly spans: string | null
}

/** A page's spans as the columns `state` and `spans`; most pages are one state from end to end. */
export function encodeSpans(page: Pick<Page, 'from' | 'to'>, spans: readonly PageSpan[]) {
  const [only] = spans
  const whole = spans.length === 1 && only?.[1] === 0 && only[2] === page.to - page.from
  return whole
    ? { state: knownStates.indexOf(only[0]), spans: null }
    : { state: -1, spans: JSON.stringify(spans) }
}

const decodeSpans = ({ start, stop, state, spans }: AccountRow): readonly PageSpan[] => {
  const known = knownStates[state]
  if (known) return [[known, 0, stop - start]]
  // Written by `encodeSpans` from a page that its schema had accepted.
  return spans === null ? [] : (JSON.parse(spans) as PageSpan[])
}

/** A row as claims that partition the page's time: its spans, and what they leave out. */
export function claimsOfRow(row: AccountRow): Claim[] {
  const { start, stop, mark } = row
  const kind: PageClass = isLate(mark) ? 'late' : 'live'
  const why = reasonOf(mark)
  if (why) return [{ from: start, to: stop, state: undefined, why, class: kind }]
  const claims: Claim[] = []
  let end = start
  const leaveOut = (from: Millis, to: Millis) => {
    if (to > from) claims.push({ from, to, state: undefined, why: 'unsampled', class: kind })
  }
  for (const [state, from, to] of decodeSpans(row)) {
    leaveOut(end, start + from)
    end = start + to
    claims.push({ from: start + from, to: end, state, class: kind })
  }
  leaveOut(end, stop)
  return claims
}
