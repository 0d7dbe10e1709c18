import type {
  DayEvidence,
  GatewaySummary,
  InstrumentList,
  InstrumentSummary,
  PowerSeries,
  Quarantined,
  StateSpans,
  Usage,
} from '@hours/protocol'
import type {
  Assessment,
  Channels,
  Figures,
  Health,
  ImportResult,
  InstrumentSensing,
  Organisations,
  Quality,
  Reconciliation,
  ReportJob,
  RuleSets,
  SensingLevels,
  Sessions,
} from './api-shapes.ts'
import { csrfToken, loginWanted } from './signed-in.ts'
import { noteSimulated } from './simulated.ts'

/**
 * How an answer failed: `missing` = this server has no such thing (404), `denied` = sign in, `refused` = the
 * question was wrong (other 4xx), `down` = the server did not answer, or with 5xx.
 */
export type ApiFault = 'missing' | 'denied' | 'refused' | 'down'

export class ApiError extends Error {
  readonly code: ApiFault
  readonly status: number
  constructor(code: ApiFault, status: number, message: string) {
    super(message)
    this.code = code
    this.status = status
  }
}

/** An address of the API that answers with `T`; fetched by `load`. */
export interface Ask<T> {
  readonly address: string
  /** Only carries the type. */
  readonly answer?: T
}

type Query = Readonly<Record<string, string | number | null | undefined>>

function ask<T>(path: string, query: Query = {}): Ask<T> {
  const params = new URLSearchParams()
  for (const [name, value] of Object.entries(query))
    if (value !== null && value !== undefined && value !== '') params.set(name, String(value))
  const text = params.toString()
  return { address: `/api/v1${path}${text === '' ? '' : `?${text}`}` }
}

const instrumentPath = (key: string) => `/instruments/${key.split('/').map(encodeURIComponent).join('/')}`

/** Every question the page asks. */
export const api = {
  instruments: (query: Query) => ask<InstrumentList>('/instruments', query),
  instrument: (key: string) => ask<InstrumentSummary>(instrumentPath(key)),
  states: (key: string, from: number, to: number) =>
    ask<StateSpans>(`${instrumentPath(key)}/states`, { from, to }),
  power: (key: string, from: number, to: number, step: number) =>
    ask<PowerSeries>(`${instrumentPath(key)}/power`, { from, to, step }),
  settings: (key: string) => ask<InstrumentSensing>(`${instrumentPath(key)}/settings`),
  usage: (scope: string, period: string, by: 'day' | 'month' | 'period') =>
    ask<Usage>('/usage', { scope, period, by }),
  gateways: () => ask<GatewaySummary[] | { items: GatewaySummary[] }>('/gateways'),
  quarantine: () => ask<Quarantined[] | { items: Quarantined[] }>('/quarantine'),
  evidence: (instrument: string, date: string) => ask<DayEvidence>('/evidence', { instrument, date }),
  quality: (query: Query) => ask<Quality>('/quality', query),
  organisations: () => ask<Organisations>('/organisations'),
  health: () => ask<Health>('/health'),
  figures: (scope: string, period: string) => ask<Figures>('/figures', { scope, period }),
  sessions: (instrument: string, from: number, to: number) =>
    ask<Sessions>('/sessions', { instrument, from, to }),
  bookings: (instrument: string, from: number, to: number) =>
    ask<Sessions>('/bookings', { instrument, from, to }),
  reconciliation: (query: Query) => ask<Reconciliation>('/reconciliation', query),
  rulesets: () => ask<RuleSets>('/rulesets'),
  assessment: (wish: {
    readonly ruleset: string
    readonly scope: string
    readonly period: string
    readonly parameters: string
    readonly cursor: string | null
  }) => ask<Assessment>('/assessments', { ...wish, limit: 100 }),
  report: (id: string) => ask<ReportJob>(`/reports/${encodeURIComponent(id)}`),
  channels: () => ask<Channels>('/channels'),
}

