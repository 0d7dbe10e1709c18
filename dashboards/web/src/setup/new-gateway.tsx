import { useEffect, useMemo, useRef, useState } from 'preact/hooks'
import { serverNow } from '../clock.ts'
import { useSiteZone } from '../site-zone.ts'
import { DwellField } from './dwell-field.tsx'
import { text } from '../text/text.ts'
import {
  type Draft,
  emptyDraft,
  enrolmentFaults,
  type Faults,
  faultsOf,
  fieldOf,
  needsLocal,
  type SourceKind,
  sourceKinds,
  type TextField,
} from './draft.ts'
import { exampleTrace } from './example-trace.ts'
import { LetIn } from './let-in.tsx'
import { SetupField } from './setup-field.tsx'
import { ThresholdEditor } from './threshold-editor.tsx'

/** Three steps from a plug to hours: name the gateway, say how the instrument is sensed, let it in. */
export function NewGateway() {
  const words = text.value.setup
  const [draft, setDraft] = useState<Draft>(emptyDraft)
  const [asked, setAsked] = useState<Faults>(new Map())
  const change = (part: Partial<Draft>) => setDraft((before) => ({ ...before, ...part }))
  const faults = new Map([...enrolmentFaults(draft), ...faultsOf(draft)])
  const field = (name: TextField, label: string, help?: string) => (
    <SetupField
      label={label}
      help={help}
      value={draft[name]}
      fault={faults.get(name)}
      initial={emptyDraft[name]}
      isAsked={asked.has(name)}
      onInput={(value) => change({ [name]: value })}
    />
  )
  const place = fieldOf[draft.kind]
  const form = useRef<HTMLDivElement>(null)
  useEffect(() => {
    if (asked.size > 0)
      form.current?.querySelector<HTMLElement>('[aria-invalid=true]')?.focus({ preventScroll: false })
  }, [asked])
  return (
    <div ref={form}>
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
        <FirstLevels draft={draft} change={change} />
      </section>
      <LetIn draft={draft} change={change} field={field} onFaults={setAsked} />
    </div>
  )
}

/** Levels to begin with, tried on the day of an instrument that does not exist. */
function FirstLevels({ draft, change }: { draft: Draft; change: (part: Partial<Draft>) => void }) {
  const words = text.value.setup
  const example = useMemo(() => exampleTrace(serverNow.value), [])
  return (
    <>
      <div class="chart-head">
        <h3>{words.firstLevels}</h3>
        <p>{words.thresholdsHelp}</p>
      </div>
      <div class="filters">
        <DwellField seconds={draft.dwellS} change={(dwellS) => change({ dwellS })} />
      </div>
      <ThresholdEditor
        points={example}
        zone={useSiteZone()}
        value={draft.thresholds}
        onChange={(thresholds) => change({ thresholds })}
      />
    </>
  )
}
