import type { InstrumentList } from '@hours/protocol'
import { useRef, useState } from 'preact/hooks'
import { CountBar } from '../charts/count-bar.tsx'
import { serverNow } from '../clock.ts'
import { count, when } from '../format.ts'
import { FaultNotice, Notice } from '../notice.tsx'
import { Pager } from '../pager.tsx'
import type { Resource } from '../resource.ts'
import { place, setQuery } from '../route.ts'
import { simulated } from '../simulated.ts'
import { Swatch } from '../state-mark.tsx'
import { states } from '../states.ts'
import { text } from '../text/text.ts'
import { KioskTiles } from './kiosk-tiles.tsx'
import { Headline } from './now-headline.tsx'
import { NowMeta } from './now-meta.tsx'
import { allOf, useFleet } from './use-fleet.ts'
import { type Rotation, useRotation } from './use-rotation.ts'
import { useIsSmall, useSurface, useWakeLock } from './use-wall.ts'
import { wallCapacity } from './wall-layout.ts'

/** For a wall screen: one tile an instrument, as large as they fit; more than fit take turns. On a phone a list. */
export function Kiosk() {
  useWakeLock()
  return useIsSmall() ? <SmallKiosk /> : <WallKiosk />
}

const asked = (limit: number, cursor: string | null) => {
  const { query } = place.value
  const [q, state, organisation] = ['q', 'state', 'organisation'].map((name) => query.get(name))
  return { q, state, organisation, sort: query.get('sort') ?? 'state', limit, cursor }
}

function SmallKiosk() {
  const list = useFleet(asked(100, place.value.query.get('cursor')))
  const { data } = list
  return (
    <main class="kiosk small-kiosk" id="content">
      <KioskHead list={list} />
      <State list={list} />
      {data ? <KioskTiles items={data.items} askedAt={list.askedAt} /> : null}
      {data && data.items.length > 0 ? <Pager of={data} rows={data.items.length} total={data.total} /> : null}
    </main>
  )
}

/** The API gives so many at once. */
const mostAtOnce = 200

function WallKiosk() {
  const ref = useRef<HTMLDivElement>(null)
  const surface = useSurface(ref)
  const size = surface ? Math.min(mostAtOnce, wallCapacity(surface)) : mostAtOnce
  const [total, setTotal] = useState(0)
  const rotation = useRotation(Math.max(1, Math.ceil(total / size)))
  // A cursor of this list is the number of rows before it.
  const cursor = rotation.page === 0 ? null : String(rotation.page * size)
  const list = useFleet(surface ? asked(size, cursor) : null)
  const { data } = list
  if (data && data.total !== total) setTotal(data.total)
  return (
    <main class="kiosk" id="content">
      <KioskHead list={list} />
      <div ref={ref} class="kiosk-body">
        <State list={list} />
        {data && surface ? (
          <KioskTiles items={data.items} askedAt={list.askedAt} surface={surface} isOld={isOld(list)} />
        ) : null}
      </div>
      <KioskFoot rotation={rotation} pages={Math.ceil(total / size)} />
    </main>
  )
}

/** What was asked for longer ago than this (ms) is no longer the present, and must not look like it. */
const oldMs = 120_000
const isOld = (list: Resource<InstrumentList>) =>
  list.fault !== undefined && performance.now() - list.askedAt > oldMs

function KioskHead({ list }: { list: Resource<InstrumentList> }) {
  const { data } = list
  const zone = data?.items[0]?.zone
  return (
    <header class="kiosk-head">
      <Headline counts={data?.counts} />
      <p class="kiosk-clock" aria-hidden="true">
        {zone === undefined ? '\u00a0' : when('time', serverNow.value, zone)}
      </p>
      <div class="kiosk-counts">
        <CountBar counts={data?.counts ?? {}} height={26} />
        <div class="row spread">
          <ul class="legend">
            {states.map((state) => (
              <li key={state} class="state">
                <Swatch state={state} size={18} /> <b>{data ? count(data.counts[state]) : '\u2007'}</b>{' '}
                {text.value.states[state]}
              </li>
            ))}
          </ul>
          <NowMeta zone={zone} />
        </div>
      </div>
    </header>
  )
}

/** Why there is nothing to see, or why what is seen is old. */
function State({ list }: { list: Resource<InstrumentList> }) {
  const words = text.value.now
  const { data, fault } = list
  if (fault && data)
    return (
      <p class="kiosk-old" role="alert">
        {words.notRefreshed(when('time', data.now, data.items[0]?.zone ?? 'UTC'))}
      </p>
    )
  if (fault) return <FaultNotice of={list} />
  if (data && allOf(data.counts) === 0)
    return (
      <Notice title={words.empty}>
        <p>{words.emptyDo}</p>
      </Notice>
    )
  return data && data.items.length === 0 ? <Notice title={words.nothing} /> : null
}

function KioskFoot({ rotation, pages }: { rotation: Rotation; pages: number }) {
  const words = text.value.now
  return (
    <footer class="kiosk-foot">
      {simulated.value ? <span class="stamp">{text.value.simulated}</span> : null}
      {pages > 1 ? (
        <span class="row">
          <button
            type="button"
            class="plain"
            aria-label={text.value.pager.previous}
            onClick={() => rotation.turn(-1)}
          >
            ←
          </button>
          <b>
            {count(rotation.page + 1)} / {count(pages)}
          </b>
          <button
            type="button"
            class="plain"
            aria-label={text.value.pager.next}
            onClick={() => rotation.turn(1)}
          >
            →
          </button>
          <button type="button" class="plain" aria-pressed={rotation.isPaused} onClick={rotation.pause}>
            {words.pause}
          </button>
        </span>
      ) : null}
      <button type="button" class="plain" onClick={() => setQuery({ kiosk: null, cursor: null })}>
        {words.leaveKiosk}
      </button>
    </footer>
  )
}
