import { useEffect } from 'preact/hooks'
import { api } from '../api-client.ts'
import type { WeekHours } from '../api-shapes.ts'
import { ChartFrame } from '../charts/chart-frame.tsx'
import { WeekHeat } from '../charts/week-heat.tsx'
import { count, hours, percent, weekdays } from '../format.ts'
import { FaultNotice, Waiting } from '../notice.tsx'
import { type Resource, useResource } from '../resource.ts'
import { text } from '../text/text.ts'
import type { WeekHour } from '../week-hours.ts'

const weeks = 8

/** The week of a scope, hour by hour: when its instruments run, and the time that one could offer. */
export function FleetWeek({ scope }: { scope: string }) {
  const words = text.value.fleet
  const { heatmap, heatmapHelp } = text.value.instrument
  const of = useResource(api.weekHours(scope, weeks))
  const { data, refresh } = of
  // The server counts for a second at a time; what it has so far is shown, and the rest asked for.
  useEffect(() => {
    if (data && data.counted < data.instruments) refresh()
  }, [data])
  return (
    <section class="columns">
      <WeekFrame name="hours-of-the-week" title={heatmap} help={heatmapHelp(weeks)} of={of} />
      <WeekFrame name="open-slots" title={words.openSlots} help={words.openSlotsHelp} of={of} idle />
    </section>
  )
}

interface Frame {
  readonly name: string
  readonly title: string
  readonly help: string
  readonly of: Resource<WeekHours>
  /** Known time that was not running in place of what ran. */
  readonly idle?: boolean
}

const cellsOf = ({ run, known }: WeekHours, idle: boolean): WeekHour[] =>
  known.map((all, i) => ({ run: idle ? all - (run[i] ?? 0) : (run[i] ?? 0), known: all }))

function WeekFrame({ name, title, help, of: { data, fault, ...rest }, idle = false }: Frame) {
  const { fleet, instrument, time, states } = text.value
  const days = weekdays()
  const cells = data ? cellsOf(data, idle) : []
  const slot = (i: number) => [days[Math.floor(i / 24)] ?? '', `${String(i % 24).padStart(2, '0')}:00`]
  const rows = {
    name,
    head: [time.date, time.hour, idle ? fleet.idle : states.run, instrument.known],
    body: () =>
      cells.map(({ run, known }, i) => [...slot(i), percent(known > 0 ? run / known : null), hours(known)]),
    file: () => cells.map(({ run, known }, i) => [...slot(i), run, known]),
  }
  return (
    <section>
      <ChartFrame title={title} help={help} rows={rows}>
        <FaultNotice of={{ ...rest, data, fault }} />
        {data ? (
          <>
            <WeekHeat hours={cells} idle={idle} />
            {data.counted < data.instruments ? (
              <p class="soft small">
                <progress aria-label={title} max={data.instruments} value={data.counted} />{' '}
                {fleet.counting(count(data.counted), count(data.instruments))}
              </p>
            ) : null}
          </>
        ) : fault ? null : (
          <Waiting height={188} />
        )}
      </ChartFrame>
    </section>
  )
}
