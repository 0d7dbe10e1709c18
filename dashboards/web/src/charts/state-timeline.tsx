import type { StateSpans } from '@hours/protocol'
import { serverNow } from '../clock.ts'
import { when } from '../format.ts'
import { states } from '../states.ts'
import { text } from '../text/text.ts'
import { gutter } from './gutter.ts'
import { fillOf } from './patterns.tsx'
import { Pointer } from './pointer.tsx'
import { Readout } from './readout.tsx'
import { statePaths } from './state-path.ts'
import { TimeAxis } from './time-axis.tsx'
import { useGestures } from './use-gestures.ts'
import { type InstrumentUse, laneMiddles, lanesHeight, UseLanes } from './use-lanes.tsx'
import { useWidth } from './use-width.ts'
import type { WindowControl } from './use-window.ts'

const band = 56
const lanesTop = band + 8
const axisTop = lanesTop + lanesHeight
const height = axisTop + 24

interface TimelineProps {
  readonly window: WindowControl
  readonly zone: string
  readonly data: StateSpans | undefined
  readonly use: InstrumentUse
  /** How it is moved, for who listens to the page. */
  readonly help: string
}

/** What the instrument did, hour to year, and under it who had booked and used it: drag, pinch, wheel, keys. */
export function StateTimeline({ window, zone, data, use, help }: TimelineProps) {
  const [ref, whole] = useWidth<HTMLDivElement>()
  const width = Math.max(0, whole - gutter)
  const gestures = useGestures(window, width)
  const now = serverNow.value
  const drawn = { from: window.from, to: window.to }
  const shown = (data?.spans ?? []).filter(({ from }) => from < now)
  const clipped = shown.map((span) => (span.to > now ? { ...span, to: now } : span))
  const paths = statePaths(clipped, drawn, width, band)
  const summary = `${when('full', window.from, zone)} – ${when('full', window.to, zone)}`
  const words = text.value.instrument
  return (
    <div>
      <div
        ref={ref}
        class="timeline"
        role="group"
        aria-roledescription={words.timeline}
        aria-label={`${summary}. ${help}`}
        tabIndex={0}
        style={{ height: `${height}px` }}
        {...gestures}
      >
        <svg width={whole} height={height} aria-hidden="true">
          {[words.booked, words.used].map((name, i) => (
            <text key={name} class="lane-name" x={0} y={lanesTop + (laneMiddles[i] ?? 0) + 4}>
              {name}
            </text>
          ))}
          <g transform={`translate(${gutter})`}>
            <TimeAxis window={drawn} zone={zone} width={width} top={axisTop} />
            {states.map((state) => {
              const path = paths.get(state)
              return path === undefined ? null : <path key={state} d={path} fill={fillOf(state)} />
            })}
            <UseLanes use={use} window={drawn} now={now} width={width} top={lanesTop} />
            <Pointer window={drawn} width={width} height={axisTop} />
          </g>
        </svg>
      </div>
      <Readout spans={clipped} use={use} zone={zone} fallback={summary} />
    </div>
  )
}
