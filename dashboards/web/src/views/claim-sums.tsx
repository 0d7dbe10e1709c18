import type { ClaimSum, Organisation } from '../api-shapes.ts'
import { CsvButton } from '../charts/chart-frame.tsx'
import { type Column, PlainTable } from '../data-table.tsx'
import { hours } from '../format.ts'
import { scopeName } from '../scope-field.tsx'
import { text } from '../text/text.ts'

interface Props {
  readonly claims: readonly ClaimSum[]
  readonly organisations: readonly Organisation[]
}

/** Claimed hours beside verified ones, of everything and of each organisation: a figure of its own. */
export function ClaimSums({ claims, organisations }: Props) {
  const words = text.value.reconciliation
  const shown = claims.filter(({ of }) => of === 'all' || of.startsWith('org:'))
  if (shown.length === 0) return null
  const unit = text.value.hour
  const columns: Column<ClaimSum>[] = [
    { name: text.value.fleet.scope, cell: ({ of }) => scopeName(of, organisations) },
    { name: words.kind, cell: ({ measure }) => words.measures[measure] ?? measure },
    { name: `${words.claimed}, ${unit}`, number: true, cell: ({ claimed }) => hours(claimed) },
    { name: `${words.verified}, ${unit}`, number: true, cell: ({ verified }) => hours(verified) },
    { name: `${words.difference}, ${unit}`, number: true, cell: ({ difference }) => hours(difference) },
    {
      name: `${words.unexplained}, ${unit}`,
      title: words.unexplainedHelp,
      number: true,
      cell: ({ unexplained }) => hours(unexplained),
    },
  ]
  const file = {
    name: 'claims',
    head: ['of', 'measure', 'claimed_ms', 'verified_ms', 'difference_ms', 'unexplained_ms'],
    body: () =>
      claims.map(({ of, measure, claimed, verified, difference, unexplained }) => [
        ...[of, measure, claimed, verified, difference, unexplained],
      ]),
  }
  return (
    <section>
      <h2>{words.claims}</h2>
      <PlainTable
        label={words.claims}
        columns={columns}
        rows={shown}
        keyOf={({ of, measure }) => `${of} ${measure}`}
      />
      <CsvButton rows={file} title={words.claims} />
    </section>
  )
}
