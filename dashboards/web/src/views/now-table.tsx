import type { InstrumentSummary } from '@hours/protocol'
import { api } from '../api-client.ts'
import { Sparkline } from '../charts/sparkline.tsx'
import { hours, nameOf, none, percent, power, shortUser } from '../format.ts'
import { withLive } from '../live.ts'
import { place } from '../route.ts'
import { instrumentAddress } from '../routes.ts'
import { StateMark } from '../state-mark.tsx'
import { text } from '../text/text.ts'
import { Since } from './since.tsx'

interface Props {
  readonly items: readonly InstrumentSummary[]
  /** When the rows were asked for: what came live after that is newer. */
  readonly askedAt: number
}

/** The instruments of one page of the list; a table on a desk, cards on a phone. */
export function FleetTable({ items, askedAt }: Props) {
  const words = text.value.now
  return (
    <>
      <table role="table">
        <Head />
        <tbody role="rowgroup">
          {items.map((item) => (
            <Row key={item.key} item={withLive(item, askedAt)} />
          ))}
        </tbody>
      </table>
      <div class="chart-tools no-print">
        <a class="plain" href={fileAddress()} download>
          {text.value.chart.csv}
          <span class="hidden">: {words.title}</span>
        </a>
      </div>
    </>
  )
}

/** All rows that fit the filter, in the order on show, from the server. */
function fileAddress(): string {
  const { query } = place.value
  const [q, state, organisation] = ['q', 'state', 'organisation'].map((name) => query.get(name))
  return api.instruments({ q, state, organisation, sort: query.get('sort') ?? 'name', format: 'csv' }).address
}

function Head() {
  const words = text.value.now
  const { hour } = text.value
  return (
    <thead role="rowgroup">
      <tr role="row" class="over">
        <td role="cell" colSpan={4} />
        <th role="columnheader" scope="colgroup" colSpan={4} class="num">
          <span>{words.month}</span>
        </th>
      </tr>
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
          {words.on}, {hour}
        </th>
        <th role="columnheader" scope="col" class="num">
          {words.run}, {hour}
        </th>
        <th role="columnheader" scope="col" class="num" title={words.utilizationHelp}>
          {words.utilization}
        </th>
        <th role="columnheader" scope="col" class="num" title={words.coverageHelp}>
          {words.coverage}
        </th>
      </tr>
    </thead>
  )
}

function Row({ item }: { item: InstrumentSummary }) {
  const words = text.value.now
  const { month } = item
  const name = nameOf(item.names, item.key)
  const organisation = nameOf(item.organisationNames, item.organisation)
  return (
    <tr role="row" class={item.state}>
      <td role="cell" class="now-state">
        <StateMark state={item.state} />
        <Since item={item} />
      </td>
      <td role="cell" class="name">
        <a href={instrumentAddress(item.key)} title={name}>
          {name}
        </a>
        <small title={organisation}>
          {item.key}
          {item.alwaysOn ? ` · ${words.alwaysOn}` : ''} · {organisation}
        </small>
      </td>
      <td role="cell" class="power">
        <Sparkline values={item.sparkline} now={item.mw} runStart={item.runStartMw} state={item.state} />
        {power(item.mw)}
      </td>
      <Who session={item.session} />
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

function Who({ session }: Pick<InstrumentSummary, 'session'>) {
  if (!session)
    return (
      <td role="cell" class="who">
        <span class="soft" title={text.value.now.noSession}>
          {none}
        </span>
      </td>
    )
  return (
    <td role="cell" class="who some">
      <span title={session.user}>{shortUser(session.user)}</span>
      <small>{session.beneficiary}</small>
    </td>
  )
}
