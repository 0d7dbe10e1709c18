import { useState } from 'preact/hooks'
import { api } from '../api-client.ts'
import { ChartFrame } from '../charts/chart-frame.tsx'
import { HourBars } from '../charts/day-bars.tsx'
import { QuotaBar } from '../charts/quota-bar.tsx'
import { serverNow } from '../clock.ts'
import { quotaHours, type ReadFigure, readFigures } from '../figure-reading.ts'
import { count, hours, percent, when } from '../format.ts'
import { FaultNotice, Waiting } from '../notice.tsx'
import { useResource } from '../resource.ts'
import { addDurations } from '../states.ts'
import { text } from '../text/text.ts'
import { coverageOf, stretchCells, sumByLabel } from '../usage-rows.ts'
import { dateOf, dayStart, yearStart } from '../zone.ts'
import { stretchHead } from './instrument-habits.tsx'

/** To look at instead of the quota in force: those of the national rules by class (domain.md, 1.1 and 1.2). */
const otherQuotas = [1_400, 800, 1_600]

/** The calendar year so far: hours against a quota, where they will end, coverage, months. */
export function YearSection({ instrument, zone }: { instrument: string; zone: string }) {
  const words = text.value.instrument
  const [chosen, setQuota] = useState<number>()
  const now = serverNow.value
  const from = yearStart(zone, now)
  const answer = useResource(
    api.usage(instrument, `${dateOf(zone, from)}..${dateOf(zone, dayStart(zone, now, 1))}`, 'month'),
    300_000,
  )
  const figures = useResource(api.figures(instrument, dateOf(zone, from).slice(0, 4)), 300_000)
  const due = quotaHours(figures.data?.figures)
  const quota = chosen ?? due ?? 1_400
  const months = sumByLabel(answer.data?.rows ?? [], now)
  const sum = addDurations(months.map(({ states }) => states))
  const effective = readFigures(figures.data?.figures).get('effective')
  const value = effective?.value ?? sum.run
  const upper = effective ? (effective.upper ?? value) : sum.run + sum.unknown
  const watched = months.reduce(
    (total, { states }) => total + Object.values(states).reduce((a, b) => a + b, 0),
    0,
  )
  const ahead = value + (watched > 0 ? (value / watched) * (yearStart(zone, now, 1) - now) : 0)
  return (
    <section>
      <ChartFrame
        title={words.year}
        help={effective ? undefined : words.figureBase}
        rows={{
          name: `months-${instrument}`,
          head: stretchHead(),
          body: () => months.map((month) => stretchCells(month, hours)),
          file: () => months.map((month) => stretchCells(month, (ms) => ms)),
        }}
      >
        <FaultNotice of={answer} />
        {answer.data ? (
          <div class="columns">
            <div class="stack">
              <Against {...{ value, quota, due, setQuota }} of={effective} />
              <QuotaBar value={value} upper={upper} ahead={ahead} quota={quota * 3_600_000} />
              <p class="soft small">
                {words.projected}: <b>{hours(ahead)}</b> {text.value.hour} (
                {percent(ahead / (quota * 3_600_000), 0)}). {words.projectedHelp}
              </p>
              <Coverage share={coverageOf(sum)} />
            </div>
            <HourBars
              stretches={months}
              label={({ from: start }) => when('monthShort', start, zone)}
              height={220}
            />
          </div>
        ) : answer.fault ? null : (
          <Waiting height={260} />
        )}
      </ChartFrame>
    </section>
  )
}

interface AgainstProps {
  readonly value: number
  readonly quota: number
  /** Of the rule set in force. */
  readonly due: number | undefined
  readonly setQuota: (quota: number) => void
  readonly of: ReadFigure | undefined
}

function Against({ value, quota, due, setQuota, of }: AgainstProps) {
  const words = text.value.instrument
  return (
    <div class="row spread">
      <p class="quota-number">
        <small class="soft">{of ? words.effectiveBase : words.runBase}</small>
        <br />
        {hours(value)} <small class="soft">{words.quotaOf(count(quota))}</small>
      </p>
      <label class="field no-print">
        <span>{words.quota}</span>
        <select value={String(quota)} onChange={(event) => setQuota(Number(event.currentTarget.value))}>
          {[...new Set([...(due === undefined ? [] : [due]), ...otherQuotas])].map((one) => (
            <option key={one} value={one}>
              {one === due ? words.quotaInForce(one) : words.quotaChoice(one)}
            </option>
          ))}
        </select>
      </label>
    </div>
  )
}

function Coverage({ share }: { share: number | null }) {
  const words = text.value.instrument
  return (
    <p>
      <b>{percent(share)}</b> {words.coverageText}. <span class="soft small">{words.coverageHelp}</span>
    </p>
  )
}
