interface SparklineProps {
  /** Oldest first; null = no sample, left as a gap. */
  readonly values: readonly (number | null)[]
  readonly width?: number
  readonly height?: number
}

/** A line without axes: shape only, from zero to the largest value. */
export function Sparkline({ values, width = 120, height = 30 }: SparklineProps) {
  const top = Math.max(1, ...values.map((value) => value ?? 0))
  const x = (i: number) => (values.length < 2 ? width : (i / (values.length - 1)) * width)
  const y = (value: number) => height - 2 - (Math.max(0, value) / top) * (height - 4)
  let line = ''
  let area = ''
  let open = false
  let last = 0
  for (const [i, value] of values.entries()) {
    if (value === null) {
      if (open) area += `V${height}Z`
      open = false
      continue
    }
    const point = `${x(i).toFixed(1)} ${y(value).toFixed(1)}`
    line += open ? `L${point}` : `M${point}`
    area += open ? `L${point}` : `M${x(i).toFixed(1)} ${height}L${point}`
    open = true
    last = i
  }
  if (open) area += `L${x(last).toFixed(1)} ${height}Z`
  return (
    <svg width={width} height={height} viewBox={`0 0 ${width} ${height}`} aria-hidden="true">
      <path class="spark-area" d={area} />
      <path class="spark" d={line} />
      <line class="axis" x1="0" x2={width} y1={height - 0.5} y2={height - 0.5} />
    </svg>
  )
}
