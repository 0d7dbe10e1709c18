import { api } from '../api-client.ts'
import { ChartFrame } from '../charts/chart-frame.tsx'
import { HourBars } from '../charts/day-bars.tsx'
import { serverNow } from '../clock.ts'
import { hours, when } from '../format.ts'
import { FaultNotice, Waiting } from '../notice.tsx'
import { askable, type Period } from '../periods.ts'
import { useResource } from '../resource.ts'
import { text } from '../text/text.ts'
import { stretchCells, sumByLabel } from '../usage-rows.ts'
import { stretchHead } from './instrument-habits.tsx'

interface Props {
  readonly scope: string
  readonly period: Period | undefined
  readonly zone: string
}

/** Hours of the scope, stacked by state: by month for a year, by day for a month. */
export function FleetMonths({ scope, period, zone }: Props) {
  const words = text.value.fleet
  const month = period !== undefined && period.to - period.from < 40 * 86_400_000
  const now = serverNow.value
  const answer = useResource(
    period ? api.usageTotals(scope, askable(period, zone, now), month ? 'day' : 'month') : null,
  )
  const stretches = sumByLabel(answer.data?.totals ?? [], now)
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
        ) : !answer.fault ? (
          <Waiting height={240} />
        ) : null}
      </ChartFrame>
    </section>
  )
}
