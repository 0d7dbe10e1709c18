import { useMemo, useState } from 'preact/hooks'
import { api } from '../api-client.ts'
import { serverNow } from '../clock.ts'
import { download } from '../csv.ts'
import { nameOf } from '../format.ts'
import { useResource } from '../resource.ts'
import {
  type Draft,
  emptyDraft,
  faultsOf,
  fieldOf,
  needsLocal,
  type SourceKind,
  sourceKinds,
  yamlOf,
} from '../setup/draft.ts'
import { exampleTrace } from '../setup/example-trace.ts'
import { InForce } from '../setup/in-force.tsx'
import { ImportPanel } from '../setup/import-panel.tsx'
import { ThresholdEditor } from '../setup/threshold-editor.tsx'
import { text } from '../text/text.ts'
import { SetupField } from '../setup/setup-field.tsx'

const hour = 3_600_000

/** From a plug to hours: the gateway's file made here, thresholds on a live trace, sessions imported. */
export function SetupView() {
  const words = text.value.setup
  const [draft, setDraft] = useState<Draft>(emptyDraft)
  const [touched, setTouched] = useState(false)
  const change = (part: Partial<Draft>) => {
    setTouched(true)
    setDraft((before) => ({ ...before, ...part }))
  }
  const faults = faultsOf(draft)
  const field = (
    name: 'site' | 'gateway' | 'broker' | 'local' | 'instrument' | 'topic',
    label: string,
    help?: string,
  ) => (
    <SetupField
      label={label}
      help={help}
      value={draft[name]}
      fault={touched ? faults.get(name) : undefined}
      onInput={(value) => change({ [name]: value })}
    />
  )
  const yaml = yamlOf(draft)
  const place = fieldOf[draft.kind]
  return (
    <>
      <h1>{words.title}</h1>
      <p class="lead">{words.intro}</p>
      <section>
        <h2>1 · {words.gateway}</h2>
        <div class="filters">
          {field('site', words.site, words.idHelp)}
          {field('gateway', words.gatewayId, words.idHelp)}
          {field('broker', words.broker)}
        </div>
      </section>
      <section>
        <h2>2 · {words.instrument}</h2>
        <div class="filters">
          {field('instrument', words.instrumentId, words.idHelp)}
          <label class="field">
            <span>{words.source}</span>
            <select
              value={draft.kind}
              onChange={(event) => change({ kind: event.currentTarget.value as SourceKind })}
            >
              {sourceKinds.map((kind) => (
                <option key={kind} value={kind}>
                  {kind}
                </option>
              ))}
            </select>
          </label>
          {field('topic', place === 'topic' ? words.topic : place === 'host' ? words.host : 'URL')}
          {needsLocal(draft.kind) ? field('local', words.local) : null}
        </div>
        <Levels draft={draft} change={change} />
      </section>
      <section>
        <h2>3 · {words.file}</h2>
        <pre class="pre" tabIndex={0}>
          {yaml}
        </pre>
        <div class="row">
          <button
            type="button"
            class="button"
            onClick={() => {
              setTouched(true)
              if (faults.size === 0) download('gateway.yaml', yaml, 'application/yaml')
            }}
          >
            {words.download}
          </button>
          <span class="soft">{words.then}</span>{' '}
          <code>npm run -s hours -- gateway --config gateway.yaml</code>
        </div>
        <p class="lead">{words.approval}</p>
      </section>
      <ImportPanel />
    </>
  )
}

/** Thresholds on the trace of an instrument that reports already, or on an example. */
function Levels({ draft, change }: { draft: Draft; change: (part: Partial<Draft>) => void }) {
  const words = text.value.setup
  const [key, setKey] = useState('')
  const list = useResource(api.instruments({ limit: 200, sort: 'name' }))
  const end = Math.floor(serverNow.value / 60_000) * 60_000
  const trace = useResource(key === '' ? null : api.power(key, end - 12 * hour, end, 120_000))
  const example = useMemo(() => exampleTrace(serverNow.value), [])
  const points = trace.data && trace.data.points.length > 0 ? trace.data.points : example
  const zone =
    list.data?.items.find((one) => one.key === key)?.zone ?? list.data?.items[0]?.zone ?? 'Asia/Shanghai'
  return (
    <>
      <div class="chart-head">
        <h3>{words.thresholds}</h3>
        <p>{words.thresholdsHelp}</p>
      </div>
      <div class="filters">
        <label class="field">
          <span>{words.traceOf}</span>
          <select value={key} onChange={(event) => setKey(event.currentTarget.value)}>
            <option value="">{words.traceNone}</option>
            {list.data?.items.map((one) => (
              <option key={one.key} value={one.key}>
                {nameOf(one.names, one.key).slice(0, 60)}
              </option>
            ))}
          </select>
        </label>
        <label class="field">
          <span>{words.dwell}</span>
          <input
            type="number"
            min="0"
            max="600"
            value={draft.dwellS}
            onInput={(event) =>
              change({
                dwellS: Math.min(600, Math.max(0, Math.round(event.currentTarget.valueAsNumber || 0))),
              })
            }
          />
        </label>
      </div>
      <ThresholdEditor
        points={points}
        zone={zone}
        value={draft.thresholds}
        onChange={(thresholds) => change({ thresholds })}
      />
      {key === '' ? null : (
        <InForce
          key={key}
          instrument={key}
          zone={zone}
          thresholds={draft.thresholds}
          dwellMs={draft.dwellS * 1_000}
          onTake={(thresholds, dwellMs) => change({ thresholds, dwellS: Math.round(dwellMs / 1_000) })}
        />
      )}
    </>
  )
}
