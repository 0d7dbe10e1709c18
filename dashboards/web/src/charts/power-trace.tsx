import type { PowerSeries } from '@hours/protocol'
import { useEffect, useRef } from 'preact/hooks'
import uPlot from 'uplot'
import 'uplot/dist/uPlot.min.css'
import { power, when } from '../format.ts'
import { language, theme } from '../prefs.ts'
import { text } from '../text/text.ts'
import { ticksOf, type Window } from './time-axis.tsx'

interface TraceProps {
  readonly data: PowerSeries
  readonly window: Window
  readonly zone: string
}

const height = 240

/** Mean, minimum and maximum power over the window, with the thresholds of a run. Loaded only where it is shown. */
export function PowerTrace({ data, window, zone }: TraceProps) {
  const ref = useRef<HTMLDivElement>(null)
  useEffect(() => {
    const element = ref.current
    if (!element) return undefined
    const plot = new uPlot(optionsOf(data, window, zone, element.clientWidth), columnsOf(data), element)
    const observer = new ResizeObserver(() => plot.setSize({ width: element.clientWidth, height }))
    observer.observe(element)
    return () => {
      observer.disconnect()
      plot.destroy()
    }
  }, [data, window.from, window.to, zone, theme.value, language.value])
  return <div ref={ref} class="trace" role="img" aria-label={text.value.instrument.power} />
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

function optionsOf(data: PowerSeries, window: Window, zone: string, width: number): uPlot.Options {
  const style = getComputedStyle(document.documentElement)
  const colour = (name: string) => style.getPropertyValue(`--${name}`).trim()
  const words = text.value.instrument
  const font = `12px ${getComputedStyle(document.body).fontFamily}`
  const grid = { stroke: colour('rule'), width: 1 }
  const value = (_: uPlot, watt: number | null) => power(watt === null ? null : watt * 1_000)
  const series = (label: string, stroke: string): uPlot.Series => ({
    label,
    stroke,
    width: 1.5,
    points: { show: false },
    value,
  })
  return {
    width,
    height,
    cursor: { y: false, drag: { x: false, y: false } },
    scales: {
      x: { range: [window.from / 1_000, window.to / 1_000] },
      y: { range: (_, __, max) => [0, Math.max(1, max * 1.06)] },
    },
    axes: [
      {
        stroke: colour('soft'),
        font,
        grid,
        ticks: grid,
        splits: (plot) =>
          ticksOf(window, zone, plot.bbox.width / devicePixelRatio).map(({ at }) => at / 1_000),
        values: (plot) => ticksOf(window, zone, plot.bbox.width / devicePixelRatio).map(({ label }) => label),
      },
      {
        stroke: colour('soft'),
        font,
        grid,
        ticks: grid,
        size: 66,
        values: (_, list) => list.map((watt) => power(watt * 1_000)),
      },
    ],
    series: [
      { label: text.value.time.at, value: (_, at) => (at ? when('full', at * 1_000, zone) : '') },
      { ...series(words.min, 'transparent') },
      { ...series(words.mean, colour('accent')) },
      { ...series(words.max, 'transparent') },
    ],
    bands: [{ series: [3, 1], fill: `${colour('accent')}33` }],
    hooks: { draw: [(plot) => drawThresholds(plot, data, colour)] },
  }
}

function drawThresholds(plot: uPlot, { thresholds }: PowerSeries, colour: (name: string) => string): void {
  if (!thresholds) return
  const { ctx, bbox } = plot
  const line = (mw: number, stroke: string) => {
    const y = plot.valToPos(mw / 1_000, 'y', true)
    if (y < bbox.top || y > bbox.top + bbox.height) return
    ctx.strokeStyle = stroke
    ctx.beginPath()
    ctx.moveTo(bbox.left, y)
    ctx.lineTo(bbox.left + bbox.width, y)
    ctx.stroke()
  }
  ctx.save()
  ctx.lineWidth = devicePixelRatio
  ctx.setLineDash([6 * devicePixelRatio, 4 * devicePixelRatio])
  line(thresholds.runStartMw, colour('ink'))
  line(thresholds.runStopMw, colour('ink'))
  line(thresholds.onStartMw, colour('strong-rule'))
  line(thresholds.onStopMw, colour('strong-rule'))
  ctx.restore()
}
