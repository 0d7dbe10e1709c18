import { api } from '../api-client.ts'
import { BigFigure } from '../figure.tsx'
import { readFigures, type ReadFigure } from '../figure-reading.ts'
import { count, hours, none, percent } from '../format.ts'
import { Notice } from '../notice.tsx'
import { useResource } from '../resource.ts'
import { type Durations, poweredOf } from '../states.ts'
import { text } from '../text/text.ts'
import { coverageOf } from '../usage-rows.ts'

/** The period that is compared with, as far as the one on show has come. */
interface Before {
  readonly name: string
  /** As the API is asked for it. */
  readonly period: string
  readonly sum: Durations
}

interface Props {
  readonly scope: string
  readonly period: string
  readonly sum: Durations
  readonly instruments: number
  readonly before: Before | undefined
}

/** The numbers people ask for first, each with its bounds or its denominator, and with what they were before. */
export function FleetFigures({ scope, period, sum, instruments, before }: Props) {
  const words = text.value.fleet
  const answer = useResource(api.figures(scope, period))
  const earlier = useResource(before ? api.figures(scope, before.period) : null)
  const figures = readFigures(answer.data?.figures)
  const was = readFigures(before ? earlier.data?.figures : undefined)
  const share = figures.get('shareHours')
  const unit = text.value.hour
  const name = before?.name
  return (
    <section>
      <dl class="figures">
        <BigFigure label={words.on} value={hours(poweredOf(sum))} unit={unit}>
          <Change now={poweredOf(sum)} before={before && poweredOf(before.sum)} name={name} />
        </BigFigure>
        <BigFigure label={words.run} value={hours(sum.run)} unit={unit}>
          <Change now={sum.run} before={before?.sum.run} name={name} />
        </BigFigure>
        <HoursFigure
          label={words.effective}
          of={figures.get('effective')}
          was={was.get('effective')}
          name={name}
        />
        <HoursFigure
          label={words.external}
          of={figures.get('external')}
          was={was.get('external')}
          name={name}
        />
        {share ? (
          <BigFigure label={words.share} value={percent(share.value)}>
            {words.shareBase}
            {share.lower !== null && share.upper !== null ? <br /> : null}
            {share.lower !== null && share.upper !== null
              ? words.shareBounds(percent(share.lower), percent(share.upper))
              : null}
            <Was share={was.get('shareHours')?.value} name={name} />
          </BigFigure>
        ) : null}
        {(['utilCalendar', 'utilSchedule', 'utilQuota'] as const).map((kpi) => {
          const of = figures.get(kpi)
          return of ? (
            <BigFigure key={kpi} label={words.utilization} value={percent(of.value)}>
              {words.denominators[kpi]}
              <Was share={was.get(kpi)?.value} name={name} />
            </BigFigure>
          ) : null
        })}
        <BigFigure label={text.value.instrument.coverage} value={percent(coverageOf(sum))}>
          {hours(sum.unknown)} {unit} {text.value.states.unknown}
          <Was share={before && coverageOf(before.sum)} name={name} />
        </BigFigure>
        <BigFigure label={words.perInstrument} value={count(instruments)} />
      </dl>
      {answer.fault?.code === 'missing' ? <Notice title={words.figuresMissing} /> : null}
    </section>
  )
}

interface HoursProps {
  readonly label: string
  readonly of: ReadFigure | undefined
  readonly was: ReadFigure | undefined
  readonly name: string | undefined
}

function HoursFigure({ label, of, was, name }: HoursProps) {
  if (!of) return null
  const lower = of.lower ?? of.value
  return (
    <BigFigure label={label} value={of.value === null ? none : hours(of.value)} unit={text.value.hour}>
      {of.upper !== null && lower !== null ? `${hours(lower)} – ${hours(of.upper)} ${text.value.hour}` : null}
      {of.value === null || was?.value == null ? null : (
        <>
          <br />
          <Change now={of.value} before={was.value} name={name} />
        </>
      )}
    </BigFigure>
  )
}

interface ChangeProps {
  readonly now: number
  readonly before: number | undefined
  readonly name: string | undefined
}

function Change({ now, before, name }: ChangeProps) {
  if (before === undefined) return null
  const sign = now > before ? '+' : ''
  return (
    <>
      {name}, {text.value.fleet.sameDays}: {hours(before)} {text.value.hour}
      {before > 0 ? ` (${sign}${percent((now - before) / before, 1)})` : ''}
    </>
  )
}

/** A share as it was before; a difference of shares would be taken for a share of a share. */
function Was({ share, name }: { share: number | null | undefined; name: string | undefined }) {
  if (share === undefined || name === undefined) return null
  return (
    <>
      <br />
      {name}, {text.value.fleet.sameDays}: {percent(share)}
    </>
  )
}
