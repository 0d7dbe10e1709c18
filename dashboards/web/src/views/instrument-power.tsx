import { api } from '../api-client.ts'
import { ChartFrame } from '../charts/chart-frame.tsx'
import { PowerReadout } from '../charts/power-readout.tsx'
import type { WindowControl } from '../charts/use-window.ts'
import { power, when } from '../format.ts'
import { lazily } from '../lazy.tsx'
import { FaultNotice, Waiting } from '../notice.tsx'
import { useResource } from '../resource.ts'
import { text } from '../text/text.ts'
import { useRoom } from './instrument-timeline.tsx'

const PowerTrace = lazily(async () => (await import('../charts/power-trace.tsx')).PowerTrace, 240)

const steps = [1, 2, 5, 10, 15, 30, 60, 120, 240, 360, 720, 1_440]

/** Minutes a point, so that there are at most about a thousand. */
const stepOf = (length: number) =>
  (steps.find((minutes) => length / (minutes * 60_000) <= 1_100) ?? 1_440) * 60_000

/** Power over the window of the timeline above. */
export function PowerSection({
  instrument,
  zone,
  window,
}: {
  instrument: string
  zone: string
  window: WindowControl
}) {
  const words = text.value.instrument
  const room = useRoom(window)
  const answer = useResource(
    api.power(instrument, room.from, room.to, stepOf(window.to - window.from)),
    60_000,
  )
  const { data } = answer
  const inside = (data?.points ?? []).filter(([at]) => at >= window.from && at < window.to)
  return (
    <section>
      <ChartFrame
        title={words.power}
        help={words.powerHelp}
        rows={{
          name: `power-${instrument}`,
          head: [text.value.time.from, words.min, words.mean, words.max],
          body: () =>
            inside.map(([at, min, mean, max]) => [
              when('full', at, zone),
              power(min),
              power(mean),
              power(max),
            ]),
          file: () => inside.map(([at, min, mean, max]) => [new Date(at).toISOString(), min, mean, max]),
        }}
      >
        <FaultNotice of={answer} />
        {data && inside.length === 0 ? <p class="no-trace">{words.noPower}</p> : null}
        {data && inside.length > 0 ? <PowerTrace data={data} window={window} zone={zone} /> : null}
        {data || answer.fault ? null : <Waiting height={240} />}
        <PowerReadout data={data} zone={zone} />
      </ChartFrame>
    </section>
  )
}
