import type { InstrumentSummary } from '@hours/protocol'
import { CsvButton, type Rows } from '../charts/chart-frame.tsx'
import { Sparkline } from '../charts/sparkline.tsx'
import { serverNow } from '../clock.ts'
import { duration, hours, nameOf, none, percent, power, shortUser, when } from '../format.ts'
import { instrumentAddress } from '../routes.ts'
import { StateMark } from '../state-mark.tsx'
import { text } from '../text/text.ts'

/** The instruments of one page of the list; a table on a desk, cards on a phone. */
export function FleetTable({ items, now }: { items: readonly InstrumentSummary[]; now: number }) {
  const words = text.value.now
  return (
    <>
      <table role="table">
        <thead role="rowgroup">
          <tr role="row">
            <th role="columnheader" scope="col">
              {words.stateColumn}
            </th>
            <th role="columnheader" scope="col">
              {words.instrument}
            </th>
            <th role="columnheader" scope="col">
              {words.power}
            </th>
            <th role="columnheader" scope="col">
              {words.who}
            </th>
            <th role="columnheader" scope="col" class="num">
              {words.month}: {words.on}, {text.value.hour}
            </th>
            <th role="columnheader" scope="col" class="num">
              {words.run}, {text.value.hour}
            </th>
            <th role="columnheader" scope="col" class="num" title={words.utilizationHelp}>
              {words.utilization}
            </th>
            <th role="columnheader" scope="col" class="num" title={words.coverageHelp}>
              {words.coverage}
            </th>
          </tr>
        </thead>
        <tbody role="rowgroup">
          {items.map((item) => (
            <Row key={item.key} item={item} />
          ))}
        </tbody>
      </table>
      <div class="chart-tools no-print">
        <CsvButton rows={fileOf(items, now)} title={words.title} />
      </div>
    </>
  )
}

function Row({ item }: { item: InstrumentSummary }) {
  const words = text.value.now
  const { month } = item
  return (
    <tr role="row">
      <td role="cell" class="now-state">
        <StateMark state={item.state} />
        <Since item={item} />
      </td>
      <td role="cell" class="name">
        <a href={instrumentAddress(item.key)} title={nameOf(item.names, item.key)}>
          {nameOf(item.names, item.key)}
        </a>
        <small>
          {item.key} · {nameOf(item.organisationNames, item.organisation)}
          {item.alwaysOn ? ` · ${words.alwaysOn}` : ''}
        </small>
      </td>
      <td role="cell" class="power">
        <Sparkline values={item.sparkline} />
        {power(item.mw)}
      </td>
      <td role="cell" class={item.session ? 'who some' : 'who'}>
        {item.session ? (
          <>
            <span title={item.session.user}>{shortUser(item.session.user)}</span>
            <small>{item.session.beneficiary}</small>
          </>
        ) : (
          <span class="soft" title={words.noSession}>
            {none}
          </span>
        )}
      </td>
      <td role="cell" class="num" data-label={words.on}>
        {hours(month.on)}
      </td>
      <td role="cell" class="num" data-label={words.run}>
        {hours(month.run)}
      </td>
      <td role="cell" class="num" data-label={words.utilization}>
        {percent(month.utilCalendar)}
      </td>
      <td role="cell" class="num" data-label={words.coverage}>
        {percent(month.coverage)}
      </td>
    </tr>
  )
}

/** For how long, and from when in the site's time; a silent one says since when nothing is known. */
export function Since({
  item,
}: {
  item: Pick<InstrumentSummary, 'state' | 'since' | 'zone' | 'gatewayOnline'>
}) {
  const words = text.value.now
  if (item.since === null) return <small>{item.state === 'unknown' ? words.neverHeard : '\u00a0'}</small>
  const length = duration(serverNow.value - item.since)
  return (
    <small title={when('full', item.since, item.zone)}>
      {item.state === 'unknown' ? words.unknownSince(length) : words.since(length)}
    </small>
  )
}

const fileOf = (items: readonly InstrumentSummary[], now: number): Rows => ({
  name: `instruments-${new Date(now).toISOString().slice(0, 16)}`,
  head: [
    'key',
    'name',
    'organisation',
    'gateway',
    'state',
    'since_utc',
    'power_mw',
    'user',
    'month_on_ms',
    'month_run_ms',
    'month_known_ms',
    'month_length_ms',
    'util_calendar',
    'coverage',
  ],
  body: () =>
    items.map((item) => [
      item.key,
      nameOf(item.names, item.key),
      item.organisation,
      item.gateway,
      item.state,
      item.since === null ? null : new Date(item.since).toISOString(),
      item.mw,
      item.session?.user,
      item.month.on,
      item.month.run,
      item.month.known,
      item.month.length,
      item.month.utilCalendar,
      item.month.coverage,
    ]),
})
