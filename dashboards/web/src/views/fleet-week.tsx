import type { StateSpans } from '@hours/protocol'
import { useEffect, useState } from 'preact/hooks'
import { api, load } from '../api-client.ts'
import { ChartFrame } from '../charts/chart-frame.tsx'
import { WeekHeat } from '../charts/week-heat.tsx'
import { serverNow } from '../clock.ts'
import { hours, percent, weekdays } from '../format.ts'
import { Notice, Waiting } from '../notice.tsx'
import { text } from '../text/text.ts'
import { type WeekHour, weekHours } from '../week-hours.ts'
import { dayStart } from '../zone.ts'

const most = 24
const weeks = 8
/** Questions under way: a browser has six connections, and the rest of the view wants some of them. */
const atOnce = 4

/** The week of a scope, hour by hour: when its instruments run, and the time that one could offer. */
export function FleetWeek({ keys, zone }: { keys: readonly string[]; zone: string }) {
  const words = text.value.fleet
  const { heatmap, heatmapHelp } = text.value.instrument
  const ran = useWeek(keys.length <= most ? keys : [], zone)
  // Idle in place of run: known time that was not running.
  const idle = ran?.map(({ run, known }) => ({ run: known - run, known }))
  const isMany = keys.length > most
  return (
    <section class="columns">
      <WeekFrame
        name="hours-of-the-week"
        title={heatmap}
        help={heatmapHelp(weeks)}
        of={ran}
        isMany={isMany}
      />
      <WeekFrame
        name="open-slots"
        title={words.openSlots}
        help={words.openSlotsHelp}
        of={idle}
        isMany={isMany}
        idle
      />
    </section>
  )
}

interface Frame {
  readonly name: string
  readonly title: string
  readonly help: string
  /** Undefined until it is there. */
  readonly of: readonly WeekHour[] | undefined
  readonly isMany: boolean
  readonly idle?: boolean
}

function WeekFrame({ name, title, help, of, isMany, idle = false }: Frame) {
  const { fleet, instrument, time, states } = text.value
  const days = weekdays()
  const slot = (i: number) => [days[Math.floor(i / 24)] ?? '', `${String(i % 24).padStart(2, '0')}:00`]
  const rows = {
    name,
    head: [time.date, time.hour, idle ? fleet.idle : states.run, instrument.known],
    body: () =>
      (of ?? []).map(({ run, known }, i) => [
        ...slot(i),
        percent(known > 0 ? run / known : null),
        hours(known),
      ]),
    file: () => (of ?? []).map(({ run, known }, i) => [...slot(i), run, known]),
  }
  return (
    <section>
      <ChartFrame title={title} help={help} rows={rows}>
        {isMany ? (
          <Notice title={fleet.tooMany} />
        ) : of ? (
          <WeekHeat hours={of} idle={idle} />
        ) : (
          <Waiting height={188} />
        )}
      </ChartFrame>
    </section>
  )
}

/** Run and known time of all instruments by hour of the week, asked a few instruments at a time. */
function useWeek(keys: readonly string[], zone: string): WeekHour[] | undefined {
  const [heat, setHeat] = useState<WeekHour[] | undefined>()
  const list = keys.join(' ')
  useEffect(() => {
    const stop = new AbortController()
    const end = dayStart(zone, serverNow.value)
    const gather = async () => {
      const spans: StateSpans['spans'] = []
      const from = dayStart(zone, end, -7 * weeks)
      const wanted = list.split(' ').filter((one) => one !== '')
      for (let i = 0; i < wanted.length; i += atOnce) {
        const some = wanted.slice(i, i + atOnce)
        const answers = await Promise.all(some.map((key) => load(api.states(key, from, end), stop.signal)))
        for (const answer of answers) spans.push(...answer.spans)
      }
      setHeat(weekHours(spans, zone))
    }
    gather().catch(() => {
      if (!stop.signal.aborted) setHeat([])
    })
    return () => stop.abort()
  }, [list, zone])
  return heat
}
