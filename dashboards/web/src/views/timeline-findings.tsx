import type { Window } from '../charts/time-axis.tsx'
import type { InstrumentUse } from '../charts/use-lanes.tsx'
import { count, duration } from '../format.ts'
import { text } from '../text/text.ts'
import { dateOf, dayStart } from '../zone.ts'

interface FindingsProps {
  readonly instrument: string
  readonly zone: string
  readonly use: InstrumentUse
  readonly window: Window
  /** What is not known, or that nobody is named; said instead where nothing was found. */
  readonly note: string
}

/** What does not match inside the window, each kind once: the way to its list, for who cannot point at a bracket. */
export function TimelineFindings({ instrument, zone, use, window, note }: FindingsProps) {
  const words = text.value.instrument
  const { kinds } = text.value.reconciliation
  const inside = use.findings.filter(({ from, to }) => to > window.from && from < window.to)
  const period = `${dateOf(zone, window.from)}..${dateOf(zone, dayStart(zone, window.to, 1))}`
  const address = (kind: string) =>
    `/reconciliation?${new URLSearchParams({ scope: instrument, period, kind })}`
  return (
    <p class="soft small findings">
      {Object.entries(Object.groupBy(inside, ({ kind }) => kind)).map(([kind, list = []]) => (
        <span key={kind}>
          <a href={address(kind)}>{kinds[kind] ?? kind}</a> {count(list.length)} ×,{' '}
          {duration(list.reduce((sum, { from, to }) => sum + to - from, 0))}
        </span>
      ))}
      {note === '' ? null : <span>{note}</span>}
      {note === '' && inside.length === 0 ? <span>{words.noMismatch}</span> : null}
    </p>
  )
}
