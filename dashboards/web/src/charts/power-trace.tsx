import type { PowerSeries } from '@hours/protocol'
import { useLayoutEffect, useRef } from 'preact/hooks'
import uPlot from 'uplot'
import 'uplot/dist/uPlot.min.css'
import { decimal, power } from '../format.ts'
import { language, theme } from '../prefs.ts'
import { text } from '../text/text.ts'
import { gutter } from './gutter.ts'
import { Pointer } from './pointer.tsx'
import { drawThresholds } from './threshold-lines.ts'
import { ticksOf } from './time-axis.tsx'
import { useGestures } from './use-gestures.ts'
import { useWidth } from './use-width.ts'
import type { WindowControl } from './use-window.ts'

interface TraceProps {
  readonly data: PowerSeries
  readonly window: WindowControl
  readonly zone: string
}

const height = 240
const axisHeight = 28

/**
 * Mean, minimum and maximum power over the window, with the thresholds of a run; an instant stands where it stands in the
 * timeline, and the same gestures move both. Loaded only where it is shown.
 */
export function PowerTrace({ data, window, zone }: TraceProps) {
  const [ref, whole] = useWidth<HTMLDivElement>()
  const plot = useRef<uPlot | undefined>(undefined)
  const width = Math.max(0, whole - gutter)
  const gestures = useGestures(window, width)
  const { from, to } = window
  const look = `${theme.value} ${language.value}`
  useLayoutEffect(() => {
    if (!ref.current || whole === 0) return undefined
    const own = new uPlot(optionsOf(data, zone, whole), columnsOf(data), ref.current)
    plot.current = own
    return () => own.destroy()
  }, [data, zone, look, whole])
  useLayoutEffect(() => {
    plot.current?.setScale('x', { min: from / 1_000, max: to / 1_000 })
  }, [from, to, data, zone, look, whole])
  return (
    <div class="trace" role="img" aria-label={text.value.instrument.power} {...gestures}>
      <div ref={ref} />
      <svg width={whole} height={height}>
        <g transform={`translate(${gutter})`}>
          <Pointer window={{ from, to }} width={width} height={height - axisHeight} />
        </g>
      </svg>
    </div>
  )
}

/** Seconds, then W; a missing step is a gap, not a line across. */
function columnsOf({ points, stepMs }: PowerSeries): uPlot.AlignedData {
  const at: number[] = []
  const columns: [(number | null)[], (number | null)[], (number | null)[]] = [[], [], []]
  let last: number | undefined
  for (const [time, min, mean, max] of points) {
    if (last !== undefined && time - last > stepMs * 1.5) {
      at.push((last + stepMs) / 1_000)
      for (const column of columns) column.push(null)
    }
    at.push(time / 1_000)
    for (const [i, value] of [min, mean, max].entries()) columns[i]?.push(value / 1_000)
    last = time
  }
  return [at, columns[0], columns[1], columns[2]]
}

/** Power of an axis, W, without zeros that say nothing: 1.5 kW. */
function shortPower(watt: number): string {
  const kilowatt = watt / 1_000
  const digits = [0, 1].find((n) => Number.isInteger(Math.round(kilowatt * 10_000) / 10 ** (4 - n))) ?? 2
  return kilowatt < 1 ? power(watt * 1_000) : `${decimal(kilowatt, digits)}\u00a0kW`
}

/** A label nearer to an end than this (px) would be cut off. */
const labelRoom = 26

function optionsOf(data: PowerSeries, zone: string, width: number): uPlot.Options {
  const style = getComputedStyle(document.documentElement)
  const colour = (name: string) => style.getPropertyValue(`--${name}`).trim()
  const font = `12px ${getComputedStyle(document.body).fontFamily}`
  const axis = { stroke: colour('soft'), font, grid: { stroke: colour('rule'), width: 1 } }
  const line = (stroke: string): uPlot.Series => ({ stroke, width: 1.5, points: { show: false } })
  const inner = width - gutter
  const ticks = (min: number, max: number) => ticksOf({ from: min * 1_000, to: max * 1_000 }, zone, inner)
  // What stays under the level of a run must look it: the scale never ends below.
  const leastTop = Math.max(1, ((data.thresholds?.runStartMw ?? 0) / 1_000) * 1.25)
  return {
    ...{ width, height, padding: [8, 0, 0, 0] },
    cursor: { show: false },
    legend: { show: false },
    scales: {
      x: { range: (_, min, max) => [min, max] },
      y: { range: (_, __, max) => [0, Math.max(leastTop, max * 1.06)] },
    },
    axes: [
      {
        ...axis,
        size: axisHeight,
        ticks: { ...axis.grid, size: 5 },
        splits: (_, __, min, max) => ticks(min, max).map(({ at }) => at / 1_000),
        values: ({ scales: { x } }) =>
          ticks(x?.min ?? 0, x?.max ?? 0).map(({ at, label }) => {
            const place = ((at / 1_000 - (x?.min ?? 0)) / ((x?.max ?? 1) - (x?.min ?? 0))) * inner
            return place > inner - labelRoom ? '' : label
          }),
      },
      {
        ...axis,
        size: gutter,
        gap: 3,
        ticks: { ...axis.grid, size: 4 },
        values: (_, list) => list.map(shortPower),
      },
    ],
    series: [{}, line('transparent'), line(colour('accent')), line('transparent')],
    bands: [{ series: [3, 1], fill: `${colour('accent')}33` }],
    hooks: { draw: [(plot) => drawThresholds(plot, data, { colour, font })] },
  }
}
