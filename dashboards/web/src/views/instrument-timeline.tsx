import type { StateSpans } from '@hours/protocol'
import { useEffect, useState } from 'preact/hooks'
import { api } from '../api-client.ts'
import { ChartFrame } from '../charts/chart-frame.tsx'
import { StateTimeline } from '../charts/state-timeline.tsx'
import type { Window } from '../charts/time-axis.tsx'
import { BracketSwatch } from '../charts/use-lanes.tsx'
import { spans, type SpanName, type WindowControl } from '../charts/use-window.ts'
import { FaultNotice } from '../notice.tsx'
import { useResource } from '../resource.ts'
import { Legend } from '../state-mark.tsx'
import { text } from '../text/text.ts'
import { TimelineFindings } from './timeline-findings.tsx'
import { rowsOf } from './timeline-rows.ts'
import { useUse } from './use-use.ts'

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
  const { use, note } = useUse(instrument, zone, room)
  const inside = (answer.data?.spans ?? []).flatMap((span) => within(span, window))
  const help = isCoarse() ? words.timelineTouch : words.timelineHelp
  return (
    <section>
      <ChartFrame
        title={words.timeline}
        help={help}
        rows={rowsOf({ instrument, zone, spans: inside, use, window })}
      >
        <Controls window={window} />
        <FaultNotice of={answer} />
        <StateTimeline window={window} zone={zone} data={answer.data} use={use} help={help} />
        <Legend>
          <li class="state">
            <BracketSwatch /> {words.mismatch}
          </li>
        </Legend>
        <TimelineFindings {...{ instrument, zone, use, window, note }} />
      </ChartFrame>
    </section>
  )
}

const isCoarse = () => matchMedia('(pointer: coarse)').matches

/** The part of a span that is on show: table and file add up to the window, not to what was fetched around it. */
function within(span: StateSpans['spans'][number], window: Window): StateSpans['spans'] {
  const from = Math.max(span.from, window.from)
  const to = Math.min(span.to, window.to)
  return to > from ? [{ ...span, from, to }] : []
}

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
