import { when } from '../format.ts'
import { dayStart, hourAfter, monthStart } from '../zone.ts'

export interface Window {
  readonly from: number
  readonly to: number
}

const hour = 3_600_000
const day = 24 * hour

interface Tick {
  readonly at: number
  readonly label: string
}

/** Round local times inside the window, about one every `spacing` px. */
export function ticksOf({ from, to }: Window, zone: string, width: number, spacing = 92): Tick[] {
  const wanted = ((to - from) / Math.max(1, width)) * spacing
  const ticks: Tick[] = []
  const add = (at: number, label: string) => {
    if (at >= from && at <= to && ticks.length < 60) ticks.push({ at, label })
  }
  if (wanted > 20 * day) {
    const months = wanted > 120 * day ? 6 : wanted > 45 * day ? 3 : 1
    for (let at = monthStart(zone, from); at <= to; at = monthStart(zone, at, months))
      add(at, when('monthShort', at, zone))
    return ticks
  }
  if (wanted > 12 * hour) {
    const days = wanted > 7 * day ? 14 : wanted > 2.6 * day ? 7 : wanted > day ? 2 : 1
    for (let at = dayStart(zone, from); at <= to; at = dayStart(zone, at, days))
      add(at, when('day', at, zone))
    return ticks
  }
  const step = [1 / 12, 1 / 4, 1 / 2, 1, 3, 6, 12].find((hours) => hours * hour >= wanted) ?? 12
  for (let at = hourAfter(zone, from - 1, step); at <= to; at = hourAfter(zone, at, step))
    add(at, at === dayStart(zone, at) ? when('day', at, zone) : when('time', at, zone))
  return ticks
}

/** Ticks and their labels beneath a chart of `height`. */
export function TimeAxis({
  window,
  zone,
  width,
  top,
}: {
  window: Window
  zone: string
  width: number
  top: number
}) {
  const x = (at: number) => ((at - window.from) / (window.to - window.from)) * width
  return (
    <g aria-hidden="true">
      {ticksOf(window, zone, width).map(({ at, label }) => {
        const place = x(at)
        const anchor = place < 24 ? 'start' : place > width - 24 ? 'end' : 'middle'
        return (
          <g key={at}>
            <line class="axis" x1={place} x2={place} y1={0} y2={top + 5} />
            <text x={place} y={top + 18} text-anchor={anchor}>
              {label}
            </text>
          </g>
        )
      })}
    </g>
  )
}
