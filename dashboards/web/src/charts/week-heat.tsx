import { decimal, percent, weekdays } from '../format.ts'
import { text } from '../text/text.ts'
import { fillOf } from './patterns.tsx'
import { useWidth } from './use-width.ts'

/** Known and run time of one hour of the week, ms. */
export interface WeekHour {
  readonly run: number
  readonly known: number
}

const left = 42
const row = 24

/** Share of known time that ran, hour by weekday; hours never known carry the pattern of unknown. */
export function WeekHeat({ hours, idle }: { hours: readonly WeekHour[]; idle?: boolean }) {
  const [ref, width] = useWidth<HTMLDivElement>()
  const cell = Math.max(0, (width - left) / 24)
  const days = weekdays()
  const height = 7 * row + 20
  return (
    <div ref={ref} style={{ height: `${height}px` }}>
      <svg
        class="heat"
        width={width}
        height={height}
        role="img"
        aria-label={idle === true ? text.value.fleet.openSlots : text.value.instrument.heatmap}
      >
        {days.map((day, d) => (
          <text key={day} x={left - 8} y={d * row + 16} text-anchor="end">
            {day}
          </text>
        ))}
        {hours.map(({ run, known }, i) => {
          const share = known > 0 ? run / known : null
          const fill = share === null ? { fill: fillOf('unknown') } : { style: { fill: heatColour(share) } }
          return (
            <rect
              key={i}
              x={left + (i % 24) * cell}
              y={Math.floor(i / 24) * row}
              width={cell}
              height={row}
              {...fill}
            >
              <title>{cellText(days, i, share, known, idle === true)}</title>
            </rect>
          )
        })}
        {[0, 6, 12, 18].map((hour) => (
          <text key={hour} x={left + hour * cell} y={height - 4}>
            {String(hour).padStart(2, '0')}:00
          </text>
        ))}
      </svg>
    </div>
  )
}

const heatColour = (share: number) =>
  `color-mix(in oklab, var(--run) ${Math.round(share * 100)}%, var(--sunk))`

const cellText = (days: readonly string[], i: number, share: number | null, known: number, idle: boolean) =>
  (idle ? text.value.fleet.idleCell : text.value.instrument.heatCell)(
    days[Math.floor(i / 24)] ?? '',
    `${String(i % 24).padStart(2, '0')}:00`,
    percent(share, 0),
    decimal(known / 3_600_000),
  )
