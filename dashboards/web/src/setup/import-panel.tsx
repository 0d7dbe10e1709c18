import { useState } from 'preact/hooks'
import { ApiError, sendImport } from '../api-client.ts'
import type { ImportResult } from '../api-shapes.ts'
import { PlainTable } from '../data-table.tsx'
import { Notice } from '../notice.tsx'
import { text } from '../text/text.ts'

type Stage =
  | { readonly at: 'idle' }
  | { readonly at: 'busy' }
  | { readonly at: 'tried'; readonly result: ImportResult }
  | { readonly at: 'done'; readonly result: ImportResult }
  | { readonly at: 'failed'; readonly missing: boolean; readonly message: string }

/** Sessions from a CSV: always a dry run first, then what was seen is written. */
export function ImportPanel() {
  const words = text.value.setup
  const [csv, setCsv] = useState<string | undefined>()
  const [stage, setStage] = useState<Stage>({ at: 'idle' })
  const send = async (content: string, dryRun: boolean) => {
    setStage({ at: 'busy' })
    try {
      const result = await sendImport(content, dryRun)
      setStage({ at: dryRun ? 'tried' : 'done', result })
    } catch (error) {
      const missing = error instanceof ApiError && error.code === 'missing'
      setStage({ at: 'failed', missing, message: error instanceof Error ? error.message : String(error) })
    }
  }
  return (
    <section>
      <h2>{words.imports}</h2>
      <p class="lead">{words.importsHelp}</p>
      <div class="row evidence-day">
        <label class="field">
          <span>{words.choose}</span>
          <input
            type="file"
            accept=".csv,text/csv"
            onChange={(event) => {
              setStage({ at: 'idle' })
              void event.currentTarget.files?.[0]?.text().then(setCsv)
            }}
          />
        </label>
        <button
          type="button"
          class="button quiet"
          disabled={csv === undefined || stage.at === 'busy'}
          onClick={() => (csv === undefined ? undefined : void send(csv, true))}
        >
          {words.dryRun}
        </button>
        {stage.at === 'tried' && stage.result.accepted > 0 && csv !== undefined ? (
          <button type="button" class="button" onClick={() => void send(csv, false)}>
            {words.importNow(stage.result.accepted)}
          </button>
        ) : null}
      </div>
      {stage.at === 'failed' ? (
        <Notice title={stage.missing ? text.value.fault.missing : stage.message} bad={!stage.missing}>
          {stage.missing ? <p>{text.value.fault.missingDo}</p> : null}
        </Notice>
      ) : null}
      {stage.at === 'done' ? <Notice title={words.imported(stage.result.accepted)} /> : null}
      {stage.at === 'tried' || stage.at === 'done' ? (
        <PlainTable
          label={words.dryRun}
          rows={stage.result.rows.slice(0, 500)}
          keyOf={({ row }) => row}
          columns={[
            { name: words.row, cell: ({ row }) => row },
            {
              name: words.fate,
              cell: ({ fate }) =>
                fate === 'accepted' ? words.accepted : fate === 'refused' ? words.refused : fate,
            },
            { name: words.reason, cell: ({ reason }) => reason ?? '' },
          ]}
        />
      ) : null}
    </section>
  )
}
