import { type IncomingMessage, request as requestHttp } from 'node:http'
import { request as requestHttps } from 'node:https'
import { isIP } from 'node:net'
import type { TLSSocket } from 'node:tls'
import { type AddressGuard, guardedLookup, privateAddress } from './address-guard.ts'
import type { ProbeFault, ProbeReason } from './probe-result.ts'

/** Bounds of one request. */
export interface FetchLimits {
  readonly timeoutMs: number
  readonly maxBytes: number
  readonly maxRedirects: number
  readonly guard: AddressGuard
  /** PEM of authorities to believe instead of the system's. */
  readonly ca?: string
}

/** What came back, as far as it came. */
export interface Fetched {
  readonly status: number | null
  readonly body: Buffer
  readonly contentType: string
  /** When the certificate ends, Unix ms; null = plain HTTP, or nothing was connected. */
  readonly certificateEnds: number | null
  readonly faults: readonly ProbeFault[]
}

const nothing = { status: null, body: Buffer.alloc(0), contentType: '', certificateEnds: null }
const failed = (reason: ProbeReason, detail: string): Fetched => ({
  ...nothing,
  faults: [{ reason, detail: detail.slice(0, 200) }],
})

/** GETs a page by hand: bounded in time, bytes and redirects, and only at addresses the guard lets through. Never throws. */
export async function fetchPage(url: string, limits: FetchLimits): Promise<Fetched> {
  const signal = AbortSignal.timeout(limits.timeoutMs)
  let at = new URL(url)
  for (let hop = 0; hop <= limits.maxRedirects; hop++) {
    const got = await getOnce(at, limits, signal)
    if (!('location' in got)) return got
    const next = URL.parse(got.location, at)
    if (!next || !/^https?:$/.test(next.protocol))
      return { ...failed('redirects', 'redirected to something that is no web address'), status: got.status }
    at = next
  }
  return failed('redirects', `more than ${limits.maxRedirects} redirects`)
}

type Redirect = { readonly location: string; readonly status: number }

function getOnce(url: URL, limits: FetchLimits, signal: AbortSignal): Promise<Fetched | Redirect> {
  const host = url.hostname.replace(/^\[|\]$/g, '')
  // A literal address is connected to without a lookup, so it is asked about here.
  if (isIP(host) !== 0 && !limits.guard(host))
    return Promise.resolve(failed('private_address', `${host} is not allowed by the settings`))
  return new Promise((resolve) => {
    const secure = url.protocol === 'https:'
    const options = {
      agent: false,
      signal,
      lookup: guardedLookup(limits.guard),
      headers: {
        accept: '*/*',
        'accept-encoding': 'identity',
        'user-agent': 'InstrumentHours-probe/1 (availability of booking pages)',
      },
    }
    const onResponse = (response: IncomingMessage) => {
      void answered(response, limits, signal).then(resolve)
    }
    const sent = secure
      ? // A bad certificate is a finding: what the page says behind it is still wanted.
        requestHttps(
          url,
          { ...options, rejectUnauthorized: false, ...(limits.ca === undefined ? {} : { ca: limits.ca }) },
          onResponse,
        )
      : requestHttp(url, options, onResponse)
    sent.on('error', (error) => resolve(failedBy(error, signal)))
    sent.end()
  })
}

async function answered(
  response: IncomingMessage,
  limits: FetchLimits,
  signal: AbortSignal,
): Promise<Fetched | Redirect> {
  const status = response.statusCode ?? 0
  const { location } = response.headers
  if (status >= 300 && status < 400 && location !== undefined) {
    response.destroy()
    return { location, status }
  }
  const tls = certificateOf(response)
  const head = {
    status,
    contentType: response.headers['content-type'] ?? '',
    certificateEnds: tls.ends,
  }
  const bad: ProbeFault[] = tls.fault === null ? [] : [{ reason: 'certificate', detail: tls.fault }]
  if (status < 200 || status >= 300) bad.push({ reason: 'http_status', detail: `HTTP ${status}` })
  try {
    const parts: Buffer[] = []
    let size = 0
    for await (const part of response as AsyncIterable<Buffer>) {
      size += part.length
      if (size > limits.maxBytes) {
        response.destroy()
        const detail = `more than ${limits.maxBytes} bytes`
        return { ...head, body: Buffer.alloc(0), faults: [...bad, { reason: 'too_big', detail }] }
      }
      parts.push(part)
    }
    return { ...head, body: Buffer.concat(parts), faults: bad }
  } catch (error) {
    return { ...head, body: Buffer.alloc(0), faults: [...bad, ...failedBy(error, signal).faults] }
  }
}

function certificateOf(response: IncomingMessage): { ends: number | null; fault: string | null } {
  const socket = response.socket as Partial<TLSSocket>
  if (!socket.encrypted || !socket.getPeerCertificate) return { ends: null, fault: null }
  const ends = Date.parse(socket.getPeerCertificate().valid_to)
  // Typed as an Error, given as a code such as CERT_HAS_EXPIRED.
  const why: unknown = socket.authorizationError
  const fault = socket.authorized === true ? null : why instanceof Error ? why.message : String(why)
  return { ends: Number.isNaN(ends) ? null : ends, fault: fault?.slice(0, 200) ?? null }
}

const byCode: Readonly<Partial<Record<string, ProbeReason>>> = {
  ENOTFOUND: 'name_unknown',
  EAI_AGAIN: 'name_unknown',
  ECONNREFUSED: 'refused',
  [privateAddress]: 'private_address',
  EPROTO: 'tls',
}

function failedBy(error: unknown, signal: AbortSignal): Fetched {
  if (signal.aborted) return failed('timeout', 'no answer in time')
  const { code = '', message } = error as NodeJS.ErrnoException
  const reason = byCode[code] ?? (code.startsWith('ERR_SSL') ? 'tls' : 'unreachable')
  return failed(reason, code === '' ? message : code)
}
