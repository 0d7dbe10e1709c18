import { api } from '../api-client.ts'
import type { List } from '../api-shapes.ts'
import type { InstrumentUse } from '../charts/use-lanes.tsx'
import type { Window } from '../charts/time-axis.tsx'
import { type Resource, useResource } from '../resource.ts'
import { text } from '../text/text.ts'
import { dateOf, dayStart } from '../zone.ts'

const none = [] as const

/** Who booked an instrument, who used it, and what does not match, over a stretch of time; `note` says what is not known, or that nobody is named. */
export function useUse(
  instrument: string,
  zone: string,
  { from, to }: Window,
): { readonly use: InstrumentUse; readonly note: string } {
  const bookings = useResource(api.bookings(instrument, from, to), 60_000)
  const sessions = useResource(api.sessions(instrument, from, to), 60_000)
  const period = `${dateOf(zone, from)}..${dateOf(zone, dayStart(zone, to, 1))}`
  const findings = useResource(api.findings(instrument, period), 120_000)
  const use = {
    bookings: bookings.data?.items ?? none,
    sessions: sessions.data?.items ?? none,
    // A claim is of a whole period: it has no place between hours.
    findings: (findings.data?.items ?? none).filter(({ kind }) => kind !== 'claim_differs'),
  }
  return { use, note: noteOf([bookings, sessions, findings]) }
}

function noteOf(lists: readonly Resource<List<unknown>>[]): string {
  const words = text.value.instrument
  if (lists.some(({ fault, data }) => fault && !data)) return words.sessionsMissing
  if (lists.some(({ data }) => !data)) return words.sessionsAwaited
  if (lists.some(({ data }) => data?.next != null)) return words.sessionsCut
  return lists.every(({ data }) => data?.items.length === 0) ? words.nobodyNamed : ''
}
