import type {
  GatewaySummary,
  InstrumentSummary,
  PowerSeries,
  Quarantined,
  State,
  Usage,
} from '@hours/protocol'
import { byWeekHour } from '@hours/usage'
import { dayEvidence, tampered } from './fixture-evidence.ts'
import { lateAnswer } from './fixture-late.ts'
import { missing, type Reply, windowOf } from './fixture-reply.ts'
import type { Mood } from './fixture-server.ts'
import { day, midnight, minute, powerOf, scaleOf, zone } from './simulated-day.ts'
import { organisations, totals } from './simulated-fleet.ts'

const ok = (body: unknown): Reply => ({ status: 200, body })

/** Answers as the real API does; figures of the later routes come from `lateAnswer`. */
export function answer(url: URL, mood: Mood, method: string): Reply {
  const { fleet } = mood
  const path = url.pathname.replace('/api/v1', '')
  const get = (name: string) => url.searchParams.get(name)
  if (path === '/instruments') return ok(listOf(mood, url.searchParams))
  if (path === '/organisations')
    return ok({ items: organisations.map((one) => ({ ...one, instruments: fleet.size })) })
  if (path === '/gateways') return ok({ items: gatewaysOf(mood) })
  if (path === '/quarantine') return ok({ items: quarantine(fleet.now), total: 2 })
  if (path === '/quality') return ok(qualityOf(fleet.summary(0), fleet.now))
  if (path === '/health') return ok(healthOf(mood))
  if (path === '/usage')
    return usageOf(mood, get('scope') ?? 'all', get('period') ?? '', get('by') ?? 'period')
  if (path === '/week-hours') return ok(weekHoursOf(mood, get('scope') ?? 'all'))
  if (url.pathname.startsWith('/log/'))
    return ok(dayEvidence(fleet, 0, midnight(fleet.now) - day, 'x').checkpoint)
  if (path === '/evidence') {
    const number = fleet.numberOf(get('instrument') ?? '')
    const date = get('date') ?? ''
    if (number === undefined) return missing
    const evidence = dayEvidence(fleet, number, Date.parse(`${date}T00:00:00+08:00`), date)
    return ok(mood.noEvidence ? { ...evidence, pages: [] } : tampered(evidence, mood.tamper))
  }
  const match = /^\/instruments\/([^/]+)\/([^/]+)(?:\/(states|power))?$/.exec(path)
  if (match) {
    const number = fleet.numberOf(
      `${decodeURIComponent(match[1] ?? '')}/${decodeURIComponent(match[2] ?? '')}`,
    )
    if (number === undefined) return { status: 404, body: { title: 'instrument not found', status: 404 } }
    return ofInstrument(mood, number, match[3], Number(get('from')), Number(get('to')), Number(get('step')))
  }
  return mood.late ? lateAnswer(path, url, mood, method) : missing
}

function listOf(mood: Mood, query: URLSearchParams) {
  const { fleet } = mood
  const all = Array.from({ length: fleet.size }, (_, n) => fleet.summary(n))
  const q = (query.get('q') ?? '').toLowerCase()
  const organisation = query.get('organisation')
  const inside = (one: InstrumentSummary) =>
    !organisation || organisation === 'gd' || one.organisation === organisation
  const wanted = all.filter(
    (one) => inside(one) && [one.key, one.names.en, one.names.zh].join('\n').toLowerCase().includes(q),
  )
  const counts: Record<State, number> = { off: 0, standby: 0, run: 0, fault: 0, unknown: 0 }
  for (const one of wanted) counts[one.state] += 1
  const state = query.get('state')
  const order: readonly State[] = ['fault', 'unknown', 'run', 'standby', 'off']
  const chosen = wanted.filter((one) => !state || one.state === state)
  if (query.get('sort') === 'state') chosen.sort((a, b) => order.indexOf(a.state) - order.indexOf(b.state))
  if (query.get('sort') === 'run') chosen.sort((a, b) => b.month.run - a.month.run)
  const offset = Number(query.get('cursor') ?? 0)
  const limit = Number(query.get('limit') ?? 50)
  const next = offset + limit < chosen.length ? String(offset + limit) : null
  const previous = offset > 0 ? String(Math.max(0, offset - limit)) : null
  return {
    items: chosen.slice(offset, offset + limit),
    total: chosen.length,
    counts,
    offset,
    previous,
    next,
    now: fleet.now,
    simulated: true,
  }
}

