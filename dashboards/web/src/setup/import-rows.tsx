import type { ImportResult, ImportRow } from '../api-shapes.ts'
import { CsvButton } from '../charts/chart-frame.tsx'
import { type Column, PlainTable } from '../data-table.tsx'
import { count } from '../format.ts'
import { text } from '../text/text.ts'

const shown = 500

/** Refused first, then what waits or is odd, then the rest; each in the order of the file. */
const weightOf = ({ fate, warnings = [] }: ImportRow): number =>
  fate === 'refused' ? 0 : fate === 'correction' ? 1 : warnings.length > 0 ? 2 : 3

/** The fate of each row: how many of each, what has to be mended first, and that as a file to mend it by. */
export function ImportRows({ of, name }: { of: ImportResult; name: string }) {
  const words = text.value.setup
  const rows = [...of.rows].sort((a, b) => weightOf(a) - weightOf(b) || a.row - b.row)
  const toMend = rows.filter((row) => weightOf(row) < 3)
  const sums = [
    [words.fates['accepted'], of.accepted],
    [words.fates['repeated'], of.repeated ?? 0],
    [words.fates['correction'], of.corrections ?? 0],
    [words.fates['refused'], of.refused],
  ] as const
  return (
    <>
      <p class="facts">
        {sums.map(([fate, n]) => (
          <span key={fate}>
            <b>{count(n)}</b> {fate}
          </span>
        ))}
      </p>
      {of.ignored && of.ignored.length > 0 ? <p class="soft">{words.ignored(of.ignored)}</p> : null}
      <PlainTable
        label={words.dryRun}
        rows={rows.slice(0, shown)}
        keyOf={({ row }) => row}
        columns={columns()}
      />
      {rows.length > shown ? (
        <p class="soft small">{words.rowsShown(count(shown), count(rows.length))}</p>
      ) : null}
      {toMend.length > 0 ? (
        <p class="row">
          <span class="soft small">{words.toMend(toMend.length)}</span>
          <CsvButton
            title={words.toMend(toMend.length)}
            rows={{
              name: `to-correct-${name.replace(/\.\w+$/, '')}`,
              head: ['row', 'line', 'fate', 'field', 'value', 'reason', 'fix'],
              body: () =>
                toMend.map((row) => [
                  ...[row.row, row.line, row.fate, row.field ?? warnedOf(row), row.value, reasonOf(row)],
                  row.fix,
                ]),
            }}
          />
        </p>
      ) : null}
    </>
  )
}

const warnedOf = ({ warnings = [] }: ImportRow) => warnings.find(({ field }) => field)?.field
const reasonOf = ({ reason, warnings = [] }: ImportRow) =>
  [reason, ...warnings.map((one) => one.reason)].filter((one) => one).join('; ')

function columns(): Column<ImportRow>[] {
  const words = text.value.setup
  return [
    { name: words.row, cell: ({ row }) => row },
    { name: words.line, number: true, cell: ({ line }) => line ?? '' },
    { name: words.fate, cell: ({ fate }) => words.fates[fate] ?? fate },
    {
      name: words.field,
      cell: ({ field, value }) =>
        field ? (
          <>
            {field} {value ? <code>{value.slice(0, 60)}</code> : null}
          </>
        ) : (
          ''
        ),
    },
    { name: words.reason, cell: reasonOf },
    { name: words.fix, cell: ({ fix }) => fix ?? '' },
  ]
}
