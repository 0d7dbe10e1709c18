import type { AccountBook } from '@hours/ledger'
import {
  type InstrumentKey,
  instrumentKey,
  parseInstrumentKey,
  type RecordOf,
  type SiteId,
} from '@hours/protocol'
import {
  channelPeriod,
  civilDays,
  clip,
  type CountedRecords,
  countingUse,
  createOrganisationTree,
  createScopes,
  createSets,
  type During,
  type FigureLine,
  type FigureRules,
  inputFromRecords,
  type InSet,
  instrumentFigures,
  intersect,
  type Interval,
  type OrganisationTree,
  registerState,
  parsePeriod,
  type ScopeMember,
  scopeLines,
  type Scopes,
  type Sets,
  setRecords,
  setSessions,
  setTime,
  siteZone,
  sumRecords,
  useRows,
  withEnrolment,
} from '@hours/usage'
import type { Stated } from './facts.ts'
import { type Standing, standingOf } from './standing-records.ts'

/** What figures are asked for: names of records.md, section 10. */
export interface Asked {
  readonly scope: string
  readonly period: string
  readonly rules: FigureRules
  /** Whether an instrument and its parts are one set. */
  readonly hasSets: boolean
}

/** Figures made again, or why they cannot be. */
export type Recomputed =
  | {
      readonly ok: true
      readonly lines: FigureLine[]
      readonly instruments: readonly RecordedInstrument[]
      readonly zone: string
    }
  | { readonly ok: false; readonly reason: string }

export interface RecordedInstrument {
  readonly key: InstrumentKey
  readonly site: SiteId
  readonly enrolments: readonly RecordOf<'enrolment'>[]
  readonly zone: string
}

/** Every figure of the scope, out of verified pages and records alone (domain.md, section 4). */
export function recompute(
  { accounts, records }: { readonly accounts: AccountBook; readonly records: readonly Stated[] },
  { scope, period, rules, hasSets }: Asked,
): Recomputed {
  const stands = standingOf(records)
  const tree = createOrganisationTree(stands.all('organisation'))
  const all = instrumentsOf(stands, tree)
  const scopes = createScopes({
    organisations: stands.all('organisation'),
    memberships: stands.all('membership'),
  })
  const found = scopes.inScope(scope, all) ?? []
  const bad = found.map(({ zone }) => parsePeriod(period, zone)).find((read) => !read.ok)
  if (bad?.ok === false) return { ok: false, reason: bad.error.message }
  const held = found.filter((one) => duringOf(one, period).length > 0)
  if (held.length === 0)
    return { ok: false, reason: `scope: "${scope}" has no instrument in ${period} in the records shown` }
  // One at a time, because the spans of a fleet's year are more than memory should hold.
  const zone = found[0]?.zone ?? 'UTC'
  const asked = parsePeriod(period, zone)
  const channel = asked.ok
    ? channelPeriod(
        scope,
        { probes: stands.all('probe'), memberships: stands.all('membership') },
        { ...asked.value, zone },
      )
    : undefined
  const sets = createSets(hasSets ? all : [])
  const sources = { stands, tree, period, rules, sets, scopes }
  const make = (one: RecordedInstrument & During & Partial<InSet>) => memberOf(one, { ...sources, accounts })
  const members = held.map(make)
  const known = new Map(held.map((one, i) => [one.key, { during: one.during, member: members[i] }]))
  const adding = setTime(held, sets)
    .filter((one) => duringOf(one, period).length > 0)
    .map((one) => {
      const own = known.get(one.key)
      return own?.member && own.during === one.during ? own.member : make(one)
    })
  return {
    ok: true,
    lines: scopeLines(scope, { members, adding }, { tree, weight: rules.outsideWeight, channel }),
    instruments: held,
    zone,
  }
}

/** The parts of the period for which an instrument belongs to the scope. */
function duringOf({ zone, during }: Pick<RecordedInstrument, 'zone'> & During, period: string): Interval[] {
  const read = parsePeriod(period, zone)
  return read.ok ? clip(during, read.value) : []
}