function ofInstrument(
  mood: Mood,
  number: number,
  what: string | undefined,
  from: number,
  to: number,
  step: number,
): Reply {
  const { fleet } = mood
  const key = fleet.keys[number] ?? ''
  if (what === undefined) return ok(fleet.summary(number))
  const spans = mood.noEvidence ? [{ state: 'unknown' as const, from, to }] : fleet.spans(number, from, to)
  if (what === 'states') return ok({ key, from, to, spans })
  const points: PowerSeries['points'] = []
  const stepMs = Math.max(minute, step)
  for (let at = Math.ceil(from / stepMs) * stepMs; at < to; at += stepMs) {
    const span = spans.find((one) => at >= one.from && at < one.to)
    const mean = span ? powerOf(number, span.state, at) : null
    if (mean !== null) points.push([at, Math.round(mean * 0.9), mean, Math.round(mean * 1.12)])
  }
  const scale = scaleOf(number)
  const thresholds = {
    onStartMw: scale * 0.08,
    onStopMw: scale * 0.05,
    runStartMw: scale * 0.6,
    runStopMw: scale * 0.5,
  }
  return ok({ key, from, to, stepMs, points, thresholds })
}

function usageOf(mood: Mood, scope: string, period: string, by: string): Reply {
  const { fleet } = mood
  const [from, to] = windowOf(period)
  if (!(to > from))
    return {
      status: 400,
      body: { title: 'period is not valid', detail: `"${period}" is no period`, status: 400 },
    }
  const number = fleet.numberOf(scope)
  if (number === undefined && scope.includes('/')) return missing
  const numbers = numbersOf(mood, scope)
  const rows: Usage['rows'] = []
  for (const n of numbers)
    for (const [a, b, label] of cuts(from, to, by)) {
      // As the API does: what is to come is neither known nor unknown.
      const begin = Math.max(a, fleet.since)
      const end = Math.min(b, fleet.now)
      if (begin >= end) continue
      const states = mood.noEvidence
        ? { ...totals([]), unknown: end - begin }
        : totals(fleet.spans(n, begin, end))
      const length = end - begin
      rows.push({
        key: fleet.keys[n] ?? '',
        label,
        from: a,
        to: b,
        states,
        ...hoursOf(states),
        coverage: (length - states.unknown) / length,
      })
    }
  const until = Math.min(to, fleet.now)
  return ok({ scope, period, zone, until, attributedUntil: until, rows, totals: summedByLabel(rows, scope) })
}

/** As with `level=entity`: each label once, over all instruments. */
function summedByLabel(rows: Usage['rows'], scope: string): Usage['rows'] {
  return [...Map.groupBy(rows, ({ label }) => label).values()].flatMap((group) => {
    const [first] = group
    if (!first) return []
    const states = { off: 0, standby: 0, run: 0, fault: 0, unknown: 0 }
    for (const row of group)
      for (const name of Object.keys(states) as State[]) states[name] += row.states[name]
    return [{ ...first, key: scope as never, states, ...hoursOf(states) }]
  })
}

/** Eight weeks by hour of the week; of a large fleet two dozen stand for all. */
function weekHoursOf(mood: Mood, scope: string) {
  const { fleet } = mood
  const window = { from: midnight(fleet.now) - 56 * day, to: midnight(fleet.now) }
  const numbers = numbersOf(mood, scope)
  const spans = mood.noEvidence ? [] : numbers.slice(0, 24).map((n) => fleet.spans(n, window.from, window.to))
  const sum = (counts: (state: State) => boolean) =>
    spans
      .map((own) =>
        byWeekHour(
          own.filter(({ state }) => counts(state)),
          zone,
          window,
        ),
      )
      .reduce((all, one) => all.map((ms, i) => ms + (one[i] ?? 0)), new Array<number>(168).fill(0))
  return {
    ...{ scope, zone, ...window, instruments: numbers.length, counted: numbers.length, simulated: true },
    run: sum((state) => state === 'run'),
    known: sum((state) => state !== 'unknown'),
  }
}

