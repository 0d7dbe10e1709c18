import type { ComponentChildren } from 'preact'

export interface Column<T> {
  readonly name: string
  readonly cell: (row: T) => ComponentChildren
  readonly number?: boolean
  readonly title?: string
}

interface Props<T> {
  readonly label: string
  readonly columns: readonly Column<T>[]
  readonly rows: readonly T[]
  readonly keyOf: (row: T) => string | number
}

/** A plain table that scrolls sideways on a phone; its first column names the row. */
export function PlainTable<T>({ label, columns, rows, keyOf }: Props<T>) {
  return (
    <div class="scroll" tabIndex={0} role="region" aria-label={label}>
      <table>
        <thead>
          <tr>
            {columns.map(({ name, number, title }) => (
              <th key={name} scope="col" class={number === true ? 'num' : undefined} title={title}>
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={keyOf(row)}>
              {columns.map(({ name, cell, number }, i) =>
                i === 0 ? (
                  <th key={name} scope="row">
                    {cell(row)}
                  </th>
                ) : (
                  <td key={name} class={number === true ? 'num' : undefined}>
                    {cell(row)}
                  </td>
                ),
              )}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}
