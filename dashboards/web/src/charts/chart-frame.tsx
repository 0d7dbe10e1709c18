import type { ComponentChildren } from 'preact'
import { useId, useState } from 'preact/hooks'
import { type Cell, csvOf, download } from '../csv.ts'
import { text } from '../text/text.ts'

/** The same data as rows: shown instead of the chart, and downloaded. */
export interface Rows {
  readonly name: string
  readonly head: readonly string[]
  /** Cells as shown; built only when asked for. */
  readonly body: () => readonly (readonly Cell[])[]
  /** As `body`, but in machine units, for the file; `body` where absent. */
  readonly file?: () => readonly (readonly Cell[])[]
  /** Names of the columns of `file`; `head` where absent. */
  readonly fileHead?: readonly string[]
}

interface FrameProps {
  readonly title: string
  readonly help?: string | undefined
  readonly rows: Rows
  readonly children: ComponentChildren
  readonly level?: 2 | 3
}

const shownRows = 400

/** A chart with its heading, its table of the same data and its CSV. */
export function ChartFrame({ title, help, rows, children, level = 2 }: FrameProps) {
  const [asTable, setAsTable] = useState(false)
  const id = useId()
  const words = text.value.chart
  const Heading = level === 2 ? 'h2' : 'h3'
  return (
    <figure class="chart" aria-labelledby={id}>
      <div class="chart-head">
        <Heading id={id}>{title}</Heading>
        <div class="chart-tools no-print">
          <button type="button" class="plain" aria-pressed={asTable} onClick={() => setAsTable(!asTable)}>
            {words.table}
            <span class="hidden">: {title}</span>
          </button>
          <CsvButton rows={rows} title={title} />
        </div>
        {help === undefined ? null : <p>{help}</p>}
      </div>
      {asTable ? <DataTable rows={rows} title={title} /> : children}
    </figure>
  )
}

export function CsvButton({ rows, title }: { rows: Rows; title: string }) {
  const save = () =>
    download(`${rows.name}.csv`, csvOf([rows.fileHead ?? rows.head, ...(rows.file ?? rows.body)()]))
  return (
    <button type="button" class="plain no-print" onClick={save}>
      {text.value.chart.csv}
      <span class="hidden">: {title}</span>
    </button>
  )
}

function DataTable({ rows, title }: { rows: Rows; title: string }) {
  const body = rows.body()
  if (body.length === 0) return <p class="soft">{text.value.chart.noData}</p>
  return (
    <div class="scroll tall" tabIndex={0} role="region" aria-label={title}>
      <table class="dense">
        <thead>
          <tr>
            {rows.head.map((name) => (
              <th key={name} scope="col">
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {body.slice(0, shownRows).map((row, i) => (
            <tr key={i}>
              {row.map((cell, k) => (
                <td key={k} class={typeof cell === 'number' ? 'num' : undefined}>
                  {cell ?? ''}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
      {body.length > shownRows ? (
        <p class="soft small">
          {shownRows} / {body.length}: {text.value.chart.csv}
        </p>
      ) : null}
    </div>
  )
}
