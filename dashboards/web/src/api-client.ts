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
  Booked,
  Channels,
  Figures,
  Finding,
  Health,
  InstrumentSensing,
  List,
  Me,
  Organisations,
  Quality,
  Reconciliation,
  ReportJob,
  SensingLevels,
  UsageTotals,
  WeekHours,
} from './api-shapes.ts'
import type { Assessment, RuleSets } from './assessment-shapes.ts'
import { failureOf, request } from './api-request.ts'

export { ApiError } from './api-request.ts'

/** An address of the API that answers with `T`; fetched by `load`. */
export interface Ask<T> {
  readonly address: string
  /** How long to wait for it, ms; the usual where nothing is said. */
  readonly patienceMs?: number
  /** A list of which every page is wanted, not only the first. */
  readonly isWhole?: boolean
  /** Only carries the type. */
  readonly answer?: T
}

type Query = Readonly<Record<string, string | number | null | undefined>>

/** Figures of a year of thousands of instruments take this long on a small server, ms. */
const heavyMs = 120_000

function ask<T>(path: string, query: Query = {}, patienceMs?: number): Ask<T> {
  const params = new URLSearchParams()
  for (const [name, value] of Object.entries(query))
    if (value !== null && value !== undefined && value !== '') params.set(name, String(value))
  const text = params.toString()
  return { address: `/api/v1${path}${text === '' ? '' : `?${text}`}`, ...(patienceMs && { patienceMs }) }
}

/** Rows that the API gives at once at most. */
const most = 500

const whole = <T>(question: Ask<List<T>>): Ask<List<T>> => ({ ...question, isWhole: true })

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
    ask<Usage>('/usage', { scope, period, by }, heavyMs),
  /** One row a day or month for all of the scope, however many instruments it has. */
  usageTotals: (scope: string, period: string, by: 'day' | 'month') =>
    ask<UsageTotals>('/usage', { scope, period, by, level: 'entity' }, heavyMs),
  weekHours: (scope: string, weeks: number) => ask<WeekHours>('/week-hours', { scope, weeks }, heavyMs),
  gateways: () => ask<GatewaySummary[] | { items: GatewaySummary[] }>('/gateways'),
  quarantine: () => ask<Quarantined[] | { items: Quarantined[] }>('/quarantine'),
  evidence: (instrument: string, date: string) =>
    ask<DayEvidence>('/evidence', { instrument, date }, heavyMs),
  quality: (query: Query) => ask<Quality>('/quality', query, heavyMs),
  organisations: () => ask<Organisations>('/organisations'),
  health: () => ask<Health>('/health'),
  figures: (scope: string, period: string) => ask<Figures>('/figures', { scope, period }, heavyMs),
  sessions: (instrument: string, from: number, to: number) =>
    whole(ask<List<Booked>>('/sessions', { instrument, from, to, limit: most })),
  bookings: (instrument: string, from: number, to: number) =>
    whole(ask<List<Booked>>('/bookings', { instrument, from, to, limit: most })),
  /** What does not match of one instrument in a period, in order of time; claims come last. */
  findings: (scope: string, period: string) =>
    whole(ask<List<Finding>>('/reconciliation', { scope, period, limit: most }, heavyMs)),
  reconciliation: (query: Query) => ask<Reconciliation>('/reconciliation', query, heavyMs),
  rulesets: () => ask<RuleSets>('/rulesets'),
  assessment: (wish: {
    readonly ruleset: string
    readonly scope: string
    readonly period: string
    readonly parameters: string
    readonly cursor: string | null
  }) => ask<Assessment>('/assessments', { ...wish, limit: 100 }, heavyMs),
  report: (id: string) => ask<ReportJob>(`/reports/${encodeURIComponent(id)}`),
  channels: () => ask<Channels>('/channels'),
  me: () => ask<Me>('/me'),
}

/** Lists come bare or as `{items}`. */
export const itemsOf = <T>(list: readonly T[] | { readonly items: readonly T[] }): readonly T[] =>
  'items' in list ? list.items : list

/** More pages than this of one list are not asked for: five thousand rows are more than a chart can show. */
const mostPages = 10

/** Fetches; every failure is an `ApiError` that says whose fault it is. */
export async function load<T>(question: Ask<T>, signal?: AbortSignal): Promise<T> {
  const { address, patienceMs, isWhole } = question
  const init = { ...(signal && { signal }), ...(patienceMs && { patienceMs }) }
  const first = await request<T>(address, init)
  if (!isWhole) return first
  // Only `whole` sets it, and that takes lists alone.
  const list = first as List<unknown>
  const items = [...list.items]
  let { next } = list
  for (let page = 1; next != null && page < mostPages; page++) {
    const more: List<unknown> = await request(`${address}&cursor=${encodeURIComponent(next)}`, init)
    items.push(...more.items)
    next = more.next
  }
  return { ...first, items, next }
}

/** The newest signed checkpoint of the log `origin`, verbatim, with the lines of its witnesses. */
export async function loadCheckpoint(origin: string): Promise<string> {
  const log = `/log/${origin.slice(origin.lastIndexOf('/') + 1)}`
  // The newest that witnesses have signed; where there is none, the newest of all.
  const cosigned = await fetch(`${log}/checkpoints/latest`)
  const answer = cosigned.ok ? cosigned : await fetch(`${log}/checkpoint`)
  if (!answer.ok) throw await failureOf(answer)
  return answer.text()
}

/** What a report is asked to be: a statement to sign, a workbook, or figures with all their evidence. */
export interface ReportWish {
  readonly scope: string
  readonly period: string
  readonly ruleset: string
  /** What the rule set was told: the file then begins with the assessment; a bundle has the evidence alone. */
  readonly parameters?: Readonly<Record<string, string | number>>
  readonly format: 'pdf' | 'xlsx' | 'bundle'
}

/** Asks for the report of a scope and period; the answer is a job to look after. */
export async function startReport(wish: ReportWish): Promise<ReportJob> {
  return send<ReportJob>('/reports', wish)
}

/** Puts levels in force from a date on (default: now), as a record of the log; refused when somebody else was faster. */
export async function saveSettings(
  key: string,
  change: SensingLevels & {
    readonly revision: number
    readonly from?: number
    /** Needed where nobody has told it yet. */
    readonly source?: Readonly<Record<string, string>>
  },
): Promise<InstrumentSensing> {
  return send<InstrumentSensing>(`${instrumentPath(key)}/settings`, change)
}

/** Sends a change as JSON; the answer is what stands then. */
export async function send<T>(path: string, body: object): Promise<T> {
  return request<T>(`/api/v1${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
}
