import type { StateSpans } from '@hours/protocol'
import { useEffect, useState } from 'preact/hooks'
import { api } from '../api-client.ts'
import { ChartFrame } from '../charts/chart-frame.tsx'
import { StateTimeline } from '../charts/state-timeline.tsx'
import type { Window } from '../charts/time-axis.tsx'
import { spans, type SpanName, type WindowControl } from '../charts/use-window.ts'
import { duration, when } from '../format.ts'
import { FaultNotice } from '../notice.tsx'
import { useResource } from '../resource.ts'
import { Legend } from '../state-mark.tsx'
import { text } from '../text/text.ts'

interface Props {
  readonly instrument: string
  readonly zone: string
  readonly window: WindowControl
}

const longest = 400 * 86_400_000

/** The window with room on both sides, asked for again only when the reader leaves it or looks much closer. */
export function useRoom(window: Window): Window {
  const [room, setRoom] = useState<Window>(() => widened(window))
  useEffect(() => {
    const inside = window.from >= room.from && window.to <= room.to
    const fine = (room.to - room.from) / (window.to - window.from) < 8
    if (inside && fine) return undefined
    const timer = setTimeout(() => setRoom(widened(window)), 120)
    return () => clearTimeout(timer)
  }, [window.from, window.to, room])
  return room
}

function widened({ from, to }: Window): Window {
  const length = to - from
  const side = Math.floor(Math.min(length / 2, (longest - length) / 2) / 60_000) * 60_000
  return { from: Math.max(0, Math.floor(from - side)), to: Math.ceil(to + side) }
}

export function TimelineSection({ instrument, zone, window }: Props) {
  const words = text.value.instrument
  const room = useRoom(window)
  const answer = useResource(api.states(instrument, room.from, room.to), 30_000)
  const sessions = useResource(api.sessions(instrument, room.from, room.to), 60_000)
  const inside = (answer.data?.spans ?? []).flatMap((span) => within(span, window))
  return (
    <section>
      <ChartFrame
        title={words.timeline}
        help={words.timelineHelp}
        rows={{
          name: `states-${instrument}`,
          head: [text.value.now.state, text.value.time.from, text.value.time.to, text.value.time.length],
          body: () =>
            inside.map(({ state, from, to }) => [
              text.value.states[state],
              when('full', from, zone),
              when('full', to, zone),
              duration(to - from),
            ]),
          file: () => inside.map(fileRow),
        }}
      >
        <Controls window={window} />
        <FaultNotice of={answer} />
        <StateTimeline window={window} zone={zone} data={answer.data} sessions={sessions.data?.items ?? []} />
        <div class="row spread">
          <Legend />
          <span class="soft small">{sessions.fault?.code === 'missing' ? words.sessionsMissing : ''}</span>
        </div>
      </ChartFrame>
    </section>
  )
}

/** The part of a span that is on show: table and file add up to the window, not to what was fetched around it. */
function within(span: StateSpans['spans'][number], window: Window): StateSpans['spans'] {
  const from = Math.max(span.from, window.from)
  const to = Math.min(span.to, window.to)
  return to > from ? [{ ...span, from, to }] : []
}

const fileRow = ({ state, from, to }: StateSpans['spans'][number]) => [
  state,
  new Date(from).toISOString(),
  new Date(to).toISOString(),
  to - from,
]

function Controls({ window }: { window: WindowControl }) {
  const words = text.value.instrument
  const length = window.to - window.from
  return (
    <div class="spans no-print">
      <div>
        {(Object.keys(spans) as SpanName[]).map((name) => (
          <button
            key={name}
            type="button"
            class="plain"
            aria-pressed={Math.abs(length - spans[name]) < spans[name] * 0.02}
            onClick={() => window.span(name)}
          >
            {words.spans[name]}
          </button>
        ))}
      </div>
      <div>
        <button type="button" class="plain" onClick={() => window.move(-0.5)}>
          ← {words.back}
        </button>
        <button
          type="button"
          class="plain"
          onClick={() => (window.following ? undefined : window.move(0.5))}
          aria-disabled={window.following}
        >
          {words.forward} →
        </button>
        <button type="button" class="plain" aria-pressed={window.following} onClick={() => window.now()}>
          {words.toNow}
        </button>
        <button type="button" class="plain" aria-label={words.zoomIn} onClick={() => window.zoom(0.5)}>
          +
        </button>
        <button type="button" class="plain" aria-label={words.zoomOut} onClick={() => window.zoom(2)}>
          −
        </button>
      </div>
    </div>
  )
}
