import { api } from './api-client.ts'
import { serverNow } from './clock.ts'
import { count, when, zoneOffset } from './format.ts'
import { periodName } from './periods.ts'
import { useResource } from './resource.ts'
import { text } from './text/text.ts'

interface Props {
  readonly scope: string
  readonly period: string
  readonly zone: string
  /** What the figures on the sheet rest on; absent = what the log is like now. */
  readonly checkpoint?: { readonly origin: string; readonly size: number } | null | undefined
}

/** On paper alone: of whom and when the figures are, which clock they go by, and how far the log was. */
export function PrintLine({ scope, period, zone, checkpoint }: Props) {
  const health = useResource(checkpoint === undefined ? api.health() : null)
  const log = checkpoint ?? health.data?.log?.at(-1)
  const now = serverNow.value
  const parts = [
    scope,
    periodName(period, zone),
    text.value.time.zone(zone, zoneOffset(zone, now)),
    text.value.time.madeAt(when('full', now, zone)),
    ...(log ? [`${text.value.evidence.checkpoint} ${log.origin} · ${count(log.size)}`] : []),
  ]
  return <p class="print-only">{parts.join(' · ')}</p>
}
