import type { InstrumentSummary } from '@hours/protocol'
import { useEffect } from 'preact/hooks'
import { api } from '../api-client.ts'
import { useWindow } from '../charts/use-window.ts'
import { EvidencePanel } from '../evidence/evidence-panel.tsx'
import { hours, nameOf, percent, power, shortUser, zoneOffset } from '../format.ts'
import { liveGaps, withLive } from '../live.ts'
import { FaultNotice, Notice, Waiting } from '../notice.tsx'
import { useResource } from '../resource.ts'
import { place } from '../route.ts'
import { StateMark } from '../state-mark.tsx'
import { text } from '../text/text.ts'
import { serverNow } from '../clock.ts'
import { DailySection, HeatSection } from './instrument-habits.tsx'
import { PowerSection } from './instrument-power.tsx'
import { TimelineSection } from './instrument-timeline.tsx'
import { YearSection } from './instrument-year.tsx'
import { Since } from './since.tsx'

const everyMs = 30_000

/** Everything about one instrument, from its state now to the evidence of a day. */
export function InstrumentView() {
  const [, , site = '', id = ''] = place.value.path.split('/')
  const key = `${decode(site)}/${decode(id)}`
  const one = useResource(api.instrument(key), everyMs)
  const words = text.value.instrument
  const { data } = one
  const gaps = liveGaps.value
  useEffect(() => {
    if (gaps > 0) one.refresh()
  }, [gaps])
  const name = data ? nameOf(data.names, data.key) : undefined
  useEffect(() => {
    if (name !== undefined) document.title = `${name} · ${text.value.brand}`
  }, [name])

  return (
    <>
      <p class="crumb">
        <a href="/">← {words.allInstruments}</a>
      </p>
      {data ? null : <h1 class="long">{key}</h1>}
      {one.fault?.code === 'missing' ? (
        <Notice title={words.notFound}>
          <p>
            <code>{key}</code>. {words.notFoundDo}
          </p>
        </Notice>
      ) : (
        <FaultNotice of={one} />
      )}
      {data ? <Whole item={withLive(data, one.askedAt)} /> : one.fault ? null : <Waiting height={900} />}
    </>
  )
}

/** A part of the address that is not well encoded is taken as it stands. */
function decode(part: string): string {
  try {
    return decodeURIComponent(part)
  } catch {
    return part
  }
}

function Whole({ item }: { item: InstrumentSummary }) {
  const window = useWindow()
  const { key, zone } = item
  return (
    <>
      <Title item={item} />
      <TimelineSection instrument={key} zone={zone} window={window} />
      <PowerSection instrument={key} zone={zone} window={window} />
      <YearSection instrument={key} zone={zone} />
      <section class="columns">
        <section>
          <DailySection instrument={key} zone={zone} />
        </section>
        <section>
          <HeatSection instrument={key} />
        </section>
      </section>
      <EvidencePanel instrument={key} zone={zone} />
    </>
  )
}

function Title({ item }: { item: InstrumentSummary }) {
  const words = text.value.instrument
  const now = text.value.now
  const name = nameOf(item.names, item.key)
  return (
    <header>
      <div class="title">
        <h1 class={name.length > 60 ? 'long' : undefined}>{name}</h1>
        <div class="state-now">
          <StateMark state={item.state} size={20} />
          <span class="soft">
            <Since item={item} /> {item.mw === null ? '' : `· ${power(item.mw)}`}
          </span>
        </div>
      </div>
      <div class="facts">
        <span>
          {words.id} <code>{item.key}</code>
        </span>
        <span>{nameOf(item.organisationNames, item.organisation)}</span>
        <span>
          {words.gateway} <code>{item.gateway}</code>
          {item.gatewayOnline ? '' : ` (${now.gatewaySilent})`}
        </span>
        {item.evidence === 'reported' ? <span title={words.reportedHelp}>{words.reported}</span> : null}
        {item.session ? (
          <span>
            {now.by} <span title={item.session.user}>{shortUser(item.session.user)}</span> (
            {item.session.beneficiary})
          </span>
        ) : null}
        <span>
          {now.month}: {hours(item.month.run)} {text.value.hour} {now.run}, {percent(item.month.coverage)}{' '}
          {now.coverage}
        </span>
        <span>{text.value.time.zone(item.zone, zoneOffset(item.zone, serverNow.value))}</span>
      </div>
    </header>
  )
}