function memberOf(
  instrument: RecordedInstrument & During & Partial<InSet>,
  from: {
    readonly stands: Standing
    readonly tree: OrganisationTree
    readonly period: string
    readonly rules: Asked['rules']
    readonly sets: Sets
    readonly scopes: Scopes
    readonly accounts: AccountBook
  },
): ScopeMember {
  const { key, enrolments, zone } = instrument
  const { stands, tree, rules, sets, accounts } = from
  const parsed = parseInstrumentKey(key)
  const read = parsePeriod(from.period, zone)
  if (!parsed.ok || !read.ok) throw new TypeError(`${key}: ${from.period}`)
  const { site } = parsed.value
  const period = { from: read.value.from, to: read.value.to }
  const during = duringOf(instrument, from.period)
  const input = inputFromRecords({
    ...{ site, instrument: parsed.value.instrument, zone, period, spans: [], tree },
    records: {
      organisations: [],
      enrolments: stands.of('enrolment', key),
      schedules: [...stands.of('schedule', key), ...stands.of('schedule', `${site}/*`)],
      sessions: setSessions(key, sets, (one) => stands.of('session', one)),
      maintenance: stands.of('maintenance', key),
      bookings: setSessions(key, sets, (one) => stands.of('booking', one)),
    },
    recoveries: accounts.recovered(key),
    within(start, end) {
      const spans = accounts.spansWithin(key, start, end)
      return { spans, late: spans.filter((span) => span.class === 'late') }
    },
  })
  const quotaHours = rules.quotaHours(instrument, period)
  const result = instrumentFigures(
    { ...input, ...(quotaHours === undefined ? {} : { quotaHours }) },
    period,
    {
      ...{ year: rules.year, weight: rules.outsideWeight, bookingRule: rules.bookings, during },
    },
  )
  const counted = setRecords(key, sets, (one) => countedOf(stands, one))
  // Day by day only where the tree changes meanwhile (`levelShare`): what a member holds is held for every instrument.
  const still = tree.changes(period.from, period.to).length === 0
  const days = civilDays(zone, period.from, period.to)
  const rows = still ? undefined : countingUse(useRows(input, intersect(days, during)), rules.bookings)
  const unitAt = (at: number) => enrolments.findLast((one) => one.from <= at)?.unit
  return {
    result: {
      ...result,
      register: registerState(
        { enrolments, listed: from.scopes.listed(instrument) },
        { span: period, during },
      ),
      ...(instrument.set === undefined ? {} : { set: instrument.set }),
    },
    part: {
      span: period,
      during,
      sessions: counted.sessions,
      used: () => result.used,
      uses: () => rows ?? result.used,
      sums: () => sumRecords(counted, during, { tree, unitAt, used: result.used }),
    },
  }
}

const countedOf = (stands: Standing, key: string): CountedRecords => ({
  sessions: stands.of('session', key),
  charges: stands.of('charge', key),
  vouchers: stands.of('voucher', key),
  subsidies: stands.of('subsidy', key),
  compute: stands.of('compute', key),
  trainings: stands.of('training', key),
  achievements: stands.of('achievement', key),
  ratings: stands.of('rating', key),
  claims: stands.of('claim', key),
})

/** Every instrument that records have enrolled, in their order, and the zone of its site. */
function instrumentsOf(stands: Standing, tree: OrganisationTree): RecordedInstrument[] {
  const histories = new Map<InstrumentKey, { site: SiteId; list: RecordOf<'enrolment'>[] }>()
  for (const record of stands.all('enrolment')) {
    const site = record.stream as SiteId
    const key = instrumentKey(site, record.instrument)
    const known = histories.get(key) ?? { site, list: [] }
    known.list = withEnrolment(known.list, record)
    histories.set(key, known)
  }
  const newest = (id: string) => tree.find(id, Number.MAX_SAFE_INTEGER)
  const firstUnit = new Map<string, string | undefined>()
  for (const { site, list } of histories.values())
    if (!firstUnit.has(site)) firstUnit.set(site, list[0]?.unit)
  return [...histories].map(([key, { site, list }]) => ({
    key,
    site,
    enrolments: list,
    zone: siteZone(site, firstUnit.get(site), newest),
  }))
}
