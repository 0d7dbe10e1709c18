import { api, itemsOf } from '../api-client.ts'
import type { Issue } from '../api-shapes.ts'
import { CsvButton } from '../charts/chart-frame.tsx'
import { type Column, PlainTable } from '../data-table.tsx'
import { duration, hours, nameOf, none, shortUser, when } from '../format.ts'
import { FaultNotice, Notice, Waiting } from '../notice.tsx'
import { Pager } from '../pager.tsx'
import { askedPeriod, PeriodField } from '../period-field.tsx'
import { PrintLine } from '../print-line.tsx'
import { useResource } from '../resource.ts'
import { place } from '../route.ts'
import { instrumentAddress } from '../routes.ts'
import { ScopeField, scopeName } from '../scope-field.tsx'
import { useSiteZone } from '../site-zone.ts'
import { text } from '../text/text.ts'
import { ClaimSums } from './claim-sums.tsx'
import { IssueCounts } from './issue-counts.tsx'

const room = 2 * 3_600_000

/** Where bookings and claims differ from what the instrument did; each a click from the timeline. */
export function ReconciliationView() {
  const words = text.value.reconciliation
  const siteZone = useSiteZone()
  const kind = place.value.query.get('kind') ?? ''
  // A month: of a year every stretch of every instrument would be compared.
  const period = askedPeriod(siteZone, 'month')
  const scope = place.value.query.get('scope') ?? 'all'
  const cursor = place.value.query.get('cursor')
  const organisations = itemsOf(useResource(api.organisations()).data ?? [])
  const answer = useResource(api.reconciliation({ scope, period, kind, limit: 100, cursor }))
  const { data } = answer
  return (
    <>
      <h1>{words.title}</h1>
      <p class="lead">{words.intro}</p>
      <div class="filters">
        <ScopeField organisations={organisations} value={scope} />
        <PeriodField zone={siteZone} value={period} />
      </div>
      <PrintLine scope={scopeName(scope, organisations)} period={period} zone={siteZone} />
      <FaultNotice of={answer} />
      {data ? (
        <>
          <IssueCounts counts={data.counts ?? {}} kind={kind} />
          <ClaimSums claims={data.claims ?? []} organisations={organisations} />
          <Issues items={data.items} zone={siteZone} />
          {data.items.length > 0 ? (
            <Pager of={data} rows={data.items.length} total={totalOf(data.counts ?? {}, kind)} />
          ) : null}
        </>
      ) : answer.fault ? null : (
        <Waiting height={480} />
      )}
    </>
  )
}

/** All rows of the list that is on show, of one kind or of every kind. */
const totalOf = (counts: Readonly<Record<string, number>>, kind: string): number =>
  kind === '' ? Object.values(counts).reduce((sum, n) => sum + n, 0) : (counts[kind] ?? 0)

const differenceOf = ({ claimed, verified }: Issue) =>
  claimed === null || claimed === undefined || verified === null || verified === undefined
    ? null
    : claimed - verified
/** Within one civil day the date once; of whole days only dates, the last one included. */
function whenOf({ from, to }: Issue, zone: string): string {
  const [first, last] = [when('day', from, zone), when('day', to - 1, zone)]
  if (when('seconds', from, zone) === when('seconds', to, zone))
    return first === last ? first : `${first} – ${last}`
  return `${when('dateTime', from, zone)} – ${when(first === last ? 'time' : 'dateTime', to, zone)}`
}
const shown = (ms: number | null | undefined) => (ms === null || ms === undefined ? none : hours(ms))

function Issues({ items, zone: siteZone }: { items: readonly Issue[]; zone: string }) {
  const zoneOf = ({ zone }: Issue) => zone ?? siteZone
  const words = text.value.reconciliation
  if (items.length === 0)
    return (
      <Notice title={words.nothing}>
        <p>{words.nothingDo}</p>
      </Notice>
    )
  const address = ({ instrument, from, to }: Issue) =>
    `${instrumentAddress(instrument)}?from=${from - room}&to=${to + room}`
  const columns: Column<Issue>[] = [
    {
      name: words.kind,
      cell: ({ kind, measure }) => {
        const of = measure === null || measure === undefined ? '' : ` · ${words.measures[measure] ?? measure}`
        return `${words.kinds[kind] ?? kind}${of}`
      },
    },
    {
      name: words.instrument,
      cell: (item) => <a href={address(item)}>{nameOf(item.names, item.instrument)}</a>,
    },
    {
      name: words.when,
      cell: (item) => whenOf(item, zoneOf(item)),
    },
    { name: words.who, cell: ({ user }) => (user ? <span title={user}>{shortUser(user)}</span> : none) },
    {
      name: words.lasts,
      number: true,
      cell: ({ ms }) => (ms === undefined ? none : duration(ms)),
    },
    { name: `${words.claimed}, ${text.value.hour}`, number: true, cell: ({ claimed }) => shown(claimed) },
    { name: `${words.verified}, ${text.value.hour}`, number: true, cell: ({ verified }) => shown(verified) },
    {
      name: `${words.difference}, ${text.value.hour}`,
      number: true,
      cell: (item) => shown(differenceOf(item)),
    },
  ]
  const file = {
    name: 'reconciliation',
    head: ['kind', 'measure', 'instrument', 'from_utc', 'to_utc', 'ms', 'user', 'claimed_ms', 'verified_ms'],
    body: () =>
      items.map(({ kind, measure, instrument, from, to, ms, user, claimed, verified }) => [
        kind,
        measure,
        instrument,
        new Date(from).toISOString(),
        new Date(to).toISOString(),
        ms,
        user,
        claimed,
        verified,
      ]),
  }
  return (
    <section>
      <PlainTable
        label={words.title}
        columns={columns}
        rows={items}
        keyOf={({ kind, measure, instrument, from, session }) =>
          `${kind} ${measure ?? ''} ${instrument} ${from} ${session ?? ''}`
        }
      />
      <CsvButton rows={file} title={words.title} />
    </section>
  )
}
