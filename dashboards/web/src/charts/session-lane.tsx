import { shortUser } from '../format.ts'
import type { Session } from '../api-shapes.ts'
import { text } from '../text/text.ts'
import type { Window } from './time-axis.tsx'

interface LaneProps {
  readonly sessions: readonly Session[]
  readonly window: Window
  readonly width: number
  readonly top: number
  readonly height: number
}

/** Who had booked or used it, under what it did; those that do not match are drawn dashed. */
export function SessionLane({ sessions, window, width, top, height }: LaneProps) {
  const scale = width / (window.to - window.from)
  return (
    <g>
      {sessions.map((session) => {
        const a = Math.max(0, (session.from - window.from) * scale)
        const b = Math.min(width, ((session.to ?? window.to) - window.from) * scale)
        if (b <= 0 || a >= width || b - a < 0.5) return null
        const odd = session.issue ?? null
        const label = `${shortUser(session.user)}${odd === null ? '' : ` · ${text.value.reconciliation.kinds[odd] ?? odd}`}`
        return (
          <g key={session.id}>
            <rect
              class={odd === null ? 'session' : 'session odd'}
              x={a}
              y={top}
              width={Math.max(1, b - a)}
              height={height}
              rx="2"
            />
            {b - a > 7 * label.length ? (
              <text x={a + 5} y={top + height - 5}>
                {label}
              </text>
            ) : null}
          </g>
        )
      })}
    </g>
  )
}
