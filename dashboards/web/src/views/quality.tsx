import type { GatewaySummary } from '@hours/protocol'
import { api, itemsOf } from '../api-client.ts'
import { CsvButton } from '../charts/chart-frame.tsx'
import { serverNow } from '../clock.ts'
import { type Column, PlainTable } from '../data-table.tsx'
import { count, duration, nameOf, percent } from '../format.ts'
import { FaultNotice, Notice, Waiting } from '../notice.tsx'
import { language } from '../prefs.ts'
import { useResource } from '../resource.ts'
import { Swatch } from '../state-mark.tsx'
import { alarmText } from '../text/code-words.ts'
import { text } from '../text/text.ts'
import { LogSection } from './quality-log.tsx'
import { DoubtSection } from './quality-doubt.tsx'
import { GapSection } from './quality-gaps.tsx'
import { CoverageSection, QuarantineSection } from './quality-sections.tsx'

/** How far the hours can be believed: coverage, gateways, refusals, log and witnesses. */
export function QualityView() {
  const words = text.value.quality
  const gateways = useResource(api.gateways(), 30_000)
  const list = itemsOf(gateways.data ?? [])
  return (
    <>
      <h1>{words.title}</h1>
      <p class="lead">{words.intro}</p>
      <section>
        <h2>{words.gateways}</h2>
        <FaultNotice of={gateways} />
        {gateways.data ? (
          list.length > 0 ? (
            <Gateways list={list} />
          ) : (
            <NoGateways />
          )
        ) : gateways.fault ? null : (
          <Waiting height={320} />
        )}
      </section>
      <div class="columns">
        <CoverageSection />
        <LogSection />
      </div>
      <GapSection />
      <DoubtSection />
      <QuarantineSection />
      <ChannelSection />
    </>
  )
}

function NoGateways() {
  const words = text.value.quality
  return (
    <Notice title={words.noGateways}>
      <p>{words.noGatewaysDo}</p>
      <a class="button" href="/setup">
        {text.value.nav.setup}
      </a>
    </Notice>
  )
}

function Gateways({ list }: { list: readonly GatewaySummary[] }) {
  const words = text.value.quality
  const columns: Column<GatewaySummary>[] = [
    {
      name: words.gateway,
      cell: ({ gateway, site, online }) => (
        <>
          <span class="state">
            <Swatch state={online ? 'run' : 'unknown'} /> {gateway}
          </span>{' '}
          <small>
            {site} · {online ? words.online : words.silent}
          </small>
        </>
      ),
    },
    {
      name: words.lastHeard,
      cell: ({ lastHeard }) => (lastHeard === null ? words.never : duration(serverNow.value - lastHeard)),
    },
    { name: words.instruments, number: true, cell: ({ instruments }) => count(instruments) },
    { name: words.pages, number: true, cell: ({ received }) => count(received) },
    { name: words.missing, number: true, cell: ({ missing }) => count(missing) },
    { name: words.late, number: true, cell: ({ late }) => count(late) },
    { name: words.rejected, number: true, cell: ({ rejected }) => count(rejected) },
    {
      name: words.spool,
      number: true,
      title: words.spoolHelp,
      cell: ({ spool }) => (spool ? count(spool.pages) : '–'),
    },
    {
      name: words.clock,
      cell: ({ clock }) =>
        clock
          ? `${clock.source}, ${words.offset} ${count(clock.offsetMs)} ± ${count(clock.errorMs)} ms`
          : '–',
    },
    {
      name: words.alarms,
      cell: ({ alarms }) =>
        alarms.length > 0 ? alarms.map((one) => alarmText(one, language.value)).join(', ') : '–',
    },
  ]
  const file = {
    name: 'gateways',
    head: [
      'site',
      'gateway',
      'online',
      'last_heard_utc',
      'instruments',
      'received',
      'missing',
      'late',
      'rejected',
      'spool_pages',
      'clock_offset_ms',
      'alarms',
    ],
    body: () =>
      list.map((one) => [
        one.site,
        one.gateway,
        String(one.online),
        one.lastHeard === null ? null : new Date(one.lastHeard).toISOString(),
        one.instruments,
        one.received,
        one.missing,
        one.late,
        one.rejected,
        one.spool?.pages,
        one.clock?.offsetMs,
        one.alarms.join(' '),
      ]),
  }
  return (
    <>
      <PlainTable
        label={words.gateways}
        columns={columns}
        rows={list}
        keyOf={({ site, gateway }) => `${site}/${gateway}`}
      />
      <CsvButton rows={file} title={words.gateways} />
    </>
  )
}

function ChannelSection() {
  const words = text.value.quality
  const answer = useResource(api.channels())
  const list = itemsOf(answer.data ?? [])
  if (answer.fault?.code === 'missing' || list.length === 0) return null
  return (
    <section>
      <h2>{words.channels}</h2>
      <PlainTable
        label={words.channels}
        rows={list}
        keyOf={({ id }) => id}
        columns={[
          { name: words.channels, cell: ({ id, names }) => nameOf(names, id) },
          { name: words.available, number: true, cell: ({ available }) => percent(available) },
          { name: words.complete, number: true, cell: ({ complete }) => percent(complete) },
        ]}
      />
      <CsvButton
        title={words.channels}
        rows={{
          name: 'channels',
          head: ['channel', 'name', 'available', 'complete'],
          body: () =>
            list.map(({ id, names, available, complete }) => [id, nameOf(names, id), available, complete]),
        }}
      />
    </section>
  )
}
