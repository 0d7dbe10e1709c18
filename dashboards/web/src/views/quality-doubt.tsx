import { api } from '../api-client.ts'
import type { QualityRow } from '../api-shapes.ts'
import { serverNow } from '../clock.ts'
import { PlainTable } from '../data-table.tsx'
import { decimal, hours, nameOf, none } from '../format.ts'
import { FaultNotice } from '../notice.tsx'
import { askable, periodOf } from '../periods.ts'
import { useResource } from '../resource.ts'
import { instrumentAddress } from '../routes.ts'
import { useSiteZone } from '../site-zone.ts'
import { text } from '../text/text.ts'
import { dateOf } from '../zone.ts'

/** Instruments whose own counters contradict their hours, or whose hours another system tells; nothing where all is well. */
export function DoubtSection() {
  const words = text.value.quality
  const zone = useSiteZone()
  const now = serverNow.value
  const month = periodOf(dateOf(zone, now).slice(0, 7), zone)
  const period = month ? askable(month, zone, now) : ''
  const answer = useResource(api.quality({ period, doubtful: 'true', limit: 50 }), 300_000)
  const { data } = answer
  const isEmpty = data?.items.length === 0 && data.total.witnessed === 0
  if (answer.fault?.code === 'missing' || isEmpty) return null
  return (
    <section>
      <h2>{words.doubt}</h2>
      <FaultNotice of={answer} />
      {data ? <p>{words.doubtHelp(data.total.witnessed, data.total.contradicted)}</p> : null}
      {data && data.items.length > 0 ? <Doubts rows={data.items} /> : null}
    </section>
  )
}

function Doubts({ rows }: { rows: readonly QualityRow[] }) {
  const words = text.value.quality
  return (
    <PlainTable
      label={words.doubt}
      rows={rows}
      keyOf={({ instrument }) => instrument}
      columns={[
        {
          name: words.instruments,
          cell: ({ instrument, names }) => (
            <a href={instrumentAddress(instrument)}>{nameOf(names, instrument)}</a>
          ),
        },
        {
          name: words.reason,
          cell: ({ witness }) => (witness?.differs ? words.differs[witness.differs] : none),
        },
        { name: words.ours, number: true, cell: ({ witness }) => counted(witness, 'ours') },
        { name: words.device, number: true, cell: ({ witness }) => counted(witness, 'theirs') },
        {
          name: words.reportedHours,
          title: words.reportedHelp,
          number: true,
          cell: ({ reported }) => (reported > 0 ? hours(reported) : none),
        },
      ]}
    />
  )
}

/** The counter that contradicts, kWh or hours. */
function counted(witness: QualityRow['witness'], whose: 'ours' | 'theirs'): string {
  if (!witness?.differs) return none
  const value = witness[witness.differs]?.[whose] ?? 0
  return witness.differs === 'energy'
    ? `${decimal(value / 1_000_000)} kWh`
    : `${hours(value)} ${text.value.hour}`
}
