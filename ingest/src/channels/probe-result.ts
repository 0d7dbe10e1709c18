import type { Millis, RecordOf } from '@hours/protocol'

export type IncidentKind = RecordOf<'incident'>['kind']

/** Why a probe was not as it should be; closed, for machines. */
export type ProbeReason =
  | 'name_unknown'
  | 'refused'
  | 'unreachable'
  | 'timeout'
  | 'private_address'
  | 'tls'
  | 'certificate'
  | 'certificate_soon'
  | 'http_status'
  | 'redirects'
  | 'too_big'
  | 'no_content'
  | 'wrong_content'
  | 'slow'
  | 'information'

/** What one probe of one page found. */
export interface ProbeResult {
  readonly page: string
  readonly at: Millis
  /** A reader would have seen the page: slow and soon ending certificates are faults, but the page was there. */
  readonly ok: boolean
  readonly status: number | null
  /** From the first connection to the last byte, redirects included. */
  readonly latencyMs: number
  readonly bytes: number
  /** Whole days until the certificate ends; negative = it has; null = no TLS. */
  readonly certificateDays: number | null
  /** Filled over required fields of a listing feed. */
  readonly fields: { readonly filled: number; readonly required: number } | null
  readonly faults: readonly ProbeFault[]
}

export interface ProbeFault {
  readonly reason: ProbeReason
  /** What was found, without secrets; at most 200 characters. */
  readonly detail: string
}

/** Which kind of incident a fault is about; the page being dead is the rest. */
export function incidentKindOf(reason: ProbeReason): IncidentKind {
  if (reason === 'slow') return 'page_slow'
  if (reason === 'certificate' || reason === 'certificate_soon') return 'certificate'
  return reason === 'information' ? 'information_missing' : 'page_dead'
}

/** Faults with which a page is there nonetheless. */
const harmless = new Set<ProbeReason>(['slow', 'certificate_soon', 'information'])

export const isThere = (faults: readonly ProbeFault[]): boolean =>
  faults.every(({ reason }) => harmless.has(reason))

/** An address as it may be shown: feeds carry secrets behind the question mark. */
export function shownUrl(url: string): string {
  const parsed = URL.parse(url)
  return parsed === null ? '' : `${parsed.origin}${parsed.pathname}`.slice(0, 200)
}