/** Lists come bare or as `{items}`. */
export const itemsOf = <T>(list: readonly T[] | { readonly items: readonly T[] }): readonly T[] =>
  'items' in list ? list.items : list

/** Fetches; every failure is an `ApiError` that says whose fault it is. */
export async function load<T>(question: Ask<T>, signal?: AbortSignal): Promise<T> {
  return request<T>(question.address, signal ? { signal } : {})
}

/** The newest signed checkpoint of the log `origin`, verbatim, with the lines of its witnesses. */
export async function loadCheckpoint(origin: string): Promise<string> {
  const log = `/log/${origin.slice(origin.lastIndexOf('/') + 1)}`
  // The newest that witnesses have signed; where there is none, the newest of all.
  const cosigned = await fetch(`${log}/checkpoints/latest`)
  const answer = cosigned.ok ? cosigned : await fetch(`${log}/checkpoint`)
  if (!answer.ok) throw new ApiError(faultOf(answer.status), answer.status, await detailOf(answer))
  return answer.text()
}

/** Sends a file of sessions; `dryRun` writes nothing and tells each row's fate. */
export async function sendImport(csv: string, dryRun: boolean): Promise<ImportResult> {
  return request<ImportResult>(`/api/v1/imports?dryRun=${dryRun ? '1' : '0'}`, {
    method: 'POST',
    headers: { 'content-type': 'text/csv' },
    body: csv,
  })
}

/** What a report is asked to be: a statement to sign, a workbook, or figures with all their evidence. */
export interface ReportWish {
  readonly scope: string
  readonly period: string
  readonly ruleset: string
  readonly format: 'pdf' | 'xlsx' | 'bundle'
}

/** Asks for the report of a scope and period; the answer is a job to look after. */
export async function startReport(wish: ReportWish): Promise<ReportJob> {
  return request<ReportJob>('/api/v1/reports', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(wish),
  })
}

/** Puts levels in force from a date on (default: now), as a record of the log; refused when somebody else was faster. */
export async function saveSettings(
  key: string,
  change: SensingLevels & { readonly revision: number; readonly from?: number },
): Promise<InstrumentSensing> {
  return request<InstrumentSensing>(api.settings(key).address, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(change),
  })
}

async function request<T>(address: string, init: RequestInit): Promise<T> {
  const headers = new Headers(init.headers)
  headers.set('accept', 'application/json')
  const csrf = csrfToken()
  if (csrf !== null && init.method !== undefined) headers.set('x-csrf-token', csrf)
  const answer = await fetch(address, {
    ...init,
    headers,
  }).catch((cause: unknown) => {
    if (init.signal?.aborted) throw cause
    throw new ApiError('down', 0, 'no answer')
  })
  if (answer.status === 401) loginWanted.value = true
  noteSimulated(answer.headers.get('x-hours-simulated') === 'true')
  // A service that is not well says so with 503 and the same body.
  const unwell = answer.status === 503 && address === '/api/v1/health'
  if (!answer.ok && !unwell) throw new ApiError(faultOf(answer.status), answer.status, await detailOf(answer))
  try {
    return (await answer.json()) as T
  } catch {
    // A page server's own start page instead of JSON: this route does not exist there.
    throw new ApiError('missing', answer.status, `${address} did not answer with JSON`)
  }
}

function faultOf(status: number): ApiFault {
  if (status === 404 || status === 501) return 'missing'
  if (status === 401 || status === 403) return 'denied'
  return status < 500 ? 'refused' : 'down'
}

/** The reason in an RFC 9457 problem body, else the status text. */
async function detailOf(answer: Response): Promise<string> {
  try {
    const body = (await answer.json()) as { detail?: unknown; title?: unknown; message?: unknown }
    for (const text of [body.detail, body.message, body.title]) if (typeof text === 'string') return text
  } catch {
    // No JSON: the status line says what there is to say.
  }
  return `${answer.status} ${answer.statusText}`.trim()
}
