import { useState } from 'preact/hooks'
import { api } from '../api-client.ts'
import { useSettled } from '../use-settled.ts'
import { serverNow } from '../clock.ts'
import { nameOf } from '../format.ts'
import { FaultNotice, Notice, Waiting } from '../notice.tsx'
import { useResource } from '../resource.ts'
import { place, setQuery } from '../route.ts'
import { text } from '../text/text.ts'
import { LevelsInForce } from './levels-in-force.tsx'

const day = 86_400_000
const stepMs = 600_000
const shown = 50

/** How an instrument that reports already is sensed: chosen by name, its last week drawn, its levels changed. */
export function RunningLevels() {
  const words = text.value.setup
  const key = place.value.query.get('instrument') ?? ''
  const [search, setSearch] = useState('')
  const q = useSettled(search.trim())
  const list = useResource(api.instruments({ q, limit: shown, sort: 'name' }))
  const items = list.data?.items ?? []
  const more = (list.data?.total ?? 0) - items.length
  return (
    <section>
      <h2>{words.running}</h2>
      <p class="lead">{words.runningHelp}</p>
      <div class="filters">
        <label class="field">
          <span>{text.value.now.search}</span>
          <input
            type="search"
            value={search}
            placeholder={text.value.now.searchHint}
            onInput={(event) => setSearch(event.currentTarget.value)}
          />
        </label>
        <label class="field">
          <span>{words.traceOf}</span>
          <select value={key} onChange={(event) => setQuery({ instrument: event.currentTarget.value })}>
            <option value="">{words.traceNone}</option>
            {key === '' || items.some((one) => one.key === key) ? null : <option value={key}>{key}</option>}
            {items.map((one) => (
              <option key={one.key} value={one.key}>
                {nameOf(one.names, one.key).slice(0, 60)}
              </option>
            ))}
          </select>
          <small>{more > 0 ? words.searchMore(more) : '\u00a0'}</small>
        </label>
      </div>
      <FaultNotice of={list} />
      {key === '' ? null : <Sensing key={key} instrument={key} />}
    </section>
  )
}

function Sensing({ instrument }: { instrument: string }) {
  const words = text.value.setup
  const sensing = useResource(api.settings(instrument))
  const summary = useResource(api.instrument(instrument))
  const end = Math.floor(serverNow.value / stepMs) * stepMs
  const [from] = useState(end - 7 * day)
  const trace = useResource(api.power(instrument, from, from + 7 * day, stepMs))
  if (!sensing.data || !summary.data || !(trace.data || trace.fault))
    return sensing.fault ? (
      <FaultNotice of={sensing} />
    ) : summary.fault ? (
      <FaultNotice of={summary} />
    ) : (
      <Waiting height={420} />
    )
  const { settings, own, waiting } = sensing.data
  const inForce = settings ?? own
  if (!inForce)
    return (
      <Notice title={words.nobodyTold}>
        <p>{words.nobodyToldDo}</p>
      </Notice>
    )
  return (
    <LevelsInForce
      instrument={instrument}
      zone={summary.data.zone}
      sensing={sensing.data}
      inForce={inForce}
      newest={waiting?.settings ?? inForce}
      trace={trace.data ?? { points: [], stepMs }}
      onSaved={sensing.refresh}
    />
  )
}
