/** Draws what a panel's query answered, as plain SVG: not Grafana's looks, but its numbers. */
export type Row = Readonly<Record<string, string | number | boolean | null>>
export interface DrawnPanel {
  readonly type: string
  readonly title: string
  readonly unit: string
  readonly box: { readonly x: number; readonly y: number; readonly w: number; readonly h: number }
  readonly rows: readonly Row[]
}

const colors: Readonly<Record<string, string>> = {
  run: '#1f7a4d',
  standby: '#c9a227',
  off: '#8a8f98',
  fault: '#c0392b',
  unknown: '#b8a9d9',
}
const others = ['#2f6db5', '#7a5fb0', '#b5612f', '#3a8f8f', '#a33b6b']
const esc = (text: unknown) => String(text).replaceAll('&', '&amp;').replaceAll('<', '&lt;')
const num = (value: unknown) => (typeof value === 'number' ? value : Number.NaN)
const shown = (value: number, unit: string) =>
  Number.isNaN(value)
    ? 'n/a'
    : `${value.toFixed(unit === 'short' ? 0 : 1)}${unit === 'percent' ? ' %' : unit === 'h' ? ' h' : unit === 'watt' ? ' W' : ''}`

export function drawPanel(panel: DrawnPanel): string {
  const { x, y, w, h } = panel.box
  const frame = `<rect x="${x}" y="${y}" width="${w}" height="${h}" rx="4" fill="#fff" stroke="#d5d9e0"/><text x="${x + 10}" y="${y + 18}" font-size="12" font-weight="600" fill="#333">${esc(panel.title)}</text>`
  const inner = { x: x + 10, y: y + 28, w: w - 20, h: h - 38 }
  const draw = drawers[panel.type] ?? drawTable
  return `${frame}${panel.rows.length === 0 ? label(inner.x, inner.y + 14, 'no data') : draw({ ...panel, box: inner })}`
}

const label = (x: number, y: number, text: string, size = 11, anchor = 'start') =>
  `<text x="${x.toFixed(1)}" y="${y.toFixed(1)}" font-size="${size}" fill="#444" text-anchor="${anchor}">${esc(text)}</text>`

const tagNames = ['time', 'site', 'instrument', 'gateway', 'how']
const columnsOf = (rows: readonly Row[]) =>
  Object.keys(rows[0] ?? {}).filter((name) => !tagNames.includes(name))

function drawStat({ box, rows, unit }: DrawnPanel): string {
  const [name = ''] = columnsOf(rows)
  return `<text x="${box.x + box.w / 2}" y="${box.y + box.h / 2 + 10}" font-size="26" font-weight="600" fill="#1f7a4d" text-anchor="middle">${shown(num(rows.at(-1)?.[name]), unit)}</text>`
}

function drawBars({ box, rows, unit }: DrawnPanel): string {
  const [name = ''] = columnsOf(rows)
  const sorted = [...rows].sort((a, b) => num(b[name]) - num(a[name]))
  const most = Math.max(...sorted.map((row) => num(row[name])), 1e-9)
  const step = Math.min(20, box.h / sorted.length)
  return sorted
    .map((row, i) => {
      const top = box.y + i * step
      const length = (Math.max(0, num(row[name])) / most) * (box.w - 240)
      return `${label(box.x, top + step * 0.7, String(row['instrument']), 10)}<rect x="${box.x + 150}" y="${top.toFixed(1)}" width="${length.toFixed(1)}" height="${(step * 0.75).toFixed(1)}" fill="#2f6db5"/>${label(box.x + 156 + length, top + step * 0.7, shown(num(row[name]), unit), 10)}`
    })
    .join('')
}

function drawTable({ box, rows }: DrawnPanel): string {
  const names = Object.keys(rows[0] ?? {}).filter((name) => name !== 'time')
  const width = box.w / names.length
  const fits = Math.floor(box.h / 16) - 1
  const lines = [Object.fromEntries(names.map((name) => [name, name])), ...rows.slice(0, fits)]
  return lines
    .flatMap((row, i) =>
      names.map((name, column) => {
        const value = row[name]
        const text = typeof value === 'number' ? String(Math.round(value * 100) / 100) : String(value ?? '')
        return label(box.x + column * width, box.y + 10 + i * 16, text.slice(0, Math.floor(width / 6)), 10)
      }),
    )
    .join('')
}

interface Scale {
  readonly at: (time: number) => number
  readonly up: (value: number) => number
}

function scaleOf(box: DrawnPanel['box'], rows: readonly Row[], most: number): Scale {
  const times = rows.map(({ time }) => num(time))
  const first = Math.min(...times)
  const span = Math.max(Math.max(...times) - first, 1)
  return {
    at: (time) => box.x + 40 + ((time - first) / span) * (box.w - 60),
    up: (value) => box.y + box.h - 14 - (Math.max(0, value) / most) * (box.h - 24),
  }
}

function axis(
  box: DrawnPanel['box'],
  rows: readonly Row[],
  scale: Scale,
  most: number,
  unit: string,
): string {
  const times = rows.map(({ time }) => num(time))
  const ends = [Math.min(...times), Math.max(...times)]
  const dates = ends.map((time, i) =>
    label(
      scale.at(time),
      box.y + box.h,
      new Date(time + 28_800_000).toISOString().slice(5, 16).replace('T', ' '),
      9,
      i === 0 ? 'start' : 'end',
    ),
  )
  return `${dates.join('')}${label(box.x, scale.up(most) + 4, shown(most, unit), 9)}<line x1="${box.x + 38}" x2="${box.x + box.w - 18}" y1="${scale.up(0)}" y2="${scale.up(0)}" stroke="#ccc"/>`
}

