import type { InstrumentSummary } from '@hours/protocol'
import { serverNow } from '../clock.ts'
import { duration, when } from '../format.ts'
import { text } from '../text/text.ts'
import { dayStart } from '../zone.ts'

type Row = Pick<InstrumentSummary, 'state' | 'since' | 'zone' | 'gatewayOnline'>

/** For how long; of a silent one since what time of the site nothing is known, and whether its gateway is the cause. */
export function Since({ item }: { item: Row }) {
  const words = text.value.now
  const { state, since, zone } = item
  if (since === null) return <small>{state === 'unknown' ? words.neverHeard : '\u00a0'}</small>
  if (state !== 'unknown')
    return <small title={when('full', since, zone)}>{words.since(duration(serverNow.value - since))}</small>
  const isToday = since >= dayStart(zone, serverNow.value)
  const why = item.gatewayOnline ? '' : ` · ${words.gatewaySilent}`
  return (
    <small title={when('full', since, zone)}>
      {words.sinceTime(when(isToday ? 'time' : 'dateTime', since, zone))}
      {why}
    </small>
  )
}
