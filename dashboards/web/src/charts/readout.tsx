import type { StateSpans } from '@hours/protocol'
import type { Booked } from '../api-shapes.ts'
import { duration, none, shortUser, when } from '../format.ts'
import { Swatch } from '../state-mark.tsx'
import { text } from '../text/text.ts'
import { pointed } from './pointed.ts'
import type { InstrumentUse } from './use-lanes.tsx'

interface ReadoutProps {
  readonly spans: StateSpans['spans']
  readonly use: InstrumentUse
  readonly zone: string
  /** While nothing is pointed at. */
  readonly fallback: string
}

/** Under the timeline: all that is known of the instant that is pointed at. */
export function Readout({ spans, use, zone, fallback }: ReadoutProps) {
  const words = text.value.instrument
  const at = pointed.value
  if (at === undefined) return <p class="soft small readout">{fallback}</p>
  const covers = ({ from, to }: { from: number; to: number | null }) => at >= from && at < (to ?? Infinity)
  const span = spans.find(covers)
  const hours = ({ from, to }: { from: number; to: number | null }) =>
    `${when('time', from, zone)} – ${to === null ? '' : when('time', to, zone)}`
  const who = (name: string, one: Booked) =>
    `${name} ${hours(one)} ${shortUser(one.user)} (${one.beneficiary ?? none})`
  const said = [
    ...use.bookings.filter(covers).map((one) => who(words.booked, one)),
    ...use.sessions.filter(covers).map((one) => who(words.used, one)),
  ]
  const odd = use.findings
    .filter(covers)
    .map((one) => `${text.value.reconciliation.kinds[one.kind] ?? one.kind} ${duration(one.to - one.from)}`)
  return (
    <p class="soft small readout" aria-live="polite">
      <b>{when('dateTime', at, zone)}</b>
      {span ? (
        <span>
          <Swatch state={span.state} size={11} /> {text.value.states[span.state]} {hours(span)} (
          {duration(span.to - span.from)})
        </span>
      ) : null}
      {said.map((one) => (
        <span key={one}>{one}</span>
      ))}
      {odd.map((one) => (
        <strong key={one} class="odd">
          {one}
        </strong>
      ))}
    </p>
  )
}
