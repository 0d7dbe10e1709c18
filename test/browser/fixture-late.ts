import type { Mood } from './fixture-server.ts'
import { missing, type Reply, windowOf } from './fixture-reply.ts'
import { useOf } from './fixture-use.ts'
import { day, hour, midnight, zone } from './simulated-day.ts'
import { organisations, totals } from './simulated-fleet.ts'

const ok = (body: unknown): Reply => ({ status: 200, body })

/** Figures, sessions, reconciliation and assessment as the page expects them. */
export function lateAnswer(path: string, url: URL, mood: Mood, method: string): Reply {
  const get = (name: string) => url.searchParams.get(name) ?? ''
  if (path === '/figures') return ok(figuresOf(mood, get('scope'), get('period')))
  if (path === '/sessions' || path === '/bookings') {
    const number = mood.fleet.numberOf(get('instrument'))
    if (number === undefined) return missing
    const { sessions, bookings } = useOf(mood.fleet, number, Number(get('from')), Number(get('to')))
    const list = path === '/sessions' ? sessions : bookings
    return ok(pageOf(mood.noEvidence ? [] : list, url.searchParams))
  }
  if (path === '/reconciliation' && mood.noEvidence)
    return ok({ items: [], counts: {}, claims: [], offset: 0, previous: null, next: null })
  if (path === '/reconciliation') return ok(reconciliation(mood, url))
  if (path === '/rulesets')
    return ok({
      items: [
        {
          id: 'cn-most-2026',
          version: 3,
          names: { en: 'Science ministry, 2026', zh: '科技部 2026 考核细则' },
        },
        {
          id: 'cn-moe-2000',
          version: 1,
          names: { en: 'Education ministry, valuable equipment', zh: '教育部贵重仪器设备效益评价' },
        },
      ],
    })
  if (path === '/assessments') return ok(assessment(mood, get('scope'), get('period'), get('ruleset')))
  if (path === '/channels')
    return ok({
      items: [
        {
          id: 'gz-network',
          names: { en: 'Guangzhou network', zh: '广州地区科学仪器协作共用网' },
          available: 0.912,
          complete: 0.64,
        },
      ],
    })
  if (path === '/imports' && method === 'POST')
    return ok({
      accepted: 2,
      refused: 1,
      rows: [
        { row: 1, fate: 'accepted' },
        { row: 2, fate: 'accepted' },
        {
          ...{ row: 3, line: 4, fate: 'refused', field: 'to', value: '08:00' },
          ...{ reason: 'it is before from', fix: 'swap from and to' },
        },
      ],
    })
  return missing
}

/** Two hundred at once at most, whatever is asked for: who reads one page only has too little. */
function pageOf<T>(list: readonly T[], query: URLSearchParams) {
  const from = Number(query.get('cursor') ?? 0)
  const to = from + Math.min(200, Number(query.get('limit') ?? 200))
  return { items: list.slice(from, to), next: to < list.length ? String(to) : null }
}

