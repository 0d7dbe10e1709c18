import { z } from 'zod'
import { State } from './state.ts'
import { CounterTally } from './status.ts'

/**
 * Bodies of the HTTP API under `/api/v1` (times: Unix ms; durations: ms; power: mW). The page, the dashboards and
 * the tests read them from here; ingest answers with them.
 */

const Durations = z.object({
  off: z.int(),
  standby: z.int(),
  run: z.int(),
  fault: z.int(),
  unknown: z.int(),
})

/** One row of the fleet: `GET /api/v1/instruments?q=&state=&organisation=&sort=&limit=&cursor=`. */
export const InstrumentSummary = z.object({
  /** `site/instrument` */
  key: z.string(),
  names: z.object({ en: z.string().optional(), zh: z.string().optional() }),
  kind: z.string().nullable(),
  gateway: z.string(),
  organisation: z.string(),
  organisationNames: z.object({ en: z.string().optional(), zh: z.string().optional() }),
  zone: z.string(),
  alwaysOn: z.boolean(),
  /** `reported`: its states come from what another system tells, evidence of a lower grade than a sensor's. */
  evidence: z.enum(['sensor', 'reported']),
  /** Live view: `unknown` with `since` when its gateway is silent. */
  state: State,
  since: z.int().nullable(),
  mw: z.int().nullable(),
  gatewayOnline: z.boolean(),
  /** Session open now, if any: pseudonym and beneficiary. */
  session: z.object({ id: z.string(), user: z.string(), beneficiary: z.string() }).nullable(),
  /** This civil month of the site's zone, up to now. */
  month: z.object({
    on: z.int(),
    run: z.int(),
    known: z.int(),
    length: z.int(),
    utilCalendar: z.number().nullable(),
    coverage: z.number().nullable(),
  }),
  /** Mean power of the last 60 minutes in mW, oldest first, null = no sample. */
  sparkline: z.array(z.int().nullable()),
  /** Power from which it runs, mW; null where only the gateway's own file says. */
  runStartMw: z.int().nullable(),
})
export type InstrumentSummary = z.infer<typeof InstrumentSummary>

export const InstrumentList = z.object({
  items: z.array(InstrumentSummary),
  total: z.int(),
  /** Instruments in each live state, over the whole selection. */
  counts: z.record(State, z.int()),
  /** Rows before the first of these. */
  offset: z.int(),
  /** `cursor` of the page before (the first page needs none), and of the one after. */
  previous: z.string().nullable(),
  next: z.string().nullable(),
  now: z.int(),
  simulated: z.boolean(),
})
export type InstrumentList = z.infer<typeof InstrumentList>

/** `GET /api/v1/instruments/{site}/{instrument}/states?from=&to=`: spans that partition [from, to). */
export const StateSpans = z.object({
  key: z.string(),
  from: z.int(),
  to: z.int(),
  spans: z.array(z.object({ state: State, from: z.int(), to: z.int() })),
})
export type StateSpans = z.infer<typeof StateSpans>

/** `GET .../power?from=&to=&step=`: mean, min, max per step of 1 min or a multiple. */
export const PowerSeries = z.object({
  key: z.string(),
  from: z.int(),
  to: z.int(),
  stepMs: z.int(),
  points: z.array(z.tuple([z.int(), z.int(), z.int(), z.int()])).describe('[at, min, mean, max]'),
  thresholds: z
    .object({ onStartMw: z.int(), onStopMw: z.int(), runStartMw: z.int(), runStopMw: z.int() })
    .nullable(),
})
export type PowerSeries = z.infer<typeof PowerSeries>

/**
 * `GET /api/v1/usage?scope=&period=&by=&level=`: hours of an instrument or organisation with coverage, integer ms; what is
 * verified, and where unknown time may hide more, what it is at most (`...Upper`).
 */
export const UsageRow = z.object({
  key: z.string().describe('site/instrument, or org:ID where rows are summed for organisations'),
  label: z.string().describe("civil date, month, year or the period itself, in the site's zone"),
  from: z.int(),
  to: z.int(),
  states: Durations,
  on: z.int().describe('P: standby, run, fault, and what counters recovered'),
  onUpper: z.int(),
  onRecovered: z.int(),
  run: z.int().describe('R'),
  runUpper: z.int(),
  effective: z.int().describe('E'),
  effectiveUpper: z.int(),
  external: z.int().describe('X'),
  externalUpper: z.int(),
  ownUnit: z.int(),
  sameEntity: z.int(),
  unattributed: z.int(),
  research: z.int(),
  teaching: z.int(),
  service: z.int(),
  coverage: z.number().nullable(),
})
export type UsageRow = z.infer<typeof UsageRow>
export const Usage = z.object({
  scope: z.string(),
  period: z.string(),
  zone: z.string(),
  until: z.int().describe('hours are of the period up to then: its end, or now'),
  attributedUntil: z
    .int()
    .describe(
      'effective hours and who had them are of the period up to then; of many instruments without today',
    ),
  rows: z.array(UsageRow),
})
export type Usage = z.infer<typeof Usage>

