import type { PowerSeries } from '@hours/protocol'
import { power, when } from '../format.ts'
import { text } from '../text/text.ts'
import { pointed } from './pointed.ts'

/** Under the power plot: what was drawn at the instant that is pointed at, otherwise the levels. */
export function PowerReadout({
  data,
  zone,
}: {
  readonly data: PowerSeries | undefined
  readonly zone: string
}) {
  const words = text.value.instrument
  const at = pointed.value
  if (at === undefined) return <Levels thresholds={data?.thresholds ?? null} />
  const point = data?.points.find(([from]) => at >= from && at < from + data.stepMs)
  const said = point
    ? ([words.min, words.mean, words.max] as const).map((name, i) => [name, point[i + 1]])
    : []
  return (
    <p class="soft small readout">
      <b>{when('dateTime', at, zone)}</b>
      {point ? null : <span>{words.noPowerThen}</span>}
      {said.map(([name, mw]) => (
        <span key={name}>
          {name} {power(Number(mw))}
        </span>
      ))}
    </p>
  )
}

function Levels({ thresholds }: { readonly thresholds: PowerSeries['thresholds'] }) {
  const words = text.value.instrument.thresholds
  const of = thresholds
    ? ([
        [words.onStart, thresholds.onStartMw],
        [words.onStop, thresholds.onStopMw],
        [words.runStart, thresholds.runStartMw],
        [words.runStop, thresholds.runStopMw],
      ] as const)
    : []
  return (
    <p class="soft small readout">
      {of.map(([name, mw]) => (
        <span key={name}>
          {name} {power(mw)}
        </span>
      ))}
    </p>
  )
}
