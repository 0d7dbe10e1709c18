import { type Clock, DAY } from '@hours/protocol'
import { createAddressGuard } from './address-guard.ts'
import type { ChannelSettings, PageSettings } from './channel-settings.ts'
import { fetchPage } from './fetch-page.ts'
import { pageContent } from './page-content.ts'
import { isThere, type ProbeFault, type ProbeResult } from './probe-result.ts'

export interface ProbeOptions {
  readonly clock: Clock
  /** Real ms that pass while a page answers, also where `clock` is a simulated one. */
  readonly stopwatch: () => number
  /** PEM of authorities to believe instead of the system's. */
  readonly ca?: string
}

/** One look at one page; whatever happens is a result. */
export async function probePage(
  channel: ChannelSettings,
  page: PageSettings,
  { clock, stopwatch, ca }: ProbeOptions,
): Promise<ProbeResult> {
  const at = clock.wall()
  const began = stopwatch()
  const { timeoutMs, maxBytes, maxRedirects } = channel
  const guard = createAddressGuard(channel.allowPrivate)
  const got = await fetchPage(page.url, {
    ...{ timeoutMs, maxBytes, maxRedirects, guard },
    ...(ca === undefined ? {} : { ca }),
  })
  const latencyMs = Math.max(0, Math.round(stopwatch() - began))
  const certificateDays = got.certificateEnds === null ? null : Math.floor((got.certificateEnds - at) / DAY)
  const faults: ProbeFault[] = [...got.faults]
  // What came with an error is not the page; behind a bad certificate it is.
  const readable = got.faults.every(({ reason }) => reason === 'certificate')
  const content = readable ? pageContent(got.body, got.contentType, page) : { faults: [], fields: null }
  faults.push(...content.faults)
  if (certificateDays !== null && certificateDays < channel.certificateDays && !has(faults, 'certificate'))
    faults.push({ reason: 'certificate_soon', detail: `the certificate ends in ${certificateDays} days` })
  const complete = content.fields === null ? null : content.fields.filled / content.fields.required
  if (complete !== null && complete < channel.completeness)
    faults.push({ reason: 'information', detail: `${(complete * 100).toFixed(1)} % of fields filled` })
  if (isThere(faults) && latencyMs >= channel.slowMs)
    faults.push({ reason: 'slow', detail: `${latencyMs} ms` })
  return {
    ...{ page: page.id, at, latencyMs, certificateDays, faults },
    ok: isThere(faults),
    status: got.status,
    bytes: got.body.length,
    fields: content.fields,
  }
}

const has = (faults: readonly ProbeFault[], reason: ProbeFault['reason']) =>
  faults.some((one) => one.reason === reason)
