import type { InstrumentSensing } from '../api-shapes.ts'
import { duration } from '../format.ts'
import { text } from '../text/text.ts'

type Proposal = NonNullable<InstrumentSensing['proposal']>
type Levels = NonNullable<Proposal['settings']>

/** What the gateway would choose from what it has seen, to be shown on the trace. */
export function ProposedLevels({ of, onTake }: { of: Proposal | null; onTake: (levels: Levels) => void }) {
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
