import { api } from '../api-client.ts'
import { ChartFrame } from '../charts/chart-frame.tsx'
import { HourBars } from '../charts/day-bars.tsx'
import { serverNow } from '../clock.ts'
import { hours, when } from '../format.ts'
import { FaultNotice, Notice, Waiting } from '../notice.tsx'
import { askable, type Period } from '../periods.ts'
import { useResource } from '../resource.ts'
import { text } from '../text/text.ts'
import { stretchCells, sumByLabel } from '../usage-rows.ts'
import { stretchHead } from './instrument-habits.tsx'

interface Props {
  readonly scope: string
  readonly period: Period | undefined
  readonly zone: string
  readonly instruments: number
}

/** Rows come one an instrument and month; beyond this many instruments one asks for a part. */
const most = 600

/** Hours of the scope, stacked by state: by month for a year, by day for a month. */
export function FleetMonths({ scope, period, zone, instruments }: Props) {
  const words = text.value.fleet
  const month = period !== undefined && period.to - period.from < 40 * 86_400_000
  const few = instruments <= (month ? most / 10 : most)
  const now = serverNow.value
  const answer = useResource(
    period && few ? api.usage(scope, askable(period, zone, now), month ? 'day' : 'month') : null,
  )
  const stretches = sumByLabel(answer.data?.rows ?? [], now)
  return (
    <section>
      <ChartFrame
        title={month ? text.value.instrument.daily : words.byMonth}
        rows={{
          name: `hours-${scope}-${period?.id ?? ''}`,
          head: stretchHead(),
          body: () => stretches.map((one) => stretchCells(one, hours)),
          file: () => stretches.map((one) => stretchCells(one, (ms) => ms)),
        }}
      >
        <FaultNotice of={answer} />
        {few ? null : <Notice title={words.tooMany} />}
        {answer.data ? (
          <HourBars
            stretches={stretches}
            height={240}
            label={({ from }, i) =>
              month
                ? (stretches.length - 1 - i) % 6 === 0
                  ? when('day', from, zone)
                  : ''
                : when('monthShort', from, zone)
            }
          />
        ) : few && !answer.fault ? (
          <Waiting height={240} />
        ) : null}
      </ChartFrame>
    </section>
  )
}
