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

/** Hours of the week that were known and mostly idle, over all instruments of the scope. */
export function OpenSlots({ keys, zone }: { keys: readonly string[]; zone: string }) {
  const words = text.value.fleet
  const few = keys.length <= most
  const heat = useIdle(few ? keys : [], zone)
  const days = weekdays()
  const slot = (i: number) => [days[Math.floor(i / 24)] ?? '', `${String(i % 24).padStart(2, '0')}:00`]
  return (
    <section>
      <ChartFrame
        title={words.openSlots}
        help={words.openSlotsHelp}
        rows={{
          name: 'open-slots',
          head: [text.value.time.date, text.value.time.hour, words.idle, text.value.instrument.known],
          body: () =>
            (heat ?? []).map(({ run, known }, i) => [
              ...slot(i),
              percent(known > 0 ? run / known : null),
              hours(known),
            ]),
          file: () => (heat ?? []).map(({ run, known }, i) => [...slot(i), run, known]),
        }}
      >
        {few ? (
          heat ? (
            <WeekHeat hours={heat} idle />
          ) : (
            <Waiting height={188} />
          )
        ) : (
          <Notice title={words.tooMany} />
        )}
      </ChartFrame>
    </section>
  )
}

/** Idle in place of run: known time that was not running. Asked a few instruments at a time. */
function useIdle(keys: readonly string[], zone: string): WeekHour[] | undefined {
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
      setHeat(weekHours(spans, zone).map(({ run, known }) => ({ run: known - run, known })))
    }
    gather().catch(() => {
      if (!stop.signal.aborted) setHeat([])
    })
    return () => stop.abort()
  }, [list, zone])
  return heat
}
