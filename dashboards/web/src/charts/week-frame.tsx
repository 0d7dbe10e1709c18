import { useEffect } from 'preact/hooks'
import { api } from '../api-client.ts'
import type { WeekHours } from '../api-shapes.ts'
import { count, hours, percent, weekdays } from '../format.ts'
import { FaultNotice, Waiting } from '../notice.tsx'
import { type Resource, useResource } from '../resource.ts'
import { text } from '../text/text.ts'
import { ChartFrame } from './chart-frame.tsx'
import { WeekHeat, type WeekHour } from './week-heat.tsx'

/** Whole weeks that are looked back at. */
export const weeks = 8

/** Hours of the week of a scope; the server counts for a second at a time, so what is left is asked for until all is there. */
export function useWeek(scope: string): Resource<WeekHours> {
  const of = useResource(api.weekHours(scope, weeks))
  const { data, refresh } = of
  useEffect(() => {
    if (data && data.counted < data.instruments) refresh()
  }, [data])
  return of
}

interface Frame {
  /** Of the file. */
  readonly name: string
  readonly title: string
  readonly help: string
  /** What the share is called, as the head of its column. */
  readonly measure: string
  readonly of: Resource<WeekHours>
  /** Known time that was not running in place of what ran. */
  readonly idle?: boolean
}

const cellsOf = ({ run, known }: WeekHours, idle: boolean): WeekHour[] =>
  known.map((all, i) => ({ run: idle ? all - (run[i] ?? 0) : (run[i] ?? 0), known: all }))

/** The heat of a week, its table, its file, and how far it has been counted. */
export function WeekFrame({ name, title, help, measure, of, idle = false }: Frame) {
  const { fleet, instrument, time } = text.value
  const { data } = of
  const days = weekdays()
  const cells = data ? cellsOf(data, idle) : []
  const slot = (i: number) => [days[Math.floor(i / 24)] ?? '', `${String(i % 24).padStart(2, '0')}:00`]
  const rows = {
    name,
    head: [time.date, time.hour, measure, instrument.known],
    body: () =>
      cells.map(({ run, known }, i) => [...slot(i), percent(known > 0 ? run / known : null), hours(known)]),
    file: () => cells.map(({ run, known }, i) => [...slot(i), run, known]),
  }
  return (
    <ChartFrame title={title} help={help} rows={rows}>
      <FaultNotice of={of} />
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
      ) : of.fault ? null : (
        <Waiting height={188} />
      )}
    </ChartFrame>
  )
}
