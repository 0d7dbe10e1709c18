import type { State } from '@hours/protocol'
import { hours } from '../format.ts'
import { text } from '../text/text.ts'
import type { Stretch } from '../usage-rows.ts'
import { fillOf } from './patterns.tsx'
import { useWidth } from './use-width.ts'

interface BarsProps {
  readonly stretches: readonly Stretch[]
  /** Short name beneath a bar; empty = none. */
  readonly label: (stretch: Stretch, index: number) => string
  readonly height?: number
  /** Drawn upwards in this order; `off` is left out: what is not there needs no ink. */
  readonly order?: readonly State[]
}

const left = 34
const bottom = 20
/** A single month is a bar, not a wall; px. */
const widest = 56

/** Stacked hours, one bar a day or month. */
export function HourBars({
  stretches,
  label,
  height = 190,
  order = ['run', 'standby', 'fault', 'unknown'],
}: BarsProps) {
  const [ref, width] = useWidth<HTMLDivElement>()
  const sums = stretches.map(({ states }) => order.reduce((sum, state) => sum + states[state], 0))
  const top = roundUp(Math.max(3_600_000, ...sums))
  const plot = height - bottom - 8
  const step = Math.max(0, width - left) / Math.max(1, stretches.length)
  const y = (ms: number) => 8 + plot - (ms / top) * plot
  return (
    <div ref={ref} style={{ height: `${height}px` }}>
      <svg width={width} height={height} role="img" aria-label={text.value.hoursWord}>
        {[0, 0.5, 1].map((share) => (
          <g key={share}>
            <line class="axis" x1={left} x2={width} y1={y(top * share)} y2={y(top * share)} />
            <text x={left - 7} y={y(top * share) + 4} text-anchor="end">
              {hours(top * share).replace(/[.,]0$/, '')}
            </text>
          </g>
        ))}
        {stretches.map((stretch, i) => {
          let sum = 0
          const wide = Math.min(widest, step * 0.72)
          const middle = left + (i + 0.5) * step
          const x = middle - wide / 2
          const name = label(stretch, i)
          // Names at the ends turn inwards: half of one would be cut off.
          const anchor = middle > width - 4 * name.length ? 'end' : 'middle'
          return (
            <g key={stretch.label}>
              <title>{`${stretch.label}: ${order.map((state) => `${text.value.states[state]} ${hours(stretch.states[state])}`).join(', ')}`}</title>
              {order.map((state) => {
                const ms = stretch.states[state]
                if (ms <= 0) return null
                sum += ms
                return (
                  <rect
                    key={state}
                    x={x}
                    y={y(sum)}
                    width={Math.max(1, wide)}
                    height={(ms / top) * plot}
                    fill={fillOf(state)}
                  />
                )
              })}
              <text x={anchor === 'end' ? width : middle} y={height - 4} text-anchor={anchor}>
                {name}
              </text>
            </g>
          )
        })}
      </svg>
    </div>
  )
}

/** 24 h stays 24; otherwise the next round number of hours. */
function roundUp(ms: number): number {
  const value = ms / 3_600_000
  if (value > 20 && value <= 25) return (value > 24 ? 25 : 24) * 3_600_000
  const power = 10 ** Math.floor(Math.log10(value))
  const factor = [1, 2, 4, 5, 6, 8, 10].find((n) => n * power >= value) ?? 10
  return factor * power * 3_600_000
}