function numbersOf(mood: Mood, scope: string): number[] {
  const number = mood.fleet.numberOf(scope)
  return number === undefined
    ? mood.fleet.keys.map((_, n) => n).filter((n) => inScope(mood, n, scope))
    : [number]
}

/** Nobody of this fleet is named for anything. */
function hoursOf(states: Usage['rows'][number]['states']) {
  const on = states.standby + states.run + states.fault
  const { run, unknown } = states
  const upper = run + unknown
  return {
    ...{
      on,
      onUpper: on + unknown,
      onRecovered: 0,
      run,
      runUpper: upper,
      effective: run,
      effectiveUpper: upper,
    },
    ...{ external: 0, externalUpper: unknown, ownUnit: 0, sameEntity: 0, unattributed: run },
    ...{ research: 0, teaching: 0, service: 0 },
  }
}

const inScope = (mood: Mood, n: number, scope: string): boolean =>
  scope === 'all' || scope === 'org:gd' || scope === `org:${mood.fleet.summary(n).organisation}`

function cuts(from: number, to: number, by: string): [number, number, string][] {
  if (by === 'period') return [[from, to, 'period']]
  const label = (at: number) => new Date(at + 8 * 3_600_000).toISOString().slice(0, by === 'day' ? 10 : 7)
  const found: [number, number, string][] = []
  for (let at = from; at < to; at += day) {
    const name = label(at)
    const last = found.at(-1)
    if (last?.[2] === name) last[1] = Math.min(to, at + day)
    else found.push([at, Math.min(to, at + day), name])
  }
  return found
}

function gatewaysOf({ fleet }: Mood): GatewaySummary[] {
  const count = Math.min(40, Math.ceil(fleet.size / 3))
  return Array.from({ length: count }, (_, n) => {
    const silent = n === 1
    return {
      site: `gz-${organisations[1 + (n % 3)]?.id ?? 'x'}`,
      gateway: `gw-${n + 1}`,
      online: !silent,
      lastHeard: fleet.now - (silent ? 47 * minute : 4_000 + n * 900),
      software: '1.0.0',
      instruments: 3,
      epoch: 0,
      revision: 1,
      through: 34_560 - n,
      missing: n === 3 ? 4 : 0,
      received: 34_561,
      rejected: n === 2 ? 2 : 0,
      late: n * 3,
      spool: { pages: silent ? 10 : n % 2, oldest: silent ? fleet.now - 47 * minute : null, dropped: 0 },
      clock: { source: 'chrony', offsetMs: (n % 3) - 1, errorMs: 12 },
      alarms: n === 3 ? ['clock_step'] : [],
      counters: {},
    }
  })
}

/** A device that counts twice the energy, and some hours that another system told. */
const qualityOf = ({ key, names }: InstrumentSummary, now: number) => ({
  total: { witnessed: 3, contradicted: 1 },
  items: [
    {
      ...{ instrument: key, names, known: 40 * 60 * minute, reported: 8.5 * 60 * minute },
      witness: { energy: { ours: 5e6, theirs: 1e7 }, on: null, run: null, differs: 'energy' },
      gaps: [
        { from: now - 50 * minute, to: now - 3 * minute, ms: 47 * minute, why: 'no_page' },
        { from: now - 600 * minute, to: now - 300 * minute, ms: 300 * minute, why: 'unsampled' },
      ],
    },
  ],
})

const quarantine = (now: number): Quarantined[] => [
  {
    id: 2,
    at: now - 3 * minute,
    topic: 'hours/1/gz-scut/gw-3/page',
    gateway: 'gw-3',
    seq: 34_551,
    code: 'bad_signature',
    reason: 'the signature by gw-3#1 does not hold',
    bytes: 812,
  },
  {
    id: 1,
    at: now - 9 * day,
    topic: 'hours/1/gz-scut/gw-3/page',
    gateway: 'gw-3',
    seq: null,
    code: 'oversize',
    reason: 'a record of 70000 bytes; at most 65535 are accepted',
    bytes: 70_000,
  },
]

const healthOf = ({ fleet }: Mood) => ({
  ok: true,
  reasons: [],
  simulated: true,
  software: '1.0.0',
  now: fleet.now,
  log: [{ origin: 'demo.example.org/hours/2026', size: 34_561 * 6 }],
  series: { pending: 0, oldest: null, quarantined: 0, failing: null },
})
