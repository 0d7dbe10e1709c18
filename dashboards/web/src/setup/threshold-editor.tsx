import type { PowerSeries, Thresholds } from '@hours/protocol'
import { useRef } from 'preact/hooks'
import { TimeAxis } from '../charts/time-axis.tsx'
import { useWidth } from '../charts/use-width.ts'
import { power } from '../format.ts'
import { text } from '../text/text.ts'

type Level = keyof Thresholds

interface Props {
  readonly points: PowerSeries['points']
  readonly zone: string
  readonly value: Thresholds
  readonly onChange: (value: Thresholds) => void
}

const height = 300
const plot = height - 26
const levels: readonly Level[] = ['runStartMw', 'runStopMw', 'onStartMw', 'onStopMw']

/** Keeps stop at or below start, and powered at or below run, by moving the others along. */
export function withLevel(value: Thresholds, level: Level, mw: number): Thresholds {
  const next = { ...value, [level]: Math.max(0, Math.round(mw)) }
  if (level === 'runStartMw') next.onStartMw = Math.min(next.onStartMw, next.runStartMw)
  if (level === 'onStartMw') next.runStartMw = Math.max(next.runStartMw, next.onStartMw)
  if (level === 'runStopMw') next.runStartMw = Math.max(next.runStartMw, next.runStopMw)
  if (level === 'onStopMw') next.onStartMw = Math.max(next.onStartMw, next.onStopMw)
  next.runStartMw = Math.max(next.runStartMw, next.onStartMw)
  return {
    ...next,
    runStopMw: Math.min(next.runStopMw, next.runStartMw),
    onStopMw: Math.min(next.onStopMw, next.onStartMw),
  }
}

/** A power trace with four levels to drag, or to move with the arrow keys. Square-root scale: low levels matter. */
export function ThresholdEditor({ points, zone, value, onChange }: Props) {
  const [ref, width] = useWidth<HTMLDivElement>()
  const dragged = useRef<Level | undefined>(undefined)
  const top = Math.max(value.runStartMw * 1.15, ...points.map(([, , , max]) => max), 1_000)
  const y = (mw: number) => plot - Math.sqrt(Math.max(0, mw) / top) * (plot - 10)
  const mwAt = (place: number) => Math.max(0, Math.min(1, (plot - place) / (plot - 10))) ** 2 * top
  const from = points[0]?.[0] ?? 0
  const to = points.at(-1)?.[0] ?? 1
  const x = (at: number) => ((at - from) / Math.max(1, to - from)) * width
  const line = points
    .map(([at, , mean], i) => `${i === 0 ? 'M' : 'L'}${x(at).toFixed(1)} ${y(mean).toFixed(1)}`)
    .join('')
  const words = text.value.instrument.thresholds
  const names: Record<Level, string> = {
    onStartMw: words.onStart,
    onStopMw: words.onStop,
    runStartMw: words.runStart,
    runStopMw: words.runStop,
  }
  const set = (level: Level, mw: number) => onChange(withLevel(value, level, mw))
  const key = (level: Level) => (event: KeyboardEvent) => {
    const steps: Readonly<Record<string, number>> = {
      ArrowUp: 1.02,
      ArrowDown: 1 / 1.02,
      PageUp: 1.2,
      PageDown: 1 / 1.2,
    }
    const factor = steps[event.key]
    if (factor === undefined) return
    event.preventDefault()
    set(
      level,
      factor > 1
        ? Math.max(value[level] * factor, value[level] + 100)
        : Math.min(value[level] * factor, value[level] - 100),
    )
  }
  return (
    <div
      ref={ref}
      style={{ height: `${height}px` }}
      onPointerMove={(event) => {
        const box = ref.current?.getBoundingClientRect()
        if (dragged.current && box) set(dragged.current, mwAt(event.clientY - box.top))
      }}
      onPointerUp={() => {
        dragged.current = undefined
      }}
      onPointerLeave={() => {
        dragged.current = undefined
      }}
    >
      <svg width={width} height={height}>
        <TimeAxis window={{ from, to: Math.max(to, from + 1) }} zone={zone} width={width} top={plot} />
        <path class="spark" d={line} />
        {levels.map((level) => (
          <g
            key={level}
            class={level.startsWith('run') ? 'threshold run' : 'threshold'}
            role="slider"
            tabindex={0}
            aria-label={names[level]}
            aria-orientation="vertical"
            aria-valuemin={0}
            aria-valuemax={Math.round(top / 1_000)}
            aria-valuenow={Math.round(value[level] / 1_000)}
            aria-valuetext={power(value[level])}
            onKeyDown={key(level)}
            onPointerDown={(event) => {
              event.preventDefault()
              dragged.current = level
            }}
          >
            <line x1={0} x2={width} y1={y(value[level])} y2={y(value[level])} />
            <rect class="grip" x={0} y={y(value[level]) - 7} width={width} height={14} />
            <text
              x={level.endsWith('StartMw') ? 6 : width - 6}
              y={y(value[level]) + (level.endsWith('StartMw') ? -5 : 14)}
              text-anchor={level.endsWith('StartMw') ? 'start' : 'end'}
            >
              {names[level]} {power(value[level])}
            </text>
          </g>
        ))}
      </svg>
    </div>
  )
}