function drawSeries(panel: DrawnPanel): string {
  const { box, rows, unit } = panel
  const columns = columnsOf(rows)
  const isStack = columns.includes('run') && columns.includes('off')
  const total = (row: Row) => columns.reduce((sum, name) => sum + (num(row[name]) || 0), 0)
  const most = Math.max(
    ...rows.map((row) => (isStack ? total(row) : Math.max(...columns.map((name) => num(row[name]) || 0)))),
    1e-9,
  )
  // Bars stand on both sides of their instant: the first and last need room.
  const half = isStack ? ((box.w - 60) / rows.length) * 0.5 : 0
  const scale = scaleOf({ ...box, x: box.x + half, w: box.w - 2 * half }, rows, most)
  const body = isStack ? stack(rows, columns, scale, box) : lines(rows, columns, scale)
  return axis(box, rows, scale, most, unit) + body
}

function stack(
  rows: readonly Row[],
  columns: readonly string[],
  scale: Scale,
  box: DrawnPanel['box'],
): string {
  const width = ((box.w - 60) / rows.length) * 0.7
  return rows
    .map((row) => {
      let base = 0
      return columns
        .map((name) => {
          const value = num(row[name]) || 0
          const top = scale.up(base + value)
          const bar = `<rect x="${(scale.at(num(row['time'])) - width / 2).toFixed(1)}" y="${top.toFixed(1)}" width="${width.toFixed(1)}" height="${(scale.up(base) - top).toFixed(1)}" fill="${colors[name] ?? '#888'}"/>`
          base += value
          return bar
        })
        .join('')
    })
    .join('')
}

function lines(rows: readonly Row[], columns: readonly string[], scale: Scale): string {
  const groups = Map.groupBy(rows, (row) => [row['site'], row['gateway'], row['instrument']].join(' '))
  return [...groups.values()]
    .flatMap((group, g) =>
      columns.map((name, i) => {
        const points = group
          .filter((row) => !Number.isNaN(num(row[name])))
          .map((row) => `${scale.at(num(row['time'])).toFixed(1)},${scale.up(num(row[name])).toFixed(1)}`)
        return `<polyline fill="none" stroke="${others[(g + i) % others.length] ?? '#333'}" stroke-width="1.2" points="${points.join(' ')}"/>`
      }),
    )
    .join('')
}

function drawStates({ box, rows }: DrawnPanel): string {
  const scale = scaleOf({ ...box, x: box.x - 40, w: box.w + 60 }, rows, 1)
  const rects = rows.map((row, i) => {
    const from = scale.at(num(row['time']))
    const to = scale.at(num(rows[i + 1]?.['time'] ?? row['time']))
    return `<rect x="${from.toFixed(1)}" y="${box.y}" width="${(to - from + 0.2).toFixed(1)}" height="${box.h - 24}" fill="${colors[String(row['state'])] ?? '#888'}"/>`
  })
  const legend = Object.entries(colors).map(
    ([state, color], i) =>
      `<rect x="${box.x + i * 90}" y="${box.y + box.h - 12}" width="10" height="10" fill="${color}"/>${label(box.x + 14 + i * 90, box.y + box.h - 3, state, 10)}`,
  )
  return rects.join('') + legend.join('')
}

function drawHeatmap({ box, rows }: DrawnPanel): string {
  const [name = ''] = columnsOf(rows)
  const most = Math.max(...rows.map((row) => num(row[name])), 1e-9)
  const scale = scaleOf(box, rows, most)
  const dots = rows.map(
    (row) =>
      `<rect x="${scale.at(num(row['time'])).toFixed(1)}" y="${(scale.up(num(row[name])) - 3).toFixed(1)}" width="3" height="6" fill="#1f7a4d" fill-opacity="0.35"/>`,
  )
  return axis(box, rows, scale, most, 'watt') + dots.join('')
}

/** 168 shares as 7 rows of 24 cells, Monday first: what Grafana's transformations make of the same table. */
function drawWeek({ box, rows }: DrawnPanel): string {
  const cell = { w: (box.w - 40) / 24, h: (box.h - 16) / 7 }
  const days = ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun'].map((day, i) =>
    label(box.x, box.y + (i + 0.7) * cell.h, day, 10),
  )
  const cells = rows.map((row) => {
    const how = Number(row['how'])
    const x = box.x + 36 + (how % 24) * cell.w
    const y = box.y + Math.floor(how / 24) * cell.h
    const share = num(row['share'])
    return `<rect x="${x.toFixed(1)}" y="${y.toFixed(1)}" width="${(cell.w - 1).toFixed(1)}" height="${(cell.h - 1).toFixed(1)}" fill="#1f7a4d" fill-opacity="${(share / 100).toFixed(2)}" stroke="#e5e8ec"/>`
  })
  return days.join('') + cells.join('')
}

const drawers: Readonly<Record<string, (panel: DrawnPanel) => string>> = {
  stat: drawStat,
  bargauge: drawBars,
  timeseries: drawSeries,
  'state-timeline': drawStates,
  heatmap: drawHeatmap,
  week: drawWeek,
}
