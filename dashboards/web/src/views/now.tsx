import type { InstrumentList } from '@hours/protocol'
import { FaultNotice, Notice, Waiting } from '../notice.tsx'
import { Pager } from '../pager.tsx'
import type { Resource } from '../resource.ts'
import { place, setQuery } from '../route.ts'
import { text } from '../text/text.ts'
import { Kiosk } from './kiosk.tsx'
import { CountsBar } from './now-counts.tsx'
import { NowFilters } from './now-filters.tsx'
import { Headline } from './now-headline.tsx'
import { NowMeta } from './now-meta.tsx'
import { FleetTable } from './now-table.tsx'
import { allOf, useFleet } from './use-fleet.ts'

const pageSize = 50

/** What every instrument does at this moment. */
export function NowView() {
  return place.value.query.has('kiosk') ? <Kiosk /> : <FleetList />
}

function FleetList() {
  const { query } = place.value
  const list = useFleet({
    q: query.get('q'),
    state: query.get('state'),
    organisation: query.get('organisation'),
    sort: query.get('sort') ?? 'name',
    limit: pageSize,
    cursor: query.get('cursor'),
  })
  const { data } = list
  return (
    <>
      <header class="now-head">
        <Headline counts={data?.counts} isFiltered={isFiltered()} />
        <NowMeta zone={data?.items[0]?.zone} kioskLink />
        <CountsBar counts={data?.counts} />
      </header>
      <NowFilters />
      <FaultNotice of={list} />
      <div class="fleet">
        {data ? <Rows list={list} data={data} /> : list.fault ? null : <Waiting height={640} />}
      </div>
      {data && data.items.length > 0 ? <Pager of={data} rows={data.items.length} total={data.total} /> : null}
    </>
  )
}

const isFiltered = () => ['q', 'state', 'organisation'].some((name) => place.value.query.has(name))

function Rows({ list, data }: { list: Resource<InstrumentList>; data: InstrumentList }) {
  const words = text.value.now
  if (data.items.length > 0) return <FleetTable items={data.items} askedAt={list.askedAt} />
  if (!isFiltered() && allOf(data.counts) === 0)
    return (
      <Notice title={words.empty}>
        <p>{words.emptyDo}</p>
        <a class="button" href="/setup">
          {text.value.nav.setup}
        </a>
      </Notice>
    )
  return (
    <Notice title={words.nothingDo}>
      <button
        type="button"
        class="button quiet"
        onClick={() => setQuery({ q: null, state: null, organisation: null, cursor: null })}
      >
        {words.clear}
      </button>
    </Notice>
  )
}
