import { type InstrumentSummary, MINUTE, type Millis } from '@hours/protocol'
import type { InstrumentEntry } from '../ports.ts'
import type { ApiContext } from './context.ts'
import type { MonthCache } from './month-cache.ts'
import type { Standing } from './standing.ts'

/** What a row is made from besides the entry itself. */
export interface SummarySource {
  readonly context: ApiContext
  readonly standing: Standing
  readonly month: MonthCache
  readonly now: Millis
}

/** One row: live state, this month, an hour of power. */
export function summaryOf(source: SummarySource, entry: InstrumentEntry): InstrumentSummary {
  const { context, standing, month, now } = source
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
    state: live.state,
    since: live.since,
    mw: live.mw,
    gatewayOnline: ingest.live.gateway(entry.site, enrolment.gateway).online,
    session: open ? { id: open.id, user: open.user, beneficiary: open.beneficiary } : null,
    month: month.of(entry, now),
    sparkline: lastHour(context, entry, now),
  }
}

/** Mean power of the last 60 whole minutes, mW, null where there was no sample. */
function lastHour({ ingest }: ApiContext, { key }: InstrumentEntry, now: Millis): (number | null)[] {
  const hour = Math.floor(now / MINUTE) * MINUTE - 60 * MINUTE
  const power = new Map(
    ingest.power.read(key, hour, hour + 60 * MINUTE, MINUTE).map(({ at, mean }) => [at, Math.round(mean)]),
  )
  return Array.from({ length: 60 }, (_, i) => power.get(hour + i * MINUTE) ?? null)
}
