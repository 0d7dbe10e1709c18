import { count, hours } from '../format.ts'
import { text } from '../text/text.ts'
import { useWidth } from './use-width.ts'

const left = 34
const height = 240
const bottom = 40

/** How many instruments have how many hours, in about a dozen equal classes. */
export function Histogram({ values }: { values: readonly number[] }) {
  const [ref, width] = useWidth<HTMLDivElement>()
  const hour = 3_600_000
  const max = Math.max(hour, ...values)
  const wanted = max / 12
  const step =
    ([1, 2, 5, 10, 20, 25, 50, 100, 200, 250, 500, 1_000].find((n) => n * hour >= wanted) ?? 2_000) * hour
  const classes = Math.floor(max / step) + 1
  const counts = Array.from(
    { length: classes },
    (_, i) => values.filter((value) => Math.floor(value / step) === i).length,
  )
  const top = Math.max(1, ...counts)
  const slot = Math.max(0, width - left) / classes
  const plot = height - bottom - 18
  const every = Math.ceil(classes / Math.max(1, Math.floor((width - left) / 54)))
  return (
    <div ref={ref} style={{ height: `${height}px` }}>
      <svg width={width} height={height} role="img" aria-label={text.value.fleet.distributionHelp}>
        <line class="axis" x1={left} x2={width} y1={height - bottom} y2={height - bottom} />
        {counts.map((n, i) => {
          const high = (n / top) * plot
          return (
            <g key={i}>
              <title>{`${hours(i * step)}–${hours((i + 1) * step)} ${text.value.hour}: ${count(n)} ${text.value.fleet.instruments}`}</title>
              <rect
                x={left + i * slot + 1.5}
                y={height - bottom - high}
                width={Math.max(0, slot - 3)}
                height={high}
                style={{ fill: 'var(--run)' }}
              />
              {n > 0 ? (
                <text x={left + (i + 0.5) * slot} y={height - bottom - high - 5} text-anchor="middle">
                  {count(n)}
                </text>
              ) : null}
              {i % every === 0 ? (
                <text x={left + i * slot} y={height - bottom + 17} text-anchor="middle">
                  {hours(i * step).replace(/[.,]0$/, '')}
                </text>
              ) : null}
            </g>
          )
        })}
        <text x={width} y={height - 4} text-anchor="end">
          {text.value.states.run}, {text.value.hour}
        </text>
      </svg>
    </div>
  )
}
