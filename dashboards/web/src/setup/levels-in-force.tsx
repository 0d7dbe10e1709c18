import type { PowerSeries } from '@hours/protocol'
import { useState } from 'preact/hooks'
import type { InstrumentSensing, SensingLevels } from '../api-shapes.ts'
import { hours, power, when } from '../format.ts'
import { may } from '../me.ts'
import { Notice } from '../notice.tsx'
import { text } from '../text/text.ts'
import { levelChanges, runMsOf } from './level-changes.ts'
import { ProposedLevels } from './proposed-levels.tsx'
import { PutInForce } from './put-in-force.tsx'
import { ThresholdEditor } from './threshold-editor.tsx'

interface Props {
  readonly instrument: string
  /** Of the instrument: a date begins at its midnight. */
  readonly zone: string
  readonly sensing: InstrumentSensing
  /** By what it is sensed now: a record, or the gateway's own file. */
  readonly inForce: SensingLevels
  /** What the newest revision says; differs from `inForce` while that one waits for its date. */
  readonly newest: SensingLevels
  readonly trace: Pick<PowerSeries, 'points' | 'stepMs'>
  readonly onSaved: () => void
}

/** The last week with the levels in force, which are drawn first; what is drawn differently can be put in force. */
export function LevelsInForce({ instrument, zone, sensing, inForce, newest, trace, onSaved }: Props) {
  const words = text.value.setup
  const [drawn, setDrawn] = useState<SensingLevels>({
    thresholds: inForce.thresholds,
    dwellMs: inForce.dwellMs,
  })
  const { waiting, revision, settings } = sensing
  const ran = (levels: SensingLevels) => hours(runMsOf(trace, levels.thresholds))
  return (
    <div class="in-force">
      <p>
        {settings
          ? words.inForce(revision, power(inForce.thresholds.runStartMw))
          : words.ownFile(power(inForce.thresholds.runStartMw))}
      </p>
      {waiting?.settings ? (
        <p>
          {words.waits(
            revision,
            when('full', waiting.from, zone),
            power(waiting.settings.thresholds.runStartMw),
          )}
        </p>
      ) : null}
      <ProposedLevels
        of={sensing.proposal}
        onTake={({ thresholds, dwellMs, holdMs, maxGapMs, plausibleMw }) =>
          setDrawn({ thresholds, dwellMs, holdMs, maxGapMs, plausibleMw })
        }
      />
      {trace.points.length > 0 ? (
        <>
          <ThresholdEditor
            points={trace.points}
            zone={zone}
            value={drawn.thresholds}
            onChange={(thresholds) => setDrawn((before) => ({ ...before, thresholds }))}
          />
          <p class="soft small">{words.ranUnder(ran(inForce), ran(drawn))}</p>
        </>
      ) : (
        <Notice title={words.noTrace} />
      )}
      {may('enrol') ? (
        <PutInForce
          instrument={instrument}
          zone={zone}
          revision={revision}
          drawn={drawn}
          changes={levelChanges(newest, drawn)}
          onDwell={(dwellMs) => setDrawn((before) => ({ ...before, dwellMs }))}
          onSaved={onSaved}
        />
      ) : null}
    </div>
  )
}
