import type { ComponentChildren } from 'preact'
import { useState } from 'preact/hooks'
import { api, ApiError, itemsOf } from '../api-client.ts'
import { download } from '../csv.ts'
import { may } from '../me.ts'
import { Notice } from '../notice.tsx'
import { useResource } from '../resource.ts'
import { inTreeOrder } from '../scope-field.tsx'
import { nameOf } from '../format.ts'
import { text } from '../text/text.ts'
import { type Draft, enrolmentFaults, type Faults, faultsOf, type TextField, yamlOf } from './draft.ts'
import { enrolCommand, enrolHere, type OneTimeCode } from './enrol-here.ts'

interface Props {
  readonly draft: Draft
  readonly change: (part: Partial<Draft>) => void
  readonly field: (name: TextField, label: string, help?: string) => ComponentChildren
  /** What stands in the way of what was pressed. */
  readonly onFaults: (faults: Faults) => void
}

type Stage =
  | { readonly at: 'idle' | 'busy' }
  | { readonly at: 'missing'; readonly fields: number }
  | { readonly at: 'done'; readonly code: OneTimeCode | null }
  | { readonly at: 'failed'; readonly message: string; readonly fix: string | undefined }

/** The last step: enrolled in the log from here, with a code for the device; or the file, for who brings it there. */
export function LetIn({ draft, change, field, onFaults }: Props) {
  const words = text.value.setup
  const [stage, setStage] = useState<Stage>({ at: 'idle' })
  const organisations = useResource(api.organisations())
  const yaml = yamlOf(draft)
  const whenWhole = (faults: Faults, act: () => void) => {
    onFaults(faults)
    if (faults.size > 0) setStage({ at: 'missing', fields: faults.size })
    else act()
  }
  const enrol = async () => {
    setStage({ at: 'busy' })
    try {
      setStage({ at: 'done', code: await enrolHere(draft) })
    } catch (error) {
      const { message, fix } = error instanceof ApiError ? error : { message: String(error), fix: undefined }
      setStage({ at: 'failed', message: message === '' ? text.value.fault.down : message, fix })
    }
  }
  return (
    <section>
      <h2>3 · {words.letIn}</h2>
      {may('enrol') ? (
        <>
          <p class="lead">{words.letInHelp}</p>
          <div class="filters">
            {field('nameEn', words.nameEn, words.nameHelp)}
            {field('nameZh', words.nameZh)}
            <label class="field">
              <span>{words.unit}</span>
              <select
                value={draft.unit}
                aria-invalid={stage.at === 'missing' && draft.unit === ''}
                onChange={(event) => change({ unit: event.currentTarget.value })}
              >
                <option value="">–</option>
                {inTreeOrder(itemsOf(organisations.data ?? [])).map(
                  ({ organisation: { id, names }, depth }) => (
                    <option key={id} value={id}>
                      {'\u2003'.repeat(depth)}
                      {nameOf(names, id)}
                    </option>
                  ),
                )}
              </select>
            </label>
          </div>
          <button
            type="button"
            class="button"
            aria-disabled={stage.at === 'busy'}
            onClick={() =>
              stage.at === 'busy' ? undefined : whenWhole(enrolmentFaults(draft), () => void enrol())
            }
          >
            {words.enrol}
          </button>
        </>
      ) : (
        <p class="lead">{words.approval}</p>
      )}
      <Outcome of={stage} draft={draft} />
      <h3>{words.file}</h3>
      <pre class="pre" tabIndex={0}>
        {yaml}
      </pre>
      <div class="row">
        <button
          type="button"
          class="button quiet"
          onClick={() =>
            whenWhole(faultsOf(draft), () => {
              setStage({ at: 'idle' })
              download('gateway.yaml', yaml, 'application/yaml')
            })
          }
        >
          {words.download}
        </button>
        <span class="soft">{words.then}</span> <code>npm run -s hours -- gateway --config gateway.yaml</code>
      </div>
    </section>
  )
}

function Outcome({ of, draft }: { of: Stage; draft: Draft }) {
  const words = text.value.setup
  if (of.at === 'missing') return <Notice title={words.toFillIn(of.fields)} bad />
  if (of.at === 'failed')
    return (
      <Notice title={of.message} bad>
        {of.fix === undefined ? null : <p>{of.fix}</p>}
      </Notice>
    )
  if (of.at !== 'done') return null
  return (
    <Notice title={words.enrolled(`${draft.site}/${draft.instrument}`)}>
      {of.code === null ? (
        <p>{words.noCode}</p>
      ) : (
        <>
          <p>{words.onDevice}</p>
          <pre class="pre" tabIndex={0}>
            {enrolCommand(draft, of.code, location.origin)}
          </pre>
        </>
      )}
    </Notice>
  )
}
