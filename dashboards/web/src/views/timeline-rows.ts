import type { StateSpans } from '@hours/protocol'
import type { Rows } from '../charts/chart-frame.tsx'
import type { Window } from '../charts/time-axis.tsx'
import type { InstrumentUse } from '../charts/use-lanes.tsx'
import { serverNow } from '../clock.ts'
import type { Cell } from '../csv.ts'
import { duration, shortUser, when } from '../format.ts'
import { text } from '../text/text.ts'

interface Shown {
  readonly instrument: string
  readonly zone: string
  /** What it did, cut to the window. */
  readonly spans: StateSpans['spans']
  readonly use: InstrumentUse
  readonly window: Window
}

/** One row of the table: `kind` as in the API. */
interface Row {
  readonly kind: string
  readonly what: string
  readonly from: number
  readonly to: number
  readonly user?: string | null
  readonly beneficiary?: string | null
}

/** What the timeline shows as rows: states first, then bookings, sessions and what does not match. */
export function rowsOf(shown: Shown): Rows {
  const { instrument, zone } = shown
  const { now, time, instrument: words } = text.value
  return {
    name: `states-${instrument}`,
    head: [words.what, time.from, time.to, time.length, now.who],
    body: () => listOf(shown).map((row) => cellsOf(row, zone)),
    file: () =>
      listOf(shown).map(({ kind, from, to, user, beneficiary }) => [
        kind,
        new Date(from).toISOString(),
        new Date(to).toISOString(),
        to - from,
        user ?? '',
        beneficiary ?? '',
      ]),
    fileHead: ['kind', 'from_utc', 'to_utc', 'ms', 'user', 'beneficiary'],
  }
}

const cellsOf = ({ what, from, to, user, beneficiary }: Row, zone: string): Cell[] => [
  what,
  when('full', from, zone),
  when('full', to, zone),
  duration(to - from),
  user ? `${shortUser(user)}${beneficiary ? ` (${beneficiary})` : ''}` : '',
]

function listOf({ spans, use, window }: Shown): Row[] {
  const { states, instrument: words, reconciliation } = text.value
  const isInside = ({ from, to }: { from: number; to: number }) => to > window.from && from < window.to
  const people = (kind: string, what: string, list: InstrumentUse['sessions']): Row[] =>
    list.map((one) => ({ ...one, kind, what, to: one.to ?? serverNow.value })).filter(isInside)
  return [
    ...spans.map((span) => ({ ...span, kind: span.state, what: states[span.state] })),
    ...people('booking', words.booked, use.bookings),
    ...people('session', words.used, use.sessions),
    ...use.findings
      .map((one) => ({ ...one, what: reconciliation.kinds[one.kind] ?? one.kind }))
      .filter(isInside),
  ]
}
