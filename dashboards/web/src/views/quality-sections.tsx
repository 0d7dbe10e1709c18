import { api, itemsOf } from '../api-client.ts'
import { CsvButton } from '../charts/chart-frame.tsx'
import { fillOf } from '../charts/patterns.tsx'
import { PlainTable } from '../data-table.tsx'
import { count, nameOf, percent, when } from '../format.ts'
import { FaultNotice, Waiting } from '../notice.tsx'
import { language } from '../prefs.ts'
import { useResource } from '../resource.ts'
import { instrumentAddress } from '../routes.ts'
import { useSiteZone } from '../site-zone.ts'
import { refusalText } from '../text/code-words.ts'
import { text } from '../text/text.ts'

/** The instruments least is known about, this month. */
export function CoverageSection() {
  const words = text.value.quality
  const answer = useResource(api.instruments({ sort: 'coverage', limit: 12 }), 60_000)
  return (
    <section>
      <h2>{words.coverage}</h2>
      <FaultNotice of={answer} />
      {answer.data ? (
        <>
          <ol class="rank">
            {answer.data.items.map(({ key, names, month }) => (
              <li key={key}>
                <a href={instrumentAddress(key)} title={key}>
                  {nameOf(names, key)}
                </a>
                <svg width="100%" height="12" aria-hidden="true">
                  <rect width="100%" height="12" rx="1.5" fill={fillOf('unknown')} />
                  <rect width={`${(month.coverage ?? 0) * 100}%`} height="12" rx="1.5" fill={fillOf('run')} />
                </svg>
                <span class="num">{percent(month.coverage)}</span>
              </li>
            ))}
          </ol>
          <a
            class="plain no-print"
            href={api.instruments({ sort: 'coverage', format: 'csv' }).address}
            download
          >
            {text.value.chart.csv}
            <span class="hidden">: {words.coverage}</span>
          </a>
        </>
      ) : answer.fault ? null : (
        <Waiting height={320} />
      )}
    </section>
  )
}

/** What was refused and why. */
export function QuarantineSection() {
  const words = text.value.quality
  const answer = useResource(api.quarantine(), 60_000)
  const list = itemsOf(answer.data ?? [])
  const zone = useSiteZone()
  const file = {
    name: 'quarantine',
    head: ['id', 'at_utc', 'gateway', 'seq', 'topic', 'code', 'reason', 'bytes'],
    body: () =>
      list.map(({ id, at, gateway, seq, topic, code, reason, bytes }) => [
        id,
        new Date(at).toISOString(),
        gateway,
        seq,
        topic,
        code,
        reason,
        bytes,
      ]),
  }
  return (
    <section>
      <h2>{words.quarantine}</h2>
      <p class="lead">{words.quarantineHelp}</p>
      <FaultNotice of={answer} />
      {answer.data && list.length === 0 ? <p>{words.quarantineNone}</p> : null}
      {list.length > 0 ? (
        <>
          <PlainTable
            label={words.quarantine}
            rows={list}
            keyOf={({ id }) => id}
            columns={[
              { name: words.at, cell: ({ at }) => when('full', at, zone) },
              { name: words.gateway, cell: ({ gateway, topic }) => gateway ?? topic },
              {
                name: words.code,
                cell: ({ code }) => <span title={code}>{refusalText(code, language.value)}</span>,
              },
              { name: words.reason, cell: ({ reason }) => reason },
              { name: words.bytes, number: true, cell: ({ bytes }) => count(bytes) },
            ]}
          />
          <CsvButton rows={file} title={words.quarantine} />
        </>
      ) : null}
    </section>
  )
}
