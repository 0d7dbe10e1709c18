import { api, itemsOf } from '../api-client.ts'
import type { ClaimSum } from '../api-shapes.ts'
import { CsvButton } from '../charts/chart-frame.tsx'
import { type Column, PlainTable } from '../data-table.tsx'
import { hours, nameOf } from '../format.ts'
import { useResource } from '../resource.ts'
import { text } from '../text/text.ts'

/** Claimed hours beside verified ones, of everything and of each organisation: a figure of its own. */
export function ClaimSums({ claims }: { claims: readonly ClaimSum[] }) {
  const words = text.value.reconciliation
  const organisations = itemsOf(useResource(api.organisations()).data ?? [])
  const shown = claims.filter(({ of }) => of === 'all' || of.startsWith('org:'))
  if (shown.length === 0) return null
  const unit = text.value.hour
  const named = (of: string) => {
    if (of === 'all') return text.value.fleet.all
    const id = of.slice('org:'.length)
    return nameOf(organisations.find((one) => one.id === id)?.names, id)
  }
  const columns: Column<ClaimSum>[] = [
    { name: text.value.fleet.scope, cell: ({ of }) => named(of) },
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
