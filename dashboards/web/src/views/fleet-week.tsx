import { useWeek, WeekFrame, weeks } from '../charts/week-frame.tsx'
import { text } from '../text/text.ts'

/** The week of a scope, hour by hour: when its instruments run, and the time that one could offer. */
export function FleetWeek({ scope }: { scope: string }) {
  const { fleet, instrument, states } = text.value
  const of = useWeek(scope)
  return (
    <section class="columns">
      <section>
        <WeekFrame
          name="hours-of-the-week"
          title={instrument.heatmap}
          help={instrument.heatmapHelp(weeks)}
          measure={states.run}
          of={of}
        />
      </section>
      <section>
        <WeekFrame
          name="open-slots"
          title={fleet.openSlots}
          help={fleet.openSlotsHelp}
          measure={fleet.idle}
          of={of}
          idle
        />
      </section>
    </section>
  )
}
