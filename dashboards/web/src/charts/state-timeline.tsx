import type { StateSpans } from '@hours/protocol'
import { useRef, useState } from 'preact/hooks'
import type { Session } from '../api-shapes.ts'
import { serverNow } from '../clock.ts'
import { duration, shortUser, when } from '../format.ts'
import { Swatch } from '../state-mark.tsx'
import { states } from '../states.ts'
import { text } from '../text/text.ts'
import { fillOf } from './patterns.tsx'
import { SessionLane } from './session-lane.tsx'
import { statePaths } from './state-path.ts'
import { TimeAxis } from './time-axis.tsx'
import { useWidth } from './use-width.ts'
import { spans, type SpanName, type WindowControl } from './use-window.ts'

const band = 56
const lane = 26

interface TimelineProps {
  readonly window: WindowControl
  readonly zone: string
  readonly data: StateSpans | undefined
  readonly sessions: readonly Session[]
}

const keys: Readonly<Record<string, (window: WindowControl) => void>> = {
  ArrowLeft: (window) => window.move(-0.2),
  ArrowRight: (window) => window.move(0.2),
  PageUp: (window) => window.move(-1),
  PageDown: (window) => window.move(1),
  '+': (window) => window.zoom(0.5),
  '=': (window) => window.zoom(0.5),
  '-': (window) => window.zoom(2),
  Home: (window) => window.now(),
  ...Object.fromEntries(
    (Object.keys(spans) as SpanName[]).map((name, i) => [
      String(i + 1),
      (window: WindowControl) => window.span(name),
    ]),
  ),
}

/** What the instrument did, hour to year: drag, wheel, keys. */
export function StateTimeline({ window, zone, data, sessions }: TimelineProps) {
  const [ref, width] = useWidth<HTMLDivElement>()
  const [pointed, setPointed] = useState<number | undefined>()
  const drag = useRef<{ x: number; from: number; to: number } | undefined>(undefined)
  const size = window.to - window.from
  const at = (x: number) => window.from + (x / Math.max(1, width)) * size
  const shown = (data?.spans ?? []).filter(({ from }) => from < serverNow.value)
  const drawn = { from: window.from, to: window.to }
  const clipped = shown.map((span) => (span.to > serverNow.value ? { ...span, to: serverNow.value } : span))
  const paths = statePaths(clipped, drawn, width, band)
  const height = band + lane + 26

  const move = (event: PointerEvent) => {
    const box = ref.current?.getBoundingClientRect()
    if (!box) return
    setPointed(at(event.clientX - box.left))
    const start = drag.current
    if (!start) return
    const shift = ((start.x - event.clientX) / Math.max(1, width)) * (start.to - start.from)
    window.set({ from: start.from + shift, to: start.to + shift })
  }
  const wheel = (event: WheelEvent) => {
    const sideways = Math.abs(event.deltaX) > Math.abs(event.deltaY)
    // Plain scrolling belongs to the page; pinching comes as Ctrl and wheel.
    if (!event.ctrlKey && !event.metaKey && !sideways) return
    event.preventDefault()
    const box = ref.current?.getBoundingClientRect()
    if (sideways) window.move(event.deltaX / 800)
    else window.zoom(event.deltaY > 0 ? 1.25 : 0.8, at(event.clientX - (box?.left ?? 0)))
  }
  const key = (event: KeyboardEvent) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return
    const act = keys[event.key]
    if (!act) return
    event.preventDefault()
    act(window)
  }
  const summary = `${when('full', window.from, zone)} – ${when('full', window.to, zone)}`
  return (
    <div>
      <div
        ref={ref}
        class="timeline"
        role="group"
        aria-roledescription={text.value.instrument.timeline}
        aria-label={`${summary}. ${text.value.instrument.timelineHelp}`}
        tabIndex={0}
        style={{ height: `${height}px` }}
        onKeyDown={key}
        onWheel={wheel}
        onPointerDown={(event) => {
          drag.current = { x: event.clientX, from: window.from, to: window.to }
          event.currentTarget.setPointerCapture(event.pointerId)
        }}
        onPointerMove={move}
        onPointerUp={() => {
          drag.current = undefined
        }}
        onPointerCancel={() => {
          drag.current = undefined
        }}
        onPointerLeave={() => setPointed(undefined)}
      >
        <svg width={width} height={height} aria-hidden="true">
          <TimeAxis window={drawn} zone={zone} width={width} top={band + lane} />
          {states.map((state) => {
            const path = paths.get(state)
            return path === undefined ? null : <path key={state} d={path} fill={fillOf(state)} />
          })}
          <SessionLane sessions={sessions} window={drawn} width={width} top={band + 6} height={lane - 8} />
          {pointed === undefined ? null : (
            <line
              class="mark"
              x1={((pointed - window.from) / size) * width}
              x2={((pointed - window.from) / size) * width}
              y1={0}
              y2={band + lane}
            />
          )}
        </svg>
      </div>
      <Readout spans={clipped} sessions={sessions} at={pointed} zone={zone} fallback={summary} />
    </div>
  )
}

interface ReadoutProps {
  readonly spans: StateSpans['spans']
  readonly sessions: readonly Session[]
  readonly at: number | undefined
  readonly zone: string
  readonly fallback: string
}

/** One line under the timeline: what is under the pointer, else the window. */
function Readout({ spans: list, sessions, at, zone, fallback }: ReadoutProps) {
  const span = at === undefined ? undefined : list.find(({ from, to }) => at >= from && at < to)
  const session =
    at === undefined ? undefined : sessions.find(({ from, to }) => at >= from && at < (to ?? Infinity))
  return (
    <p class="soft small readout">
      {span ? (
        <>
          <Swatch state={span.state} size={11} /> {text.value.states[span.state]} ·{' '}
          {when('dateTime', span.from, zone)} – {when('dateTime', span.to, zone)} ·{' '}
          {duration(span.to - span.from)}
          {session ? ` · ${shortUser(session.user)} (${session.beneficiary ?? '–'})` : ''}
        </>
      ) : (
        fallback
      )}
    </p>
  )
}