function figuresOf(mood: Mood, scope: string, period: string) {
  const { fleet } = mood
  const [from, end] = windowOf(period)
  const to = Math.min(end, fleet.now)
  const numbers = fleet.keys
    .map((_, n) => n)
    .filter(
      (n) =>
        scope === 'all' ||
        scope === 'org:gd' ||
        scope === fleet.keys[n] ||
        scope === `org:${fleet.summary(n).organisation}`,
    )
  const of = (name: string, list: readonly number[]) => {
    let on = 0
    let run = 0
    let unknown = 0
    let length = 0
    for (const n of list) {
      const sum = totals(fleet.spans(n, Math.max(from, fleet.since), to))
      on += sum.standby + sum.run + sum.fault
      run += sum.run
      unknown += sum.unknown
      length += to - Math.max(from, fleet.since)
    }
    const effective = Math.round(run * 1.04)
    const external = Math.round(effective * 0.23)
    const coverage = length > 0 ? (length - unknown) / length : null
    const figure = (kpi: string, value: number | null, lower: number | null, upper: number | null) => ({
      of: name,
      kpi,
      value,
      lower,
      upper,
      coverage,
      grade: 'B',
    })
    return [
      figure('on_h', on, on, on + unknown),
      figure('run_h', run, run, run + unknown),
      figure('effective_h', effective, effective, effective + unknown),
      figure('external_h', external, external, external + unknown),
      figure('coverage', coverage, null, null),
      figure('util_calendar', effective / length, effective / length, (effective + unknown) / length),
      figure('util_schedule', (effective / length) * 2.6, null, null),
      figure(
        'util_quota',
        ((effective / list.length / (1400 * hour)) * (8760 * hour)) / (length / list.length),
        null,
        null,
      ),
      figure(
        'share_hours',
        external / effective,
        external / (effective + unknown),
        (external + unknown) / (effective + unknown),
      ),
    ]
  }
  return {
    scope,
    period,
    zone: 'Asia/Shanghai',
    ruleset: { id: 'cn-most-2026', version: 3 },
    revision: 1,
    figures: of(scope, numbers),
    members: organisations.slice(1).map(({ id, names }) => ({
      of: `org:${id}`,
      names,
      figures: of(
        `org:${id}`,
        fleet.keys.map((_, n) => n).filter((n) => fleet.summary(n).organisation === id),
      ),
    })),
  }
}

/** Differences of one instrument in a period, or the newest few of each kind of the fleet. */
function reconciliation({ fleet }: Mood, url: URL) {
  const get = (name: string) => url.searchParams.get(name) ?? ''
  const number = fleet.numberOf(get('scope'))
  const kind = get('kind')
  const [from, end] = windowOf(get('period'))
  const about = (n: number) => ({ names: fleet.summary(n).names, zone, claimed: null, verified: null })
  const found = (n: number) =>
    useOf(fleet, n, Math.max(from, fleet.since), Math.min(end, fleet.now)).findings.map((one) => ({
      ...one,
      ...about(n),
    }))
  const numbers = number === undefined ? fleet.keys.slice(0, 9).map((_, n) => n) : [number]
  const all = numbers.flatMap(found)
  const few = Object.values(Object.groupBy(all, (one) => one.kind)).flatMap(
    (list) => list?.slice(-4).toReversed() ?? [],
  )
  const claims = numbers.slice(0, 3).map((n) => ({
    ...{ kind: 'claim_differs', instrument: fleet.keys[n] ?? '', user: null, booking: null, session: null },
    ...{ from: midnight(fleet.now) - 20 * day, to: midnight(fleet.now) - 13 * day, ms: 6 * hour },
    ...{ ...about(n), measure: 'effective', claimed: 30 * hour, verified: 24 * hour },
  }))
  const items = [...(number === undefined ? few : all), ...claims]
  const counts = Object.fromEntries(
    Object.entries(Object.groupBy(items, (one) => one.kind)).map(([name, list]) => [name, list?.length ?? 0]),
  )
  return {
    items: items.filter((item) => kind === '' || item.kind === kind),
    counts,
    claims: ['all', 'org:gibh', 'org:scut'].map((of, n) => ({
      of,
      measure: 'effective',
      claimed: (1_410 - n * 500) * hour,
      verified: (1_268 - n * 480) * hour,
      difference: (142 - n * 20) * hour,
      unexplained: (96 - n * 20) * hour,
    })),
    offset: 0,
    previous: null,
    next: null,
  }
}

