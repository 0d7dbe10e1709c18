import type { Thresholds } from '@hours/protocol'
import { useState } from 'preact/hooks'
import { api, ApiError, saveSettings } from '../api-client.ts'
import type { InstrumentSensing } from '../api-shapes.ts'
import { power } from '../format.ts'
import { Notice } from '../notice.tsx'
import { useResource } from '../resource.ts'
import { text } from '../text/text.ts'

interface Props {
  readonly instrument: string
  readonly thresholds: Thresholds
  readonly dwellMs: number
  readonly onTake: (thresholds: Thresholds, dwellMs: number) => void
}

/** What an instrument is sensed by now, what its gateway proposes, and the button that puts new levels in force. */
export function InForce({ instrument, thresholds, dwellMs, onTake }: Props) {
  const words = text.value.setup
  const answer = useResource(api.settings(instrument))
  const [said, setSaid] = useState<{ readonly text: string; readonly bad: boolean } | undefined>()
  const sensing = answer.data
  if (!sensing) return null
  const put = async () => {
    try {
      const next = await saveSettings(instrument, { revision: sensing.revision, thresholds, dwellMs })
      setSaid({ text: words.inForceNow(next.revision), bad: false })
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
      <Proposed of={sensing.proposal} onTake={onTake} />
      {sensing.settings ? (
        <button type="button" class="button quiet" onClick={() => void put()}>
          {words.putInForce}
        </button>
      ) : null}
      {said ? <Notice title={said.text} bad={said.bad} /> : null}
    </div>
  )
}

function Proposed({ of, onTake }: { of: InstrumentSensing['proposal']; onTake: Props['onTake'] }) {
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
      <button
        type="button"
        class="button quiet"
        onClick={() => onTake(settings.thresholds, settings.dwellMs)}
      >
        {words.takeProposal}
      </button>
    </p>
  )
}