/** `GET /api/v1/gateways` */
export const GatewaySummary = z.object({
  site: z.string(),
  gateway: z.string(),
  online: z.boolean(),
  lastHeard: z.int().nullable(),
  software: z.string().nullable(),
  instruments: z.int(),
  /** -1 = no page key yet. */
  epoch: z.int(),
  /** Of the configuration in force; 0 = only its own file says. */
  revision: z.int(),
  /** Highest page logged and how many below it are missing. */
  through: z.int(),
  missing: z.int(),
  received: z.int(),
  rejected: z.int(),
  late: z.int(),
  spool: z.object({ pages: z.int(), oldest: z.int().nullable(), dropped: z.int() }).nullable(),
  clock: z.object({ source: z.string(), offsetMs: z.int(), errorMs: z.int() }).nullable(),
  alarms: z.array(z.string()),
  /** By instrument: what its device counts for itself beside our hours and energy. */
  counters: z.record(z.string(), CounterTally),
})
export type GatewaySummary = z.infer<typeof GatewaySummary>

/** `GET /api/v1/quarantine`: what was refused and why; the bytes are kept. */
export const Quarantined = z.object({
  id: z.int(),
  at: z.int(),
  topic: z.string(),
  gateway: z.string().nullable(),
  seq: z.int().nullable(),
  code: z.string(),
  reason: z.string(),
  bytes: z.int(),
})
export type Quarantined = z.infer<typeof Quarantined>

/** `GET /api/v1/series`: the store that Grafana reads, what waits for it, and what it would not take. */
export const SeriesStatus = z.object({
  /** Such as `InfluxDB at http://influx:8086, hours`, or the embedded store. */
  store: z.string(),
  /** All of the below in plain words, with what to do. */
  says: z.string(),
  /** Points that wait, and for how long the oldest of them, ms. */
  pending: z.int(),
  behindMs: z.int(),
  bytes: z.int(),
  /** Why nothing goes now. */
  failing: z.string().nullable(),
  /** Why what came before is missing, until the series are rebuilt. */
  lacking: z.string().nullable(),
  /** Dropped as too much waited; older than the database keeps; refused for ever. */
  dropped: z.int(),
  expired: z.int(),
  quarantined: z.int(),
  /** Why, the most frequent reasons first. */
  reasons: z.array(z.object({ reason: z.string(), points: z.int() })),
  /** What others have in this database. */
  foreign: z.array(z.string()),
  /** Whether days have yet to be told. */
  untold: z.boolean(),
  /** Newest first, at most 100. */
  refused: z.array(
    z.object({
      id: z.int(),
      at: z.int(),
      reason: z.string(),
      measurement: z.string(),
      tags: z.record(z.string(), z.string()),
      time: z.int(),
    }),
  ),
  simulated: z.boolean(),
})
export type SeriesStatus = z.infer<typeof SeriesStatus>

/** `GET /api/v1/evidence?instrument=&date=`: what a day's hours rest on, ready to be checked in a browser. */
/** What of a day's pages stands in the log of one year. */
const LogPart = z.object({
  origin: z.string(),
  /** Verbatim signed checkpoint of that log. */
  checkpoint: z.string(),
  /** The pages: the whole JWS, its index and inclusion proof (base64 hashes) in `checkpoint`. */
  pages: z.array(
    z.object({
      jws: z.string(),
      index: z.int(),
      proof: z.array(z.string()),
      gateway: z.string(),
      seq: z.int(),
    }),
  ),
})

/** The pages that a day's hours rest on: `GET /api/v1/evidence?instrument=&date=`. */
export const DayEvidence = LogPart.extend({
  key: z.string(),
  date: z.string(),
  from: z.int(),
  to: z.int(),
  /** One for all years of a log. */
  vkey: z.string(),
  keys: z.array(z.object({ kid: z.string(), alg: z.string(), public: z.string() })),
  states: Durations,
  /** A day at the turn of a UTC year has pages in two logs; these are of the log before. */
  earlier: LogPart.nullable().optional(),
})
export type DayEvidence = z.infer<typeof DayEvidence>

/** Server-sent event `state` on `GET /api/v1/events`. */
export const LiveEvent = z.object({
  key: z.string(),
  state: State,
  since: z.int().nullable(),
  at: z.int(),
  mw: z.int().nullable(),
})
export type LiveEvent = z.infer<typeof LiveEvent>
