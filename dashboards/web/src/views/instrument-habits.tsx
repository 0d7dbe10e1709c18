import { api } from '../api-client.ts'
import { ChartFrame } from '../charts/chart-frame.tsx'
import { HourBars } from '../charts/day-bars.tsx'
import { useWeek, WeekFrame, weeks } from '../charts/week-frame.tsx'
import { serverNow } from '../clock.ts'
import { hours, when } from '../format.ts'
import { FaultNotice, Waiting } from '../notice.tsx'
import { useResource } from '../resource.ts'
import { text } from '../text/text.ts'
import { stretchCells, untilNow } from '../usage-rows.ts'
import { dateOf, dayStart } from '../zone.ts'

interface Props {
  readonly instrument: string
  readonly zone: string
}

/** Titles of the columns that `stretchCells` fills. */
export const stretchHead = () => {
  const { states, now, time } = text.value
  return [time.date, now.on, states.run, states.standby, states.fault, states.off, states.unknown]
}

const raw = (ms: number) => ms

/** The last 31 days, hours stacked by state. */
export function DailySection({ instrument, zone }: Props) {
  const words = text.value.instrument
  const tomorrow = dayStart(zone, serverNow.value, 1)
  const period = `${dateOf(zone, dayStart(zone, tomorrow, -31))}..${dateOf(zone, tomorrow)}`
  const answer = useResource(api.usage(instrument, period, 'day'), 300_000)
  const days = (answer.data?.rows ?? []).map((row) => untilNow(row, serverNow.value))
  return (
    <ChartFrame
      title={words.daily}
      rows={{
        name: `daily-${instrument}`,
        head: stretchHead(),
        body: () => days.map((day) => stretchCells(day, hours)),
        file: () => days.map((day) => stretchCells(day, raw)),
      }}
    >
      <FaultNotice of={answer} />
      {answer.data ? (
        <HourBars
          stretches={days}
          label={({ from }, i) => ((days.length - 1 - i) % 6 === 0 ? when('day', from, zone) : '')}
        />
      ) : answer.fault ? null : (
        <Waiting height={190} />
      )}
    </ChartFrame>
  )
}

/** When in the week it runs. */
export function HeatSection({ instrument }: Pick<Props, 'instrument'>) {
  const { heatmap, heatmapHelp, ran } = text.value.instrument
  return (
    <WeekFrame
      name={`week-${instrument}`}
      title={heatmap}
      help={heatmapHelp(weeks)}
      measure={ran}
      of={useWeek(instrument)}
    />
  )
}
