import { useState } from 'preact/hooks'
import { ApiError, sendImport } from '../api-client.ts'
import type { ImportResult, ImportRow } from '../api-shapes.ts'
import { PlainTable } from '../data-table.tsx'
import { Notice } from '../notice.tsx'
import { text } from '../text/text.ts'

type Stage =
  | { readonly at: 'idle' }
  | { readonly at: 'busy' }
  | { readonly at: 'tried'; readonly result: ImportResult }
  | { readonly at: 'done'; readonly result: ImportResult }
  | { readonly at: 'failed'; readonly missing: boolean; readonly message: string }

/** What is written when it is sent: new rows, and corrections that wait for a second person. */
const takenOf = ({ accepted, corrections = 0 }: ImportResult) => accepted + corrections

const reasonOf = ({ reason, warnings = [] }: ImportRow) =>
  [reason, ...warnings.map((one) => one.reason)].filter((one) => one).join('; ')

function Told({ of: { field, value } }: { of: ImportRow }) {
  if (!field) return <>{''}</>
  return (
    <>
      {field} {value ? <code>{value.slice(0, 60)}</code> : null}
    </>
  )
}

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
          disabled={csv === undefined}
          aria-disabled={stage.at === 'busy'}
          onClick={() => (csv === undefined || stage.at === 'busy' ? undefined : void send(csv, true))}
        >
          {words.dryRun}
        </button>
        {stage.at === 'tried' && takenOf(stage.result) > 0 && csv !== undefined ? (
          <button type="button" class="button" onClick={() => void send(csv, false)}>
            {words.importNow(takenOf(stage.result))}
          </button>
        ) : null}
      </div>
      {stage.at === 'failed' ? (
        <Notice title={stage.missing ? text.value.fault.missing : stage.message} bad={!stage.missing}>
          {stage.missing ? <p>{text.value.fault.missingDo}</p> : null}
        </Notice>
      ) : null}
      {stage.at === 'done' ? <Notice title={words.imported(takenOf(stage.result))} /> : null}
      {stage.at === 'tried' || stage.at === 'done' ? (
        <PlainTable
          label={words.dryRun}
          rows={stage.result.rows.slice(0, 500)}
          keyOf={({ row }) => row}
          columns={[
            { name: words.row, cell: ({ row }) => row },
            { name: words.line, number: true, cell: ({ line }) => line ?? '' },
            { name: words.fate, cell: ({ fate }) => words.fates[fate] ?? fate },
            { name: words.field, cell: (row) => <Told of={row} /> },
            { name: words.reason, cell: reasonOf },
            { name: words.fix, cell: ({ fix }) => fix ?? '' },
          ]}
        />
      ) : null}
    </section>
  )
}
