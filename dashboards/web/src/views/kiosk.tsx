import type { InstrumentList } from '@hours/protocol'
import { CountBar } from '../charts/count-bar.tsx'
import { fillOf } from '../charts/patterns.tsx'
import { nameOf } from '../format.ts'
import { withLive } from '../live.ts'
import { FaultNotice } from '../notice.tsx'
import type { Resource } from '../resource.ts'
import { setQuery } from '../route.ts'
import { instrumentAddress } from '../routes.ts'
import { simulated } from '../simulated.ts'
import { text } from '../text/text.ts'
import { NowMeta } from './now-meta.tsx'
import { Since } from './now-table.tsx'

/** For a wall screen: one tile an instrument, readable from across the room. */
export function Kiosk({ list }: { list: Resource<InstrumentList> }) {
  const words = text.value.now
  const { data } = list
  const all = data ? Object.values(data.counts).reduce((sum, n) => sum + n, 0) : 0
  return (
    <main class="kiosk" id="content">
      <header class="now-head">
        <div class="row spread">
          <h1>{data ? words.running(data.counts.run, all) : words.title}</h1>
          <span class="row">
            {simulated.value ? <span class="stamp">{text.value.simulated}</span> : null}
            <button type="button" class="plain" onClick={() => setQuery({ kiosk: null })}>
              {words.leaveKiosk}
            </button>
          </span>
        </div>
        <NowMeta zone={data?.items[0]?.zone} />
        <CountBar counts={data?.counts ?? {}} height={28} />
      </header>
      <div>
        <FaultNotice of={list} />
        <ul class="tiles">
          {data?.items.map((item) => {
            const now = withLive(item, data.now - 30_000)
            return (
              <li key={item.key}>
                <a class="tile" href={instrumentAddress(item.key)}>
                  <svg aria-hidden="true">
                    <rect width="100%" height="100%" fill={fillOf(now.state)} />
                  </svg>
                  <div>
                    <strong>{nameOf(item.names, item.key)}</strong>
                    <p class="big">{text.value.states[now.state]}</p>
                    <Since item={now} />
                  </div>
                </a>
              </li>
            )
          })}
        </ul>
      </div>
    </main>
  )
}
