import type { InstrumentSummary, Millis } from '@hours/protocol'
import type { InstrumentEntry } from '../ports.ts'
import type { ApiContext } from './context.ts'
import type { MonthCache } from './month-cache.ts'
import type { Sparklines } from './sparklines.ts'
import type { Standing } from './standing.ts'

/** What a row is made from besides the entry itself. */
export interface SummarySource {
  readonly context: ApiContext
  readonly standing: Standing
  readonly month: MonthCache
  readonly sparkline: Sparklines
  readonly now: Millis
}

/** One row: live state, this month, an hour of power. */
export function summaryOf(source: SummarySource, entry: InstrumentEntry): InstrumentSummary {
  const { context, standing, month, sparkline, now } = source
  const { ingest } = context
  const { key, enrolment, zone } = entry
  const live = ingest.live.instrument(key)
  const open = standing.session(entry, now)
  return {
    key,
    names: enrolment.names,
    kind: enrolment.kind ?? null,
    gateway: enrolment.gateway,
    organisation: enrolment.unit,
    organisationNames: ingest.registry.organisation(enrolment.unit, now)?.names ?? {},
    zone,
    alwaysOn: enrolment.alwaysOn,
    evidence: ingest.index.isReported(key) ? 'reported' : 'sensor',
    state: live.state,
    since: live.since,
    mw: live.mw,
    gatewayOnline: ingest.live.gateway(entry.site, enrolment.gateway).online,
    session: open ? { id: open.id, user: open.user, beneficiary: open.beneficiary } : null,
    month: month.of(entry, now),
    sparkline: [...sparkline(key, now)],
    runStartMw: entry.settings?.thresholds.runStartMw ?? null,
  }
}
