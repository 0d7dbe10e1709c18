import { api } from '../api-client.ts'
import type { QualityRow } from '../api-shapes.ts'
import { CsvButton } from '../charts/chart-frame.tsx'
import { serverNow } from '../clock.ts'
import { type Column, PlainTable } from '../data-table.tsx'
import { duration, nameOf, when } from '../format.ts'
import { FaultNotice } from '../notice.tsx'
import { askable, periodOf } from '../periods.ts'
import { useResource } from '../resource.ts'
import { instrumentAddress } from '../routes.ts'
import { useSiteZone } from '../site-zone.ts'
import { text } from '../text/text.ts'
import { dateOf } from '../zone.ts'

/** Instruments asked for, the least covered first, and gaps shown, the longest first. */
const [asked, shown] = [50, 12]
/** Around a gap in the timeline, ms. */
const room = 2 * 3_600_000

type Gap = NonNullable<QualityRow['gaps']>[number] & Pick<QualityRow, 'instrument' | 'names'>

/** Where time is unknown this month and why: the longest stretches, each a way to its timeline. */
export function GapSection() {
  const words = text.value.quality
  const zone = useSiteZone()
  const now = serverNow.value
  const month = periodOf(dateOf(zone, now).slice(0, 7), zone)
  const period = month ? askable(month, zone, now) : ''
  const answer = useResource(api.quality({ period, limit: asked }), 300_000)
  if (answer.fault?.code === 'missing') return null
  const gaps = (answer.data?.items ?? []).flatMap(({ instrument, names, gaps: own }) =>
    (own ?? []).map((gap): Gap => ({ ...gap, instrument, names })),
  )
  const longest = gaps.sort((a, b) => b.ms - a.ms).slice(0, shown)
  return (
    <section>
      <h2>{words.gaps}</h2>
      <p class="lead">{words.gapsHelp}</p>
      <FaultNotice of={answer} />
      {answer.data && gaps.length === 0 ? <p>{words.gapsNone}</p> : null}
      {longest.length > 0 ? <Gaps rows={longest} zone={zone} /> : null}
    </section>
  )
}

function Gaps({ rows, zone }: { rows: readonly Gap[]; zone: string }) {
  const words = text.value.quality
  const address = ({ instrument, from, to }: Gap) =>
    `${instrumentAddress(instrument)}?from=${from - room}&to=${to + room}`
  const columns: Column<Gap>[] = [
    {
      name: text.value.now.instrument,
      cell: (gap) => <a href={address(gap)}>{nameOf(gap.names, gap.instrument)}</a>,
    },
    { name: words.from, cell: ({ from }) => when('dateTime', from, zone) },
    { name: words.lasts, number: true, cell: ({ ms }) => duration(ms) },
    { name: words.reason, cell: ({ why }) => words.why[why] },
  ]
  const file = {
    name: 'gaps',
    head: ['instrument', 'from_utc', 'to_utc', 'ms', 'why'],
    body: () =>
      rows.map(({ instrument, from, to, ms, why }) => [
        instrument,
        new Date(from).toISOString(),
        new Date(to).toISOString(),
        ms,
        why,
      ]),
  }
  return (
    <>
      <PlainTable
        label={words.gaps}
        rows={rows}
        columns={columns}
        keyOf={({ instrument, from }) => `${instrument} ${from}`}
      />
      <CsvButton rows={file} title={words.gaps} />
    </>
  )
}
