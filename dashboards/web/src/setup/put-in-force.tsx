import { useState } from 'preact/hooks'
import { ApiError, saveSettings } from '../api-client.ts'
import type { SensingLevels } from '../api-shapes.ts'
import { serverNow } from '../clock.ts'
import { count, duration, none, power, when } from '../format.ts'
import { Notice } from '../notice.tsx'
import { DwellField } from './dwell-field.tsx'
import { text } from '../text/text.ts'
import { dateOf, instantOfDate } from '../zone.ts'
import type { LevelChange } from './level-changes.ts'

interface Props {
  readonly instrument: string
  readonly zone: string
  readonly revision: number
  readonly drawn: SensingLevels
  /** What would be different; none = nothing can be put in force. */
  readonly changes: readonly LevelChange[]
  readonly onDwell: (ms: number) => void
  readonly onSaved: () => void
}

interface Told {
  readonly text: string
  readonly fix?: string | undefined
  readonly bad: boolean
}

/** Dwell and date, and two steps to a new record: what would change from what to what, then yes or no. */
export function PutInForce({ instrument, zone, revision, drawn, changes, onDwell, onSaved }: Props) {
  const words = text.value.setup
  const [told, setTold] = useState<Told | undefined>()
  const [date, setDate] = useState('')
  const [isAsking, setIsAsking] = useState(false)
  const from = date === '' ? undefined : instantOfDate(zone, date)
  const put = async () => {
    setIsAsking(false)
    try {
      const next = await saveSettings(instrument, {
        ...{ ...drawn, revision },
        // Today is from now on: what was measured this morning stays as it was measured.
        ...(from === undefined || from <= serverNow.value ? {} : { from }),
      })
      const at = next.waiting === null ? undefined : when('full', next.waiting.from, zone)
      const said = at === undefined ? words.inForceNow(next.revision) : words.inForceAt(next.revision, at)
      setTold({ text: said, bad: false })
    } catch (error) {
      setTold(toldOf(error))
    }
    // Also after a refusal: somebody else may have been faster.
    onSaved()
  }
  return (
    <>
      <div class="filters">
        <DwellField
          seconds={Math.round(drawn.dwellMs / 1_000)}
          change={(seconds) => onDwell(seconds * 1_000)}
        />
        <label class="field">
          <span>{words.from}</span>
          <input
            type="date"
            value={date}
            min={dateOf(zone, serverNow.value)}
            onInput={(event) => setDate(event.currentTarget.value)}
          />
        </label>
      </div>
      {isAsking && changes.length > 0 ? (
        <div class="notice" role="group" aria-label={words.confirm}>
          <strong>{words.confirm}</strong>
          <Changes of={changes} />
          <p class="row">
            <button ref={(one) => one?.focus()} type="button" class="button" onClick={() => void put()}>
              {words.confirmYes}
            </button>
            <button type="button" class="button quiet" onClick={() => setIsAsking(false)}>
              {words.confirmNo}
            </button>
          </p>
        </div>
      ) : (
        <p class="row">
          <button
            type="button"
            class="button"
            disabled={changes.length === 0}
            onClick={() => {
              setTold(undefined)
              setIsAsking(true)
            }}
          >
            {words.putInForce}
          </button>
          {changes.length === 0 ? <span class="soft">{words.nothingDiffers}</span> : null}
        </p>
      )}
      {told ? (
        <Notice title={told.text} bad={told.bad}>
          {told.fix === undefined ? null : <p>{told.fix}</p>}
        </Notice>
      ) : null}
    </>
  )
}

function toldOf(error: unknown): Told {
  if (!(error instanceof ApiError)) return { text: String(error), bad: true }
  const words = text.value.fault
  const said = error.code === 'denied' ? words.denied : error.message === '' ? words.down : error.message
  return { text: said, fix: error.fix, bad: true }
}

/** "run above: 713 W → 650 W" */
function Changes({ of }: { of: readonly LevelChange[] }) {
  const { setup, instrument } = text.value
  const names: Readonly<Record<LevelChange['name'], string>> = {
    onStartMw: instrument.thresholds.onStart,
    onStopMw: instrument.thresholds.onStop,
    runStartMw: instrument.thresholds.runStart,
    runStopMw: instrument.thresholds.runStop,
    dwellMs: setup.parts.dwell,
    holdMs: setup.parts.hold,
    maxGapMs: setup.parts.gap,
    plausibleMw: setup.parts.plausible,
  }
  return (
    <dl class="pairs">
      {of.map(({ name, before, after }) => [
        <dt key={`${name} name`}>{names[name]}</dt>,
        <dd key={name}>
          {shown(name, before)} → <b>{shown(name, after)}</b>
        </dd>,
      ])}
    </dl>
  )
}

/** To the watt: in kW a small change would read as none. */
const wattage = (mw: number): string => (mw < 1_000_000 ? power(mw) : `${count(mw / 1_000)}\u00a0W`)

function shown(name: LevelChange['name'], value: LevelChange['before']): string {
  if (value === undefined) return none
  if (typeof value === 'number') return name.endsWith('Mw') ? wattage(value) : duration(value)
  return value.map(wattage).join(' – ')
}
