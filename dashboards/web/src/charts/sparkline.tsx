import type { State } from '@hours/protocol'

interface SparklineProps {
  /** mW, oldest first; null = no sample, left as a gap. */
  readonly values: readonly (number | null)[]
  /** What it is at this moment, mW, drawn as a dot at the right end; null = not known. */
  readonly now: number | null
  /** Power from which it runs, mW; null = not known here. */
  readonly runStart: number | null
  readonly state: State
  readonly width?: number
  readonly height?: number
}

/** An instrument that is off draws a watt or so: that must look like nothing, however it flickers. mW. */
const leastTop = 50_000

/**
 * A line without axes, from zero to the largest value, the run threshold or 50 W, whichever is highest: what is off lies
 * flat on the ground, what idles stays under the dotted line, and only what runs is above it.
 */
export function Sparkline({ values, now, runStart, state, width = 120, height = 30 }: SparklineProps) {
  const top = Math.max(leastTop, (runStart ?? 0) * 1.25, now ?? 0, ...values.map((value) => value ?? 0))
  const inner = width - 4
  const x = (i: number) => (values.length < 2 ? inner : (i / values.length) * inner)
  const y = (value: number) => height - 2 - (Math.max(0, value) / top) * (height - 5)
  const { line, area } = pathsOf(values, x, y, height)
  return (
    <svg
      class={`sparkline ${state}`}
      width={width}
      height={height}
      viewBox={`0 0 ${width} ${height}`}
      aria-hidden="true"
    >
      <path class="spark-area" d={area} />
      {runStart === null ? null : (
        <line class="spark-run" x1="0" x2={width} y1={y(runStart)} y2={y(runStart)} />
      )}
      <path class="spark" d={line} />
      <line class="axis" x1="0" x2={width} y1={height - 0.5} y2={height - 0.5} />
      {now === null ? null : <circle class="spark-now" cx={width - 3} cy={y(now)} r="2.5" />}
    </svg>
  )
}

/** The line with its gaps, and what lies under each piece of it. */
function pathsOf(
  values: readonly (number | null)[],
  x: (i: number) => number,
  y: (value: number) => number,
  ground: number,
): { line: string; area: string } {
  let line = ''
  let area = ''
  let last: number | undefined
  for (const [i, value] of values.entries()) {
    if (value === null) {
      if (last !== undefined) area += `L${x(last).toFixed(1)} ${ground}Z`
      last = undefined
      continue
    }
    const point = `${x(i).toFixed(1)} ${y(value).toFixed(1)}`
    line += `${last === undefined ? 'M' : 'L'}${point}`
    area += last === undefined ? `M${x(i).toFixed(1)} ${ground}L${point}` : `L${point}`
    last = i
  }
  if (last !== undefined) area += `L${x(last).toFixed(1)} ${ground}Z`
  return { line, area }
}
