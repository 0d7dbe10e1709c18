import type { PowerSeries } from '@hours/protocol'
import type uPlot from 'uplot'
import { power } from '../format.ts'
import { text } from '../text/text.ts'

interface Style {
  readonly colour: (token: string) => string
  readonly font: string
}

const lineHeight = 15

/** The levels at which a run and power begin and end, each with its word where there is room for it. */
export function drawThresholds(plot: uPlot, { thresholds }: PowerSeries, style: Style): void {
  if (!thresholds) return
  const words = text.value.instrument.thresholds
  const levels = [
    { mw: thresholds.runStartMw, word: words.runStart, isAbove: true, token: 'ink' },
    { mw: thresholds.runStopMw, word: words.runStop, isAbove: false, token: 'ink' },
    { mw: thresholds.onStartMw, word: words.onStart, isAbove: true, token: 'soft' },
    { mw: thresholds.onStopMw, word: words.onStop, isAbove: false, token: 'soft' },
  ]
  const { ctx, bbox } = plot
  const scale = devicePixelRatio
  const [left, right, ground] = [bbox.left, bbox.left + bbox.width, bbox.top + bbox.height]
  const taken: [top: number, bottom: number][] = []
  ctx.save()
  ctx.font = style.font.replace('12px', `${12 * scale}px`)
  ctx.textAlign = 'right'
  ctx.lineJoin = 'round'
  for (const { mw, word, isAbove, token } of levels) {
    const y = plot.valToPos(mw / 1_000, 'y', true)
    if (y < bbox.top || y > ground) continue
    ctx.lineWidth = scale
    ctx.setLineDash([6 * scale, 4 * scale])
    ctx.strokeStyle = style.colour(token)
    ctx.beginPath()
    ctx.moveTo(left, y)
    ctx.lineTo(right, y)
    ctx.stroke()
    const top = isAbove ? y - lineHeight * scale : y
    const bottom = top + lineHeight * scale
    const isFree = taken.every(([a, b]) => bottom <= a || top >= b)
    taken.push([Math.min(y, top), Math.max(y, bottom)])
    if (!isFree || bottom > ground || top < bbox.top) continue
    write(ctx, `${word} ${power(mw)}`, [right - 4 * scale, top + 10.5 * scale], style.colour)
  }
  ctx.restore()
}

/** A word that stays legible over the trace. */
function write(
  ctx: CanvasRenderingContext2D,
  word: string,
  [x, y]: readonly [number, number],
  colour: Style['colour'],
): void {
  ctx.setLineDash([])
  ctx.strokeStyle = colour('paper')
  ctx.lineWidth = 4 * devicePixelRatio
  ctx.strokeText(word, x, y)
  ctx.fillStyle = colour('soft')
  ctx.fillText(word, x, y)
}