function assessment(mood: Mood, scope: string, period: string, ruleset: string) {
  const { fleet } = mood
  const instruments = fleet.keys.slice(0, 40).map((id, n) => {
    const { month, names } = fleet.summary(n)
    const isLow = month.run / month.length < 0.22
    return {
      id,
      names,
      rank: n + 1,
      score: 92.4 - n,
      figures: { baseH: 1_234.5, useShare: month.run / month.length, mustOpenH: isLow ? 160 : 0 },
      items: [],
      incomplete: [],
      reasons: isLow
        ? [
            {
              id: 'below',
              en: 'Below 85 %: 160.0 h must be opened, small and medium enterprises first.',
              zh: '低于 85%：应开放 160.0 小时，优先服务中小企业。',
            },
          ]
        : [],
      awards: isLow
        ? [
            {
              id: 'open',
              kind: 'obligation',
              title: { en: 'Open the idle hours', zh: '开放空闲机时' },
              fen: null,
            },
          ]
        : [{ id: 'reward', kind: 'reward', title: { en: 'Reward', zh: '奖励' }, fen: 1_200_000 }],
      hours: {
        effective: month.run,
        effectiveUpper: month.run + month.length - month.known,
        external: Math.round(month.run / 3),
        externalUpper: Math.round(month.run / 3) + month.length - month.known,
        coverage: month.coverage,
        grade: 'A',
      },
    }
  })
  return {
    scope,
    period,
    zone: 'Asia/Shanghai',
    ruleset: { id: ruleset, version: 3, names: { en: 'Science ministry, 2026', zh: '科技部 2026 考核细则' } },
    total: 81.4,
    max: 100,
    grade: 'good',
    cohort: fleet.size,
    leftOut: ['gz-gibh/bench-balance-01', 'gz-scut/centrifuge-07'],
    titles: {
      fleet: [
        { id: 'setsBelow', names: { en: 'Sets below 85 %', zh: '低于 85% 台数' }, unit: null },
        {
          id: 'mustOpenH',
          names: { en: 'Idle hours that must be opened', zh: '应开放的空闲机时合计' },
          unit: 'h',
        },
        { id: 'smeShare', names: { en: 'Part of small enterprises', zh: '中小企业占比' }, unit: null },
      ],
      instrument: [
        { id: 'baseH', names: { en: 'Base hours', zh: '基数机时' }, unit: 'h' },
        { id: 'useShare', names: { en: 'Use of the base', zh: '机时使用率' }, unit: null },
        { id: 'mustOpenH', names: { en: 'Hours to open', zh: '应开放机时' }, unit: 'h' },
      ],
    },
    fleet: {
      figures: { setsBelow: 2, mustOpenH: 320.4, smeShare: 0.5655 },
      score: 81.4,
      incomplete: ['service'],
      reasons: [{ id: 'service', en: 'no ratings were imported', zh: '没有导入用户评价' }],
      awards: [],
    },
    instruments,
    offset: 0,
    previous: null,
    next: null,
    coverage: 0.972,
    items: [
      {
        id: 'hours',
        names: { en: 'Run hours of the instruments', zh: '仪器运行机时' },
        weight: 0.35,
        score: 88.2,
        max: 100,
        reason: 'E = 1,235 h a set of a quota of 1,400 h',
      },
      {
        id: 'shared',
        names: { en: 'Shared hours', zh: '共享机时' },
        weight: 0.25,
        score: 71,
        max: 100,
        reason: 'X / E = 23.00 %, bounds 21.40 % to 29.80 %',
      },
      {
        id: 'open',
        names: { en: 'Instruments open to others', zh: '科研仪器开放率' },
        weight: 0.2,
        score: 92.9,
        max: 100,
        reason: '13 of 14 can be booked',
      },
      {
        id: 'service',
        names: { en: 'Service and ratings', zh: '对外服务成效及用户评价' },
        weight: 0.2,
        score: null,
        max: 100,
        reason: 'no ratings were imported',
      },
    ],
    checkpoint: {
      origin: 'demo.example.org/hours/2026',
      size: 207_366,
      root: '3bib5AOAnjJXUNPSY814kpwpQreUKjS3fhIslZSnTIw=',
    },
  }
}
