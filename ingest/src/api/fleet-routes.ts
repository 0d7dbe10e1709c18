import { InstrumentList, type InstrumentSummary, MINUTE, type Millis, State, states } from '@hours/protocol'
import { z } from 'zod'
import type { InstrumentEntry } from '../ports.ts'
import type { ApiContext } from './context.ts'
import { createMonthCache } from './month-figures.ts'
import { badField } from './problem.ts'
import type { Api } from './server.ts'

const Query = z.strictObject({
  q: z.string().max(200).optional().describe('text in id, name, organisation or kind'),
  state: State.optional(),
  organisation: z.string().max(40).optional().describe('this organisation and all below it'),
  sort: z.enum(['key', 'name', 'state', 'on', 'run', 'coverage']).default('key'),
  limit: z.coerce.number().int().min(1).max(200).default(50),
  cursor: z.string().max(40).optional(),
})

/** `GET /api/v1/instruments`: the fleet, filtered, sorted and paged here and not in the browser. */
export function fleetRoutes(app: Api, context: ApiContext): void {
  const { ingest } = context
  const month = createMonthCache(context)
  const sorted = createOrder(context, month)

  app.get(
    '/api/v1/instruments',
    {
      schema: { querystring: Query, response: { 200: InstrumentList }, tags: ['instruments'] },
      config: { needs: 'read' },
    },
    (request) => {
      const { q, state, organisation, sort, limit, cursor } = request.query
      const now = ingest.clock.wall()
      const offset = cursor === undefined ? 0 : offsetOf(cursor)
      const wanted = sorted(sort).filter(
        (entry) => (q === undefined || matches(context, entry, q)) && inside(context, entry, organisation),
      )
      const counts = Object.fromEntries(states.map((one) => [one, 0])) as Record<State, number>
      for (const { key } of wanted) counts[ingest.live.instrument(key).state] += 1
      const chosen =
        state === undefined ? wanted : wanted.filter(({ key }) => ingest.live.instrument(key).state === state)
      const page = chosen.slice(offset, offset + limit)
      return {
        items: page.map((entry) => summary(context, entry, now, month)),
        total: chosen.length,
        counts,
        next: offset + limit < chosen.length ? String(offset + limit) : null,
        now,
        simulated: ingest.simulated,
      }
    },
  )
}

/** Cursors are opaque to callers; a wrong one is refused by name. */
function offsetOf(cursor: string): number {
  const offset = Number(cursor)
  if (!Number.isInteger(offset) || offset < 0)
    throw badField('cursor', cursor, 'use `next` of the page before')
  return offset
}

/** Sorted lists are kept for a few seconds: 9,900 instruments are not sorted anew for every page of 50. */
function createOrder({ ingest }: ApiContext, month: ReturnType<typeof createMonthCache>) {
  const kept = new Map<string, { at: number; of: unknown; list: readonly InstrumentEntry[] }>()
  return (sort: string): readonly InstrumentEntry[] => {
    const all = ingest.registry.instruments()
    const known = kept.get(sort)
    const now = ingest.clock.wall()
    const fresh = sort === 'key' || sort === 'name' ? Infinity : sort === 'state' ? 2_000 : 60_000
    if (known && known.of === all && Math.abs(now - known.at) < fresh) return known.list
    const list = [...all].sort(
      comparison(
        sort,
        (entry) => ingest.live.instrument(entry.key).state,
        (entry) => month(entry, now),
      ),
    )
    kept.set(sort, { at: now, of: all, list })
    return list
  }
}

type Compare = (a: InstrumentEntry, b: InstrumentEntry) => number

function comparison(
  sort: string,
  stateOf: (entry: InstrumentEntry) => State,
  figures: (entry: InstrumentEntry) => ReturnType<ReturnType<typeof createMonthCache>>,
): Compare {
  const byKey: Compare = (a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0)
  const name = ({ enrolment, key }: InstrumentEntry) => enrolment.names.en ?? enrolment.names.zh ?? key
  const order: readonly State[] = ['fault', 'unknown', 'run', 'standby', 'off']
  if (sort === 'name') return (a, b) => name(a).localeCompare(name(b)) || byKey(a, b)
  if (sort === 'state') return (a, b) => order.indexOf(stateOf(a)) - order.indexOf(stateOf(b)) || byKey(a, b)
  if (sort === 'on' || sort === 'run') return (a, b) => figures(b)[sort] - figures(a)[sort] || byKey(a, b)
  if (sort === 'coverage')
    return (a, b) => (figures(a).coverage ?? 2) - (figures(b).coverage ?? 2) || byKey(a, b)
  return byKey
}

function matches({ ingest }: ApiContext, entry: InstrumentEntry, q: string): boolean {
  const { names, kind, unit } = entry.enrolment
  const organisation = ingest.registry.organisation(unit)?.names
  const text = [entry.key, names.en, names.zh, kind, unit, organisation?.en, organisation?.zh]
    .join('\n')
    .toLowerCase()
  return q
    .toLowerCase()
    .split(/\s+/)
    .every((word) => text.includes(word))
}

/** Whether the instrument's unit is `organisation` or lies below it. */
export function inside(
  { ingest }: ApiContext,
  entry: InstrumentEntry,
  organisation: string | undefined,
): boolean {
  if (organisation === undefined) return true
  let at: string | null | undefined = entry.enrolment.unit
  for (let depth = 0; at && depth < 16; depth++) {
    if (at === organisation) return true
    at = ingest.registry.organisation(at)?.parent
  }
  return false
}

/** One row: live state, this month, an hour of power. */
export function summary(
  { ingest }: ApiContext,
  entry: InstrumentEntry,
  now: Millis,
  month: ReturnType<typeof createMonthCache>,
): InstrumentSummary {
  const { key, enrolment, zone } = entry
  const live = ingest.live.instrument(key)
  const organisation = ingest.registry.organisation(enrolment.unit, now)
  const hour = Math.floor(now / MINUTE) * MINUTE - 60 * MINUTE
  const power = new Map(
    ingest.power.read(key, hour, hour + 60 * MINUTE, MINUTE).map(({ at, mean }) => [at, mean]),
  )
  const open = ingest.registry
    .records('session', entry.site)
    .find(
      ({ record }) => record.instrument === enrolment.instrument && record.from <= now && record.to > now,
    )?.record
  return {
    key,
    names: enrolment.names,
    kind: enrolment.kind ?? null,
    gateway: enrolment.gateway,
    organisation: enrolment.unit,
    organisationNames: organisation?.names ?? {},
    zone,
    alwaysOn: enrolment.alwaysOn,
    state: live.state,
    since: live.since,
    mw: live.mw,
    gatewayOnline: ingest.live.gateway(entry.site, enrolment.gateway).online,
    session: open ? { id: open.id, user: open.user, beneficiary: open.beneficiary } : null,
    month: month(entry, now),
    sparkline: Array.from({ length: 60 }, (_, i) => power.get(hour + i * MINUTE) ?? null),
  }
}
