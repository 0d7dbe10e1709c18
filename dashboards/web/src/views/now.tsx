import type { InstrumentList } from '@hours/protocol'
import { useEffect, useRef, useState } from 'preact/hooks'
import { api } from '../api-client.ts'
import { setServerNow } from '../clock.ts'
import { live, withLive } from '../live.ts'
import { FaultNotice, Notice, Waiting } from '../notice.tsx'
import { useResource } from '../resource.ts'
import { place, setQuery } from '../route.ts'
import { noteSimulated } from '../simulated.ts'
import { text } from '../text/text.ts'
import { CountsBar } from './now-counts.tsx'
import { NowFilters } from './now-filters.tsx'
import { NowMeta } from './now-meta.tsx'
import { FleetTable } from './now-table.tsx'
import { Kiosk } from './kiosk.tsx'

const pageSize = 50
const everyMs = 30_000
const followMs = 4_000

/** What every instrument does at this moment. */
export function NowView() {
  const { query } = place.value
  const kiosk = query.has('kiosk')
  const [before, setBefore] = useState<readonly string[]>([])
  const cursor = query.get('cursor')
  const list = useResource(
    api.instruments({
      q: query.get('q'),
      state: query.get('state'),
      organisation: query.get('organisation'),
      sort: query.get('sort') ?? (kiosk ? 'state' : 'name'),
      limit: kiosk ? 200 : pageSize,
      cursor,
    }),
    everyMs,
  )
  const { data } = list
  useEffect(() => {
    if (!data) return
    setServerNow(data.now)
    noteSimulated(data.simulated)
  }, [data])
  const changes = live.value
  const due = useRef<ReturnType<typeof setTimeout> | undefined>(undefined)
  useEffect(() => {
    // Rows change at once; the counts, the order and the filter follow with one question for all changes.
    if (changes.size === 0) return
    due.current ??= setTimeout(() => {
      due.current = undefined
      list.refresh()
    }, followMs)
  }, [changes])
  useEffect(() => () => clearTimeout(due.current), [])
  useEffect(() => {
    if (cursor === null) setBefore([])
  }, [cursor])

  if (kiosk) return <Kiosk list={list} />
  const next = () => {
    setBefore([...before, cursor ?? ''])
    setQuery({ cursor: data?.next ?? null }, false)
    scrollTo(0, 0)
  }
  return (
    <>
      <NowHead data={data} />
      <NowFilters />
      <FaultNotice of={list} />
      <div class="fleet">{data ? <Rows data={data} /> : list.fault ? null : <Waiting height={640} />}</div>
      {data && data.items.length > 0 ? (
        <Pager data={data} skipped={before.length * pageSize} next={next} />
      ) : null}
    </>
  )
}

function NowHead({ data }: { data: InstrumentList | undefined }) {
  const words = text.value.now
  const run = data?.counts.run ?? 0
  const all = data ? Object.values(data.counts).reduce((sum, n) => sum + n, 0) : 0
  const silent = data?.counts.unknown ?? 0
  return (
    <header class="now-head">
      <h1>{data ? (run === 0 ? words.noneRunning(all) : words.running(run, all)) : words.title}</h1>
      <p class="now-silent">{data ? (silent > 0 ? words.silent(silent) : words.allHeard) : '\u00a0'}</p>
      <NowMeta zone={data?.items[0]?.zone} kioskLink />
      <CountsBar counts={data?.counts} />
    </header>
  )
}

function Rows({ data }: { data: InstrumentList }) {
  const words = text.value.now
  const { query } = place.value
  const filtered = ['q', 'state', 'organisation', 'cursor'].some((name) => query.has(name))
  if (data.items.length > 0)
    return <FleetTable items={data.items.map((item) => withLive(item, data.now - everyMs))} now={data.now} />
  if (!filtered)
    return (
      <Notice title={words.empty}>
        <p>{words.emptyDo}</p>
        <a class="button" href="/setup">
          {text.value.nav.setup}
        </a>
      </Notice>
    )
  return (
    <Notice title={words.nothing}>
      <p>{words.nothingDo}</p>
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

function Pager({ data, skipped, next }: { data: InstrumentList; skipped: number; next: () => void }) {
  const words = text.value.now
  return (
    <nav class="pager" aria-label={words.more}>
      <span class="soft small">{words.shown(skipped + 1, skipped + data.items.length, data.total)}</span>
      <span class="row">
        {place.value.query.has('cursor') ? (
          <button type="button" class="button quiet" onClick={() => setQuery({ cursor: null })}>
            {words.first}
          </button>
        ) : null}
        {data.next === null ? null : (
          <button type="button" class="button quiet" onClick={next}>
            {words.more}
          </button>
        )}
      </span>
    </nav>
  )
}
