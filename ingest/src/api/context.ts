import { type InstrumentKey, parseInstrumentKey } from '@hours/protocol'
import type { FastifyRequest } from 'fastify'
import type { Logger } from 'pino'
import type { Door } from '../access/door.ts'
import type { Reach } from '../access/reach.ts'
import type { ChannelMonitor } from '../channels/channel-monitor.ts'
import type { RunningIngest } from '../running-ingest.ts'
import type { InstrumentEntry } from '../ports.ts'
import type { RunningOutbox } from '../series/series-outbox.ts'
import type { SeriesStore } from '../series/series-ports.ts'
import { notFound } from './problem.ts'
import type { WriteBundle } from './report-routes.ts'

/** What the routes read from; nothing here writes but `ingest.record`. */
export interface ApiContext {
  readonly ingest: RunningIngest
  readonly log: Logger
  /** Built page (dashboards/web/dist); absent = the API alone. */
  readonly webRoot?: string
  readonly series?: SeriesStore
  readonly outbox?: RunningOutbox
  /** Probes of booking pages and feeds; absent = none are made. */
  readonly channels?: ChannelMonitor
  /** Makes evidence bundles; absent = the usual way. */
  readonly writeBundle?: WriteBundle
  readonly software: string
  /** The folder with one folder a year of the log. */
  readonly logDir: string
  /** Who may come in; absent = the demo on loopback, where everybody may everything. */
  readonly door?: Door
  /** Names this site answers to; others are refused (421). Absent = any. */
  readonly hosts?: readonly string[]
  /** Addresses of reverse proxies whose X-Forwarded-For is believed. */
  readonly trustProxy?: string[]
  /** Whether TLS ends here. */
  readonly tls?: { readonly cert: string; readonly key: string }
  /** Whether the caller may read whole entries; checkpoints and hash tiles are open to any reader. Made by the guard. */
  readonly mayReadEntries?: (request: FastifyRequest) => boolean
  /** Whether the caller may have whole pages of this gateway, which name all of its instruments. Made by the guard. */
  readonly showsPagesOf?: (gateway: string) => boolean
  /** What a caller may set up. Made by the guard. */
  readonly reachOf?: (request: FastifyRequest) => Reach
  /** What this request has written may have changed what its caller sees. Made by the guard. */
  readonly seeAnew?: () => void
  /** Counts of the broker in this process, for `/metrics`; absent = it runs elsewhere. */
  readonly brokerMetrics?: () => Readonly<Record<string, number>>
  /** Where gateways reach the broker from outside, such as `mqtts://hours.example.edu:8883`; absent = nobody has said. */
  readonly brokerUrl?: string
  /** Whether a caller may know of this instrument by now, for what outlives the request (live events). Made by the guard. */
  readonly seesOf?: (request: FastifyRequest, key: string) => boolean
}

/** The instrument `site/instrument`, or a 404 that says so. */
export function instrumentOf({ ingest }: ApiContext, site: string, instrument: string): InstrumentEntry {
  const key = parseInstrumentKey(`${site}/${instrument}`)
  const entry = key.ok ? ingest.registry.instrument(`${site}/${instrument}` as InstrumentKey) : undefined
  if (!entry) throw notFound('instrument', `${site}/${instrument}`)
  return entry
}
