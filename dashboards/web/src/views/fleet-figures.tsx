import { api } from '../api-client.ts'
import { BigFigure } from '../figure.tsx'
import { readFigures, type ReadFigure } from '../figure-reading.ts'
import { count, hours, none, percent } from '../format.ts'
import { Notice } from '../notice.tsx'
import { useResource } from '../resource.ts'
import { type Durations, poweredOf } from '../states.ts'
import { text } from '../text/text.ts'
import { coverageOf } from '../usage-rows.ts'

interface Props {
  readonly scope: string
  readonly period: string
  readonly sum: Durations
  readonly instruments: number
  readonly before: Durations | undefined
  readonly beforePeriod: string | undefined
}

/** The numbers people ask for first, each with its bounds or its denominator. */
export function FleetFigures({ scope, period, sum, instruments, before, beforePeriod }: Props) {
  const words = text.value.fleet
  const answer = useResource(api.figures(scope, period))
  const figures = readFigures(answer.data?.figures)
  const share = figures.get('shareHours')
  const unit = text.value.hour
  return (
    <section>
      <dl class="figures">
        <BigFigure label={words.on} value={hours(poweredOf(sum))} unit={unit}>
          <Change now={poweredOf(sum)} before={before && poweredOf(before)} period={beforePeriod} />
        </BigFigure>
        <BigFigure label={words.run} value={hours(sum.run)} unit={unit}>
          <Change now={sum.run} before={before?.run} period={beforePeriod} />
        </BigFigure>
        <HoursFigure label={words.effective} of={figures.get('effective')} />
        <HoursFigure label={words.external} of={figures.get('external')} />
        {share ? (
          <BigFigure label={words.share} value={percent(share.value)}>
            {words.shareBase}
            {share.lower !== null && share.upper !== null ? <br /> : null}
            {share.lower !== null && share.upper !== null
              ? words.shareBounds(percent(share.lower), percent(share.upper))
              : null}
          </BigFigure>
        ) : null}
        {(['utilCalendar', 'utilSchedule', 'utilQuota'] as const).map((kpi) => {
          const of = figures.get(kpi)
          return of ? (
            <BigFigure key={kpi} label={words.utilization} value={percent(of.value)}>
              {words.denominators[kpi]}
            </BigFigure>
          ) : null
        })}
        <BigFigure label={text.value.instrument.coverage} value={percent(coverageOf(sum))}>
          {hours(sum.unknown)} {unit} {text.value.states.unknown}
        </BigFigure>
        <BigFigure label={words.perInstrument} value={count(instruments)} />
      </dl>
      {answer.fault?.code === 'missing' ? <Notice title={words.figuresMissing} /> : null}
    </section>
  )
}

function HoursFigure({ label, of }: { label: string; of: ReadFigure | undefined }) {
  if (!of) return null
  const lower = of.lower ?? of.value
  return (
    <BigFigure label={label} value={of.value === null ? none : hours(of.value)} unit={text.value.hour}>
      {of.upper !== null && lower !== null ? `${hours(lower)} – ${hours(of.upper)} ${text.value.hour}` : null}
    </BigFigure>
  )
}

function Change({
  now,
  before,
  period,
}: {
  now: number
  before: number | undefined
  period: string | undefined
}) {
  if (before === undefined) return null
  const sign = now > before ? '+' : ''
  return (
    <>
      {period}, {text.value.fleet.sameDays}: {hours(before)} {text.value.hour}
      {before > 0 ? ` (${sign}${percent((now - before) / before, 1)})` : ''}
    </>
  )
}
