import type { Thresholds } from '@hours/protocol'
import { useState } from 'preact/hooks'
import { api, ApiError, saveSettings } from '../api-client.ts'
import type { Debouncing, InstrumentSensing } from '../api-shapes.ts'
import { serverNow } from '../clock.ts'
import { duration, power, when } from '../format.ts'
import { Notice } from '../notice.tsx'
import { useResource } from '../resource.ts'
import { text } from '../text/text.ts'
import { dateOf, instantOfDate } from '../zone.ts'

interface Props {
  readonly instrument: string
  /** Of the site: a date begins at its midnight. */
  readonly zone: string
  readonly thresholds: Thresholds
  readonly dwellMs: number
  readonly onTake: (thresholds: Thresholds, dwellMs: number) => void
}

/** What an instrument is sensed by now, what its gateway proposes, and the button that puts new levels in force. */
export function InForce({ instrument, zone, thresholds, dwellMs, onTake }: Props) {
  const words = text.value.setup
  const answer = useResource(api.settings(instrument))
  const [said, setSaid] = useState<{ readonly text: string; readonly bad: boolean } | undefined>()
  const [taken, setTaken] = useState<Debouncing>({})
  const [date, setDate] = useState('')
  const sensing = answer.data
  if (!sensing) return null
  const from = date === '' ? undefined : instantOfDate(zone, date)
  const put = async () => {
    try {
      const next = await saveSettings(instrument, {
        ...{ ...taken, thresholds, dwellMs, revision: sensing.revision },
        // Today is from now on: what was measured this morning stays as it was measured.
        ...(from === undefined || from <= serverNow.value ? {} : { from }),
      })
      const at = next.waiting === null ? undefined : when('full', next.waiting.from, zone)
      setSaid({
        text: at === undefined ? words.inForceNow(next.revision) : words.inForceAt(next.revision, at),
        bad: false,
      })
      answer.refresh()
    } catch (error) {
      const denied = error instanceof ApiError && error.code === 'denied'
      const why = error instanceof Error ? error.message : String(error)
      setSaid({ text: denied ? text.value.fault.denied : why, bad: true })
    }
  }
  return (
    <div class="in-force">
      <p>
        {sensing.settings
          ? words.inForce(sensing.revision, power(sensing.settings.thresholds.runStartMw))
          : words.ownFile}
      </p>
      {sensing.waiting?.settings ? (
        <p>
          {words.waits(
            sensing.revision,
            when('full', sensing.waiting.from, zone),
            power(sensing.waiting.settings.thresholds.runStartMw),
          )}
        </p>
      ) : null}
      <Proposed
        of={sensing.proposal}
        onTake={({ thresholds: levels, dwellMs: dwell, ...rest }) => {
          setTaken(rest)
          onTake(levels, dwell)
        }}
      />
      {sensing.settings ? (
        <div class="filters">
          <label class="field">
            <span>{words.from}</span>
            <input
              type="date"
              value={date}
              min={dateOf(zone, serverNow.value)}
              onInput={(event) => setDate(event.currentTarget.value)}
            />
          </label>
          <button type="button" class="button quiet" onClick={() => void put()}>
            {words.putInForce}
          </button>
        </div>
      ) : null}
      {said ? <Notice title={said.text} bad={said.bad} /> : null}
    </div>
  )
}

type Proposal = NonNullable<InstrumentSensing['proposal']>
type Levels = NonNullable<Proposal['settings']>

function Proposed({ of, onTake }: { of: Proposal | null; onTake: (levels: Levels) => void }) {
  const words = text.value.setup
  if (!of) return <p class="soft">{words.noProposal}</p>
  const { settings } = of
  if (!settings)
    return (
      <p class="soft">
        {words.refusedProposal} {of.reason}
      </p>
    )
  return (
    <p>
      {of.differs ? words.proposal : words.sameProposal} <span class="soft">{of.reason}</span>{' '}
      {settings.maxGapMs === undefined
        ? null
        : words.proposedWith(duration(settings.holdMs), duration(settings.maxGapMs))}{' '}
      <button type="button" class="button quiet" onClick={() => onTake(settings)}>
        {words.takeProposal}
      </button>
    </p>
  )
}
