import { type InstrumentKey, parseInstrumentKey } from '@hours/protocol'
import type { FastifyRequest } from 'fastify'
import type { Logger } from 'pino'
import type { Right } from '../access/rights.ts'
import type { RunningIngest } from '../ingest.ts'
import type { InstrumentEntry, SeriesOutbox, SeriesStore } from '../ports.ts'
import { notFound } from './problem.ts'

/** What the routes read from; nothing here writes but `ingest.record`. */
export interface ApiContext {
  readonly ingest: RunningIngest
  readonly log: Logger
  /** Built page (dashboards/web/dist); absent = the API alone. */
  readonly webRoot?: string
  readonly series?: SeriesStore
  readonly outbox?: SeriesOutbox
  readonly software: string
  /** The folder with one folder a year of the log. */
  readonly logDir: string
  /** Throws a `Problem` (401, 403) unless the caller may what the route needs; absent = loopback demo, all may. */
  readonly authorise?: (request: FastifyRequest, needs: Right) => void | Promise<void>
  /** Whether the caller may read whole entries; checkpoints and hash tiles are open to any reader. */
  readonly mayReadEntries?: (request: FastifyRequest) => boolean
}

/** The instrument `site/instrument`, or a 404 that says so. */
export function instrumentOf({ ingest }: ApiContext, site: string, instrument: string): InstrumentEntry {
  const key = parseInstrumentKey(`${site}/${instrument}`)
  const entry = key.ok ? ingest.registry.instrument(`${site}/${instrument}` as InstrumentKey) : undefined
  if (!entry) throw notFound('instrument', `${site}/${instrument}`)
  return entry
}
