import { useState } from 'preact/hooks'
import { ApiError } from '../api-request.ts'
import type { ImportResult } from '../api-shapes.ts'
import { Notice } from '../notice.tsx'
import { text } from '../text/text.ts'
import { chosenFile, type ImportFile, sendImport } from './import-file.ts'
import { ImportRows } from './import-rows.tsx'

type Stage =
  | { readonly at: 'idle' }
  | { readonly at: 'busy' }
  | { readonly at: 'tried'; readonly result: ImportResult }
  | { readonly at: 'done'; readonly result: ImportResult }
  | { readonly at: 'failed'; readonly message: string; readonly fix: string | undefined }

/** What is written when it is sent: new rows, and corrections that wait for a second person. */
const takenOf = ({ accepted, corrections = 0 }: ImportResult) => accepted + corrections

/** A file of what people did or booked: always a dry run first, then what was seen is written. */
export function ImportPanel() {
  const words = text.value.setup
  const [file, setFile] = useState<ImportFile | undefined>()
  const [kind, setKind] = useState('')
  const [stage, setStage] = useState<Stage>({ at: 'idle' })
  const send = async (dryRun: boolean) => {
    if (!file || stage.at === 'busy') return
    setStage({ at: 'busy' })
    try {
      const result = await sendImport(file, { kind, dryRun })
      setStage({ at: dryRun ? 'tried' : 'done', result })
    } catch (error) {
      const { message, fix } = error instanceof ApiError ? error : { message: String(error), fix: undefined }
      setStage({ at: 'failed', message: message === '' ? text.value.fault.down : message, fix })
    }
  }
  const choose = async (chosen: File | undefined) => {
    setStage({ at: 'idle' })
    setFile(chosen && (await chosenFile(chosen)))
  }
  return (
    <section>
      <h2>{words.imports}</h2>
      <p class="lead">{words.importsHelp}</p>
      <div class="filters">
        <label class="field">
          <span>{words.choose}</span>
          <input
            type="file"
            accept=".csv,.ics,.json,.txt,text/csv,text/calendar,application/json"
            onChange={(event) => void choose(event.currentTarget.files?.[0])}
          />
          <small>{file && file.charset !== 'utf-8' ? words.readAs(file.charset) : '\u00a0'}</small>
        </label>
        <label class="field">
          <span>{words.rowsAre}</span>
          <select
            value={kind}
            onChange={(event) => {
              setKind(event.currentTarget.value)
              setStage({ at: 'idle' })
            }}
          >
            {Object.entries(words.rowKinds).map(([id, name]) => (
              <option key={id} value={id === 'usual' ? '' : id}>
                {name}
              </option>
            ))}
          </select>
        </label>
      </div>
      <p class="row">
        <button
          type="button"
          class="button quiet"
          disabled={file === undefined}
          aria-disabled={stage.at === 'busy'}
          onClick={() => void send(true)}
        >
          {words.dryRun}
        </button>
        {stage.at === 'tried' && takenOf(stage.result) > 0 ? (
          <button type="button" class="button" onClick={() => void send(false)}>
            {words.importNow(takenOf(stage.result))}
          </button>
        ) : null}
      </p>
      {stage.at === 'failed' ? (
        <Notice title={stage.message} bad>
          {stage.fix === undefined ? null : <p>{stage.fix}</p>}
        </Notice>
      ) : null}
      {stage.at === 'done' ? <Notice title={words.imported(takenOf(stage.result))} /> : null}
      {stage.at === 'tried' || stage.at === 'done' ? (
        <ImportRows of={stage.result} name={file?.name ?? ''} />
      ) : null}
    </section>
  )
}
